//! Many rows: the same site as from as many files, and no more statements than for few.

use super::cluster::Server;
use super::{is_the_same_from_rows, migrate, site_on};
use crate::dice::asked;
use crate::histories::synth;

/// How many synthetic pages; more where that is asked for.
fn pages() -> u32 {
    asked("LIFTHILL_PAGES", 1000)
}

#[test]
fn a_synthetic_site_is_the_same_from_rows_and_from_files() {
    let server = Server::primary();
    let files = site_on(&server);
    files.remove("content");
    let settings = std::fs::read_to_string(files.path("lifthill.toml")).expect("the settings");
    synth::write_site(&files.path(""), &synth::Shape { pages: pages(), seed: 5 }).expect("a synthetic site");
    files.write("lifthill.toml", &settings);
    let from_files = files.run(&["--source", "files"]);
    from_files.exit(0);
    let (rows, from_rows) = is_the_same_from_rows(&files, &from_files, &server);
    assert!(from_rows.number("/pages/total") > u64::from(pages()));

    // And back.
    let exported = rows.outside().join("exported");
    let (code, _, said) = rows.command(&["db", "export", "--to", &exported.to_string_lossy()]);
    assert_eq!(code, 0, "{said}");
    let differences = crate::tree::Tree::of(&exported).differences(&crate::tree::Tree::of(&files.path("content")));
    assert!(differences.is_empty(), "an export (left) is not what was imported:\n{}", differences.join("\n"));
}

/// Statements of a full read, of a build without a change, and of one with a changed row.
fn statements(rides: u32) -> [u64; 3] {
    let server = Server::primary();
    let site = site_on(&server);
    migrate(&site);
    server.sql(&format!(
        "SET session_replication_role = replica; \
         INSERT INTO lifthill.parks (slug, name) SELECT 'park-' || n, 'Park ' || n FROM generate_series(0, 9) AS n; \
         INSERT INTO lifthill.rides (park, slug, name, category, draft) \
         SELECT 'park-' || n % 10, 'ride-' || n, 'Ride ' || n, 'other', true FROM generate_series(1, {rides}) AS n; \
         INSERT INTO lifthill.reviews (park, ride, id, author, rating, created, state) \
         SELECT 'park-' || n % 10, NULL, 'r' || n, 'Ann', 7, '2024-01-01', 'approved' FROM generate_series(1, 2 * {rides}) AS n"
    ));
    let first = site.run(&[]);
    first.exit(0);
    assert_eq!(first.number("/rows/read"), 10 + 3 * u64::from(rides));
    let quiet = site.run(&[]);
    quiet.exit(0);
    server.sql("UPDATE lifthill.rides SET name = 'Other' WHERE slug = 'ride-7'");
    let edited = site.run(&[]);
    edited.exit(0);
    assert_eq!(edited.number("/rows/read"), 1);
    [first, quiet, edited].map(|built| built.number("/rows/statements"))
}

#[test]
fn statements_do_not_grow_with_rows() {
    let (few, many) = (statements(1000), statements(100_000));
    assert_eq!(few, many);
    assert!(few.iter().all(|statements| (1..=20).contains(statements)), "{few:?}");
}

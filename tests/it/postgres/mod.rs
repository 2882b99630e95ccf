//! Postgres as the source, against real servers that the tests start themselves.

pub mod cluster;
mod cuts;
mod events;
mod exchange;
mod faults;
mod guest;
mod histories;
mod log;
mod own_histories;
mod own_schema;
mod proxy;
mod reach;
mod replicas;
mod scale;
mod tls;

use crate::site::{Built, Site};
use cluster::{PASSWORD, Server};

/// A site that reads its records from a server.
fn site_on(server: &Server) -> Site {
    site_with(server, "")
}

/// A site that reads its records from a server, with more settings in `[postgres]`.
pub fn site_with(server: &Server, more: &str) -> Site {
    let text = format!(
        "title = 'Parks'\nbase_url = 'https://parks.example'\nsource = 'postgres'\n[postgres]\nurl = '{}'\n\
         acquire_timeout_s = 2\n{more}\n",
        server.address()
    );
    Site::new().file("lifthill.toml", text)
}

/// Makes the tables.
#[track_caller]
fn migrate(site: &Site) {
    let (code, _, said) = site.command(&["db", "migrate"]);
    assert_eq!(code, 0, "{said}");
}

/// Makes the tables and a small catalogue.
#[track_caller]
pub fn fill(site: &Site, server: &Server) {
    migrate(site);
    server.sql(CATALOGUE);
}

/// Imports a site that was built from files, builds it from rows, and compares the two.
#[track_caller]
fn is_the_same_from_rows(files: &Site, from_files: &Built, server: &Server) -> (Site, Built) {
    migrate(files);
    let (code, _, said) = files.command(&["db", "import"]);
    assert_eq!(code, 0, "{said}");
    let rows = site_on(server);
    let from_rows = rows.run(&[]);
    from_rows.exit(0);
    let differences = rows.output().differences(&files.output());
    assert!(differences.is_empty(), "rows (left) make another site than files:\n{}", differences.join("\n"));
    assert_eq!(from_rows.text("/output_digest"), from_files.text("/output_digest"));
    rows.run(&[]).rendered([]).wrote(0).exit(0);
    (rows, from_rows)
}

const CATALOGUE: &str = "
BEGIN;
INSERT INTO lifthill.companies (slug, name, roles, country) VALUES ('vekoma', 'Vekoma', '{manufacturer}', 'NL');
INSERT INTO lifthill.models (company, slug, name, category) VALUES ('vekoma', 'boomerang', 'Boomerang', 'roller_coaster');
INSERT INTO lifthill.parks (slug, name, country, status) VALUES ('efteling', 'Efteling', 'NL', 'operating'),
    ('toverland', 'Toverland', 'NL', 'operating');
INSERT INTO lifthill.areas (park, slug, position, name) VALUES ('efteling', 'ruigrijk', 0, 'Ruigrijk');
INSERT INTO lifthill.rides (park, slug, name, category, status, opened, manufacturers, area, height_m, body) VALUES
    ('efteling', 'python', 'Python', 'roller_coaster', 'operating', '1981', '{vekoma}', 'Ruigrijk', 29, 'Four *inversions*.'),
    ('efteling', 'droomvlucht', 'Droomvlucht', 'dark_ride', 'operating', '1993', NULL, NULL, NULL, 'See [Python](ride:efteling/python).'),
    ('toverland', 'troy', 'Troy', 'roller_coaster', 'operating', '2007-06-29', NULL, NULL, 32, '');
INSERT INTO lifthill.reviews (park, ride, id, author, rating, text, created, state) VALUES
    ('efteling', 'python', 'a', 'Ann', 8.5, 'Rough and good.', '2024-05-01', 'approved'),
    ('efteling', 'python', 'b', 'Bob', 6, 'Rough.', '2024-05-02', 'approved'),
    ('efteling', NULL, 'c', 'Cy', 10, 'Lovely.', '2024-06-01', 'approved'),
    ('efteling', 'python', 'd', 'Dan', 1, 'Bad words.', '2024-06-02', 'pending');
INSERT INTO lifthill.history (part, key, position, date, title) VALUES ('rides', 'efteling/python', 0, '2018', 'New track');
INSERT INTO lifthill.redirects (part, key, position, former_slug) VALUES ('rides', 'efteling/python', 0, 'old-python');
INSERT INTO lifthill.articles (slug, title, date, body) VALUES ('hello', 'Hello', '2024-01-01', 'On <park:efteling>.');
COMMIT;
";

/// Waits until something holds that others bring about.
#[track_caller]
fn eventually(holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "it never came about");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Neither output nor state nor message holds the password.
#[track_caller]
pub fn keeps_the_secret(site: &Site, said: &str) {
    assert!(!said.contains(PASSWORD), "a message holds the password:\n{said}");
    let mut open = vec![site.path("output"), site.path(".lifthill")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
            assert!(!found, "{} holds the password", path.display());
        }
    }
}

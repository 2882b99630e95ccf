//! How far the answer of an SQL file reaches: a part is left unread only if everything that its rows
//! depend on is known and unchanged.

use super::cluster::Server;
use super::{eventually, migrate, site_with};
use crate::site::{Built, Site};

const TABLES: &str = "
CREATE TYPE state AS ENUM ('operating', 'closed');
CREATE TABLE park (slug text PRIMARY KEY, title text NOT NULL);
CREATE TABLE attraction (park text NOT NULL REFERENCES park, slug text NOT NULL, title text NOT NULL,
    state state NOT NULL DEFAULT 'operating', due timestamptz NOT NULL DEFAULT '2020-01-01', PRIMARY KEY (park, slug));
CREATE TABLE labels (slug text PRIMARY KEY, label text NOT NULL);
INSERT INTO park VALUES ('efteling', 'Efteling');
INSERT INTO attraction (park, slug, title) VALUES ('efteling', 'python', 'Python'), ('efteling', 'baron', 'Baron');
INSERT INTO labels VALUES ('python', 'The Python'), ('baron', 'The Baron');
";

const LOGGED: [&str; 3] = ["park", "attraction", "labels"];

const PYTHON: &str = "/parks/efteling/rides/python/";

/// A site on those tables, with triggers on each.
fn site(server: &Server, more: &str) -> Site {
    server.sql(
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS other CASCADE; CREATE SCHEMA other",
    );
    server.sql(TABLES);
    let site = site_with(server, &format!("sql = 'sql'\n{more}"))
        .file("sql/parks.sql", "SELECT slug, title AS name FROM park;\n-- that is all\n");
    migrate(&site);
    log(&site, server, &LOGGED);
    site
}

fn log(site: &Site, server: &Server, tables: &[&str]) {
    for table in tables {
        let (code, sql, said) = site.command(&["db", "triggers", "--for", table]);
        assert_eq!(code, 0, "{said}");
        server.sql(&sql);
    }
}

fn rides(name: &str, from: &str) -> String {
    format!("SELECT a.park, a.slug, {name} AS name, 'other' AS category FROM {from}")
}

/// Why rides are compared in every build, if they are.
fn why(built: &Built) -> Option<&str> {
    built.text("/rows/compared/rides")
}

/// Builds a site of `definitions` and a query, changes something, and builds again: each time what a
/// clean build makes, and nothing is read where nothing has changed.
#[track_caller]
fn known(server: &Server, definitions: &str, query: &str, change: &str, shows: &str) {
    let site = site(server, "");
    server.sql(definitions);
    site.write("sql/rides.sql", query);
    site.run(&[]).exit(0);
    let quiet = site.run(&[]);
    assert_eq!(quiet.number("/rows/read"), 0, "{query}: {:?}\n{}", why(&quiet), quiet.stderr());
    assert_eq!(why(&quiet), None, "{query}");
    assert!(!site.page(PYTHON).contains(shows), "{query} shows it before the change");
    server.sql(change);
    site.build();
    assert!(site.page(PYTHON).contains(shows), "after {change}, {query} does not show it");
}

const RENAME: &str = "UPDATE labels SET label = 'Renamed' WHERE slug = 'python'";

#[test]
fn what_functions_read_is_read() {
    let server = Server::primary();
    let lab = "CREATE FUNCTION lab(x text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT label FROM labels WHERE slug = x $$;";
    let cases = [
        ("", "lab(a.slug)"),
        // One that is called by another; what it says of itself is not believed.
        (
            "CREATE FUNCTION outer_lab(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lab($1) $$",
            "outer_lab(a.slug)",
        ),
        (
            "CREATE FUNCTION plain(x text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE found_label text; BEGIN \
             SELECT label INTO found_label FROM labels WHERE slug = x; RETURN found_label; END $$",
            "plain(a.slug)",
        ),
        (
            "CREATE FUNCTION atomic(x text) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT label FROM labels WHERE slug = x; END",
            "atomic(a.slug)",
        ),
        // Written as a column is.
        (
            "CREATE FUNCTION shown(r attraction) RETURNS text LANGUAGE sql STABLE AS $$ SELECT label FROM labels WHERE slug = r.slug $$",
            "a.shown",
        ),
        ("CREATE OPERATOR !! (RIGHTARG = text, FUNCTION = lab)", "!!a.slug"),
        (
            "CREATE FUNCTION add(seen text, x text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(seen, '') || lab(x) $$; \
             CREATE AGGREGATE joined(text) (SFUNC = add, STYPE = text)",
            "(SELECT joined(b.slug) FROM attraction AS b WHERE b.slug = a.slug)",
        ),
        (
            "CREATE FUNCTION \"Odd one\"(x text, y text DEFAULT lab('python')) RETURNS text LANGUAGE sql AS $$ SELECT y $$",
            "\"Odd one\"(a.slug)",
        ),
        (
            "CREATE FUNCTION other.names(x text) RETURNS text LANGUAGE sql STABLE SET search_path = other, public \
             AS $$ SELECT public.lab(x) $$",
            "other.names(a.slug)",
        ),
    ];
    for (definition, name) in cases {
        known(&server, &format!("{lab}{definition}"), &rides(name, "attraction AS a"), RENAME, "Renamed");
    }
    // A view that reads a function, and a policy that reads a table.
    let view = format!("{lab}CREATE VIEW shown AS SELECT park, slug, lab(slug) AS label FROM attraction");
    known(&server, &view, &rides("a.label", "shown AS a"), RENAME, "Renamed");
}

#[test]
fn definitions_are_read_again() {
    let server = Server::primary();
    let view = "CREATE VIEW shown AS SELECT park, slug, title FROM attraction";
    let lab =
        "CREATE FUNCTION lab(x text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT label FROM labels WHERE slug = x $$";
    let cases = [
        (
            view,
            "a.title",
            "shown",
            "CREATE OR REPLACE VIEW shown AS SELECT park, slug, upper(title) AS title FROM attraction",
            "PYTHON",
        ),
        (
            lab,
            "lab(a.slug)",
            "attraction",
            "CREATE OR REPLACE FUNCTION lab(x text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'Other' $$",
            "Other",
        ),
        (
            "",
            "a.title",
            "attraction",
            "ALTER TABLE attraction ALTER COLUMN title TYPE text USING upper(title)",
            "PYTHON",
        ),
        ("", "a.state::text", "attraction", "ALTER TYPE state RENAME VALUE 'operating' TO 'running'", "running"),
        // The table that its triggers know by another name.
        (
            "",
            "a.title",
            "attraction",
            "ALTER TABLE attraction RENAME TO old; \
          CREATE VIEW attraction AS SELECT park, slug, 'New ' || title AS title FROM old",
            "New Python",
        ),
        (
            "",
            "a.title",
            "attraction",
            "ALTER TABLE attraction RENAME COLUMN title TO old; \
          ALTER TABLE attraction ADD COLUMN title text NOT NULL DEFAULT 'Added'",
            "Added",
        ),
        (
            "CREATE TABLE other.attraction AS SELECT park, slug, 'Elsewhere' AS title FROM attraction",
            "a.title",
            "attraction",
            "ALTER TABLE public.attraction RENAME TO gone; ALTER TABLE other.attraction SET SCHEMA public",
            "Elsewhere",
        ),
        ("", "(interval '1 day')::text", "attraction", "ALTER DATABASE parks SET IntervalStyle = 'iso_8601'", "P1D"),
    ];
    for (definitions, name, from, change, shows) in cases {
        let site = site(&server, "");
        server.sql(definitions);
        site.write("sql/rides.sql", rides(name, &format!("{from} AS a")));
        site.run(&[]).exit(0);
        assert_eq!(site.run(&[]).number("/rows/read"), 0, "{name} from {from}");
        server.sql(change);
        site.build().says("definitions in the database");
        assert!(site.page(PYTHON).contains(shows), "after {change}");
    }
    server.sql("ALTER DATABASE parks RESET IntervalStyle");
}

#[test]
fn what_changes_by_itself_or_without_a_trigger_is_compared() {
    let server = Server::primary();
    let site = site(&server, "");
    server.sql(
        "CREATE TABLE plain (slug text, label text); INSERT INTO plain VALUES ('python', 'Plain'), ('baron', 'Plain');
         CREATE UNLOGGED TABLE fleeting (slug text, label text); INSERT INTO fleeting SELECT * FROM plain;
         CREATE MATERIALIZED VIEW kept AS SELECT slug, label FROM labels;
         CREATE TABLE parent (slug text, label text); CREATE TABLE child () INHERITS (parent); INSERT INTO child SELECT * FROM plain;
         CREATE SEQUENCE counter;
         CREATE FUNCTION made(x text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN \
          EXECUTE 'SELECT label FROM pl' || 'ain WHERE slug = $1' INTO r USING x; RETURN r; END $$;
         CREATE FUNCTION day() RETURNS date LANGUAGE sql AS $$ SELECT CURRENT_DATE $$;
         CREATE VIEW recent AS SELECT park, slug, title FROM attraction WHERE due <= now()",
    );
    log(&site, &server, &["fleeting"]);
    server.sql(
        "CREATE TRIGGER lifthill_log_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON parent FOR EACH STATEMENT \
         EXECUTE FUNCTION lifthill.log_table('public.parent')",
    );
    let from = |table: &str| rides("l.label", &format!("attraction AS a JOIN {table} AS l ON l.slug = a.slug"));
    let when = |condition: &str| rides("a.title", &format!("attraction AS a WHERE {condition}"));
    let cases = [
        (from("plain"), "plain has no trigger"),
        (from("fleeting"), "unlogged"),
        (from("kept"), "kept is a materialized view"),
        (from("parent"), "child has no trigger"),
        (rides("made(a.slug)", "attraction AS a"), "made() executes"),
        (rides("a.title", "recent AS a"), "now() changes by itself"),
        (when("a.due <= now()"), "now() changes by itself"),
        (when("a.due <= pg_catalog.clock_timestamp ( )"), "clock_timestamp()"),
        (when("a.due::date <= current_date"), "current_date changes by itself"),
        (when("a.due <= LocalTimestamp"), "localtimestamp changes by itself"),
        (when("a.due <= 'Tomorrow'::timestamptz"), "'tomorrow' may be a date"),
        (when("a.due <= day()"), "in day(): current_date"),
        (when("age(a.due) > interval '1 day'"), "age()"),
        (when("random() >= 0"), "random()"),
        (when("a.ctid IS NOT NULL"), "ctid"),
        (rides("a.title || coalesce(current_setting('my.word', true), '')", "attraction AS a"), "current_setting()"),
        (when("(SELECT last_value FROM counter) > 0"), "counter is a sequence"),
        (when("EXISTS (SELECT FROM pg_class)"), "pg_class is a catalog"),
        (rides("a.title", "attraction AS a TABLESAMPLE SYSTEM (100)"), "sample"),
        (when("pg_has_role(current_user, 'pg_monitor', 'MEMBER')"), "pg_has_role()"),
    ];
    for (query, reason) in cases {
        site.write("sql/rides.sql", &query);
        site.run(&[]).exit(0);
        let built = site.run(&[]);
        built.exit(0);
        let said = why(&built).unwrap_or_else(|| panic!("{query} is not compared"));
        assert!(said.contains(reason), "{query} is compared since {said}");
        assert_eq!(built.number("/rows/read"), 2, "{query}: rides are read, and parks are not");
    }
    // Where everything is known, it is no more.
    site.write(
        "sql/rides.sql",
        when("a.due < timestamptz '2021-01-01' + interval '1 day' AND a.title LIKE '%' AND a.state IN ('operating')"),
    );
    site.run(&[]).exit(0);
    let built = site.run(&[]);
    assert_eq!((why(&built), built.number("/rows/read")), (None, 0));
}

#[test]
fn a_row_that_is_due_appears() {
    let server = Server::primary();
    let site = site(&server, "");
    site.write("sql/rides.sql", rides("a.title", "attraction AS a WHERE a.due <= now()"));
    server.sql("UPDATE attraction SET due = now() + interval '3 s' WHERE slug = 'python'");
    site.run(&[]).exit(0);
    eventually(|| {
        site.run(&[]).exit(0);
        site.has(PYTHON)
    });
    site.build();
}

#[test]
fn policies_and_roles_are_part_of_the_answer() {
    let server = Server::primary();
    let site = site(&server, "");
    server.sql(
        "CREATE ROLE visitor LOGIN PASSWORD 'v1sitor'; GRANT USAGE ON SCHEMA public, lifthill TO visitor; \
         GRANT SELECT ON ALL TABLES IN SCHEMA public, lifthill TO visitor; ALTER TABLE attraction ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY seen ON attraction USING (EXISTS (SELECT FROM labels AS l WHERE l.slug = attraction.slug AND l.label LIKE 'The%'))",
    );
    let url = server.url().replace(&format!("keeper:{}", super::PASSWORD), "visitor:v1sitor");
    std::fs::write(server.folder().join("url"), url).expect("a file");
    site.write("sql/rides.sql", rides("a.title", "attraction AS a"));
    site.build();
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
    server.sql(RENAME);
    site.build();
    assert!(!site.has(PYTHON), "the policy hides it");
    server.sql("ALTER POLICY seen ON attraction USING (true)");
    site.build();
    assert!(site.has(PYTHON), "the policy shows it");
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
    server.sql("ALTER POLICY seen ON attraction USING (current_user <> 'visitor')");
    site.build();
    assert!(!site.has(PYTHON));
    server.sql("ALTER ROLE visitor BYPASSRLS");
    site.build();
    assert!(site.has(PYTHON));
}

#[test]
fn the_audit_finds_in_sql_files_what_was_not_logged() {
    let server = Server::primary();
    let site = site(&server, "audit_every_s = 86400");
    site.write("sql/rides.sql", rides("a.title", "attraction AS a"));
    server.sql("ALTER TABLE attraction ENABLE TRIGGER lifthill_log_change");
    site.build();
    let unseen = "SET session_replication_role = replica; UPDATE attraction SET title = 'Cobra' WHERE slug = 'python'";
    server.sql(unseen);
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
    site.edit("lifthill.toml", "audit_every_s = 86400", "audit_every_s = 0");
    site.build().says("the audit found changes that were not logged, in rides");
    assert!(site.page(PYTHON).contains("Cobra"));
    // An audit that finds nothing reads nothing.
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
    // The triggers that we make see such writes.
    log(&site, &server, &["attraction"]);
    site.edit("lifthill.toml", "audit_every_s = 0", "audit_every_s = 86400");
    site.build();
    server.sql(&unseen.replace("Cobra", "Mamba"));
    site.build();
    assert!(site.page(PYTHON).contains("Mamba"));
}

#[test]
fn definitions_of_our_own_tables_are_read_again() {
    let server = Server::primary();
    let site = super::site_on(&server);
    super::fill(&site, &server);
    site.build();
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
    server.sql("ALTER TABLE lifthill.rides ALTER COLUMN name TYPE text USING upper(name)");
    site.build().says("definitions in the database");
    assert!(site.page(PYTHON).contains("PYTHON"));
    // Triggers that are off tell nothing.
    server.sql("ALTER TABLE lifthill.history DISABLE TRIGGER lifthill_log_update");
    site.build();
    server.sql("UPDATE lifthill.history SET title = 'A newer track'");
    let built = site.build();
    assert!(site.page(PYTHON).contains("A newer track"));
    assert!(
        built.text("/rows/compared/rides").is_some_and(|why| why.contains("lifthill.history does not log its changes"))
    );
    server.sql("ALTER TABLE lifthill.history ENABLE TRIGGER lifthill_log_update");
    site.build();
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
    // Nor does a view in a table's place.
    server.sql("ALTER TABLE lifthill.parks RENAME TO parks_kept; CREATE VIEW lifthill.parks AS SELECT * FROM lifthill.parks_kept");
    site.build();
    server.sql("CREATE OR REPLACE VIEW lifthill.parks AS SELECT * FROM lifthill.parks_kept WHERE slug <> 'toverland' OR now() < '2020-01-01'; \
                DELETE FROM lifthill.rides WHERE park = 'toverland'");
    site.build();
    assert!(!site.has("/parks/toverland/"));
}

#[test]
fn triggers_are_made_for_tables_and_for_nothing_else() {
    let server = Server::primary();
    let site = site(&server, "");
    server.sql(
        "CREATE VIEW shown AS SELECT * FROM attraction; CREATE MATERIALIZED VIEW kept AS SELECT * FROM park; CREATE SEQUENCE counter; \
         CREATE TABLE \"Odd.Name\" (a int); CREATE TABLE parted (a int) PARTITION BY LIST (a); \
         CREATE TABLE other.parted_1 PARTITION OF parted FOR VALUES IN (1); CREATE TABLE \"Camel\" (a int)",
    );
    for (name, says) in [
        ("atraction", "there is no table public.atraction; did you mean `public.attraction`?"),
        ("nowhere.attraction", "there is no table nowhere.attraction"),
        ("shown", "public.shown is a view; rows are written in the tables that it reads: public.attraction"),
        ("kept", "public.kept is a materialized view"),
        ("counter", "public.counter is a sequence"),
        ("pg_catalog.pg_class", "is a catalog of Postgres"),
        ("park_pkey", "public.park_pkey is an index"),
        ("a.b.c", "is not the name of a table"),
        ("", "is not the name of a table"),
    ] {
        let (code, sql, said) = site.command(&["db", "triggers", "--for", name]);
        assert_eq!((code, &*sql), (2, ""), "{name}: {said}");
        assert!(said.contains(says), "{name}: {said}");
    }
    // A partition is written to by itself, too.
    let (code, sql, said) = site.command(&["db", "triggers", "--for", "parted"]);
    assert_eq!(code, 0, "{said}");
    assert!(sql.contains("ON \"public\".\"parted\"") && sql.contains("ON \"other\".\"parted_1\""), "{sql}");
    server.sql(&sql);
    let (code, sql, _) = site.command(&["db", "triggers", "--for", "Camel"]);
    assert_eq!(code, 0);
    server.sql(&sql);
}

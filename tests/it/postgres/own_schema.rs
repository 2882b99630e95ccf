//! Somebody else's tables: a Django application's, read through SQL files alone.

use super::cluster::Server;
use super::site_with;
use crate::site::Site;

const DJANGO: &str = "
CREATE TABLE companies_company (id bigserial PRIMARY KEY, slug varchar(200) NOT NULL, name varchar(255) NOT NULL,
    description text NOT NULL DEFAULT '', roles varchar(20)[] NOT NULL DEFAULT '{}');
CREATE TABLE parks_park (id bigserial PRIMARY KEY, slug varchar(200) NOT NULL, name varchar(255) NOT NULL,
    status varchar(20) NOT NULL, opening_date date, country varchar(2) NOT NULL, operator_id bigint REFERENCES companies_company,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE rides_ride (id bigserial PRIMARY KEY, park_id bigint NOT NULL REFERENCES parks_park, slug varchar(200) NOT NULL,
    name varchar(255) NOT NULL, category varchar(2) NOT NULL, status varchar(20) NOT NULL, opening_date date,
    manufacturer_id bigint REFERENCES companies_company, description text NOT NULL DEFAULT '');
CREATE TABLE rides_rollercoasterstats (id bigserial PRIMARY KEY, ride_id bigint UNIQUE NOT NULL REFERENCES rides_ride,
    height_ft numeric(6, 2), speed_mph numeric(5, 2), inversions integer NOT NULL DEFAULT 0);
CREATE TABLE accounts_user (id bigserial PRIMARY KEY, username varchar(150) NOT NULL);
CREATE TABLE reviews_review (id bigserial PRIMARY KEY, ride_id bigint REFERENCES rides_ride, park_id bigint REFERENCES parks_park,
    user_id bigint NOT NULL REFERENCES accounts_user, rating smallint NOT NULL, title varchar(200) NOT NULL, content text NOT NULL,
    visit_date date, created_at timestamptz NOT NULL, is_published boolean NOT NULL);
INSERT INTO companies_company (slug, name, roles) VALUES ('vekoma', 'Vekoma', '{manufacturer}'), ('efteling-bv', 'Efteling BV', '{operator}');
INSERT INTO parks_park (slug, name, status, opening_date, country, operator_id) VALUES ('efteling', 'Efteling', 'OPERATING', '1952-05-31', 'NL', 2);
INSERT INTO rides_ride (park_id, slug, name, category, status, opening_date, manufacturer_id, description)
    VALUES (1, 'python', 'Python', 'RC', 'OPERATING', '1981-04-12', 1, 'Four inversions.'), (1, 'gondoletta', 'Gondoletta', 'WR', 'OPERATING', NULL, NULL, '');
INSERT INTO rides_rollercoasterstats (ride_id, height_ft, speed_mph, inversions) VALUES (1, 100, 50, 4);
INSERT INTO accounts_user (username) VALUES ('ann');
INSERT INTO reviews_review (ride_id, park_id, user_id, rating, title, content, visit_date, created_at, is_published) VALUES
    (1, NULL, 1, 8, 'Rough', 'And good.', '2024-05-01', '2024-05-03 23:30:00+00', true),
    (1, NULL, 1, 1, 'Spam', 'Spam.', NULL, '2024-05-04 10:00:00+00', false),
    (NULL, 1, 1, 10, 'Lovely', 'Trees.', NULL, '2024-06-01 10:00:00+00', true);
";

/// The same as files.
fn as_files() -> Site {
    Site::new()
        .file("lifthill.toml", "title = 'Parks'\nbase_url = 'https://parks.example'\n")
        .company("vekoma", "name = 'Vekoma'\nroles = ['manufacturer']")
        .company("efteling-bv", "name = 'Efteling BV'\nroles = ['operator']")
        .park("efteling", "name = 'Efteling'\nstatus = 'operating'\nopened = '1952-05-31'\ncountry = 'NL'\noperator = 'efteling-bv'")
        .ride(
            "efteling/python",
            "name = 'Python'\ncategory = 'roller_coaster'\nstatus = 'operating'\nopened = '1981-04-12'\nmanufacturers = ['vekoma']\n\
             height_m = 30.48\nspeed_kmh = 80.47\ninversions = 4\n+++\nFour inversions.",
        )
        .ride("efteling/gondoletta", "name = 'Gondoletta'\ncategory = 'water_ride'\nstatus = 'operating'")
        .file(
            "content/parks/efteling/reviews.jsonl",
            "{\"ride\":\"python\",\"id\":\"1\",\"author\":\"ann\",\"rating\":8,\"title\":\"Rough\",\"text\":\"And good.\",\"visited\":\"2024-05-01\",\"created\":\"2024-05-03\"}\n\
             {\"id\":\"3\",\"author\":\"ann\",\"rating\":10,\"title\":\"Lovely\",\"text\":\"Trees.\",\"created\":\"2024-06-01\"}\n",
        )
}

fn django(server: &Server) -> Site {
    site_with(server, "sql = 'sql'")
        .file("sql/companies.sql", "SELECT slug, name, nullif(description, '') AS description, roles FROM companies_company;\n")
        .file(
            "sql/parks.sql",
            "SELECT p.slug, p.name, lower(p.status) AS status, p.opening_date AS opened, p.country, o.slug AS operator\n\
             FROM parks_park AS p LEFT JOIN companies_company AS o ON o.id = p.operator_id",
        )
        .file(
            "sql/rides.sql",
            "SELECT p.slug AS park, r.slug, r.name, CASE r.category WHEN 'RC' THEN 'roller_coaster' WHEN 'WR' THEN 'water_ride' ELSE 'other' END AS category,\n\
             lower(r.status) AS status, r.opening_date AS opened, array_remove(ARRAY[m.slug], NULL) AS manufacturers,\n\
             round(s.height_ft * 0.3048, 2) AS height_m, round(s.speed_mph * 1.609344, 2) AS speed_kmh, s.inversions, r.description AS body\n\
             FROM rides_ride AS r JOIN parks_park AS p ON p.id = r.park_id\n\
             LEFT JOIN companies_company AS m ON m.id = r.manufacturer_id\n\
             LEFT JOIN rides_rollercoasterstats AS s ON s.ride_id = r.id -- only coasters have them",
        )
        .file(
            "sql/reviews.sql",
            "SELECT coalesce(p.slug, rp.slug) AS park, r.slug AS ride, v.id::text AS id, u.username AS author, v.rating, v.title, v.content AS text,\n\
             v.visit_date AS visited, v.created_at AS created\n\
             FROM reviews_review AS v JOIN accounts_user AS u ON u.id = v.user_id LEFT JOIN rides_ride AS r ON r.id = v.ride_id\n\
             LEFT JOIN parks_park AS rp ON rp.id = r.park_id LEFT JOIN parks_park AS p ON p.id = v.park_id WHERE v.is_published",
        )
}

#[test]
fn a_django_application_builds_the_same_site_with_only_sql_files_written() {
    let server = Server::primary();
    server.sql(DJANGO);
    let (site, files) = (django(&server), as_files());
    files.run(&[]).exit(0);
    // Without triggers every build compares.
    site.run(&[]).exit(0);
    let differences = site.output().differences(&files.output());
    assert!(differences.is_empty(), "Django's rows (left) make another site:\n{}", differences.join("\n"));
    let built = site.run(&[]);
    built.rendered([]).exit(0);
    assert!(built.number("/rows/read") > 0, "without triggers rows must be compared");

    // With triggers on every table that a query reads only those parts are read that may differ.
    let (code, _, said) = site.command(&["db", "migrate"]);
    assert_eq!(code, 0, "{said}");
    for table in
        ["companies_company", "parks_park", "rides_ride", "rides_rollercoasterstats", "accounts_user", "reviews_review"]
    {
        let (code, sql, said) = site.command(&["db", "triggers", "--for", table]);
        assert_eq!(code, 0, "{said}");
        server.sql(&sql);
    }
    site.run(&[]).exit(0);
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
    server.sql("UPDATE rides_rollercoasterstats SET inversions = 5");
    let built = site.build();
    assert_eq!(built.number("/rows/read"), 2, "only rides are read");
    assert!(site.page("/parks/efteling/rides/python/").contains('5'));
    server.sql("UPDATE parks_park SET slug = 'de-efteling'");
    site.build();
    assert!(site.has("/parks/de-efteling/rides/python/") && !site.has("/parks/efteling/"));
    server.sql("DELETE FROM reviews_review WHERE id = 3");
    site.build();
    server.sql("TRUNCATE reviews_review");
    site.build();
}

/// A schema as applications keep it: years as numbers, types of their own, joins that find nothing.
const APPLICATION: &str = "
CREATE EXTENSION citext; CREATE TYPE state AS ENUM ('operating', 'closed'); CREATE TYPE kind AS ENUM ('looping', 'mine');
CREATE DOMAIN title AS citext CHECK (VALUE <> ''); CREATE DOMAIN since AS smallint; CREATE DOMAIN tags AS kind[];
CREATE TYPE place AS (city text, country text);
CREATE TABLE p (slug citext PRIMARY KEY, name title, status state, since since, country char(2), type char(20));
CREATE TABLE r (p citext, slug varchar(40), name title, status state, opened int4, closed numeric(6, 1), kinds tags, maker text,
    loops numeric, height text, notes text[], place place);
INSERT INTO p VALUES ('efteling', 'Efteling', 'operating', 1952, 'NL', 'theme_park');
INSERT INTO r VALUES ('efteling', 'python', 'Python', 'operating', 1981, NULL, '{looping}', 'vekoma', 4.0, '29', '{a,NULL}', ('Kaatsheuvel', 'NL')),
    ('efteling', 'bob', 'Bob', 'closed', 1985, 2019.0, NULL, NULL, NULL, NULL, NULL, NULL);
";

const APPLICATION_RIDES: &str = "SELECT p AS park, slug, r.name, 'roller_coaster'::text AS category, status, opened, closed, kinds, ARRAY[m.name] AS manufacturers,
    loops AS inversions, NULL AS height_m, NULL AS single_rider, NULL AS publish_on, notes AS former_names,
    (SELECT json_agg(json_build_object('date', h.at, 'title', h.what)) FROM r AS x LEFT JOIN (SELECT 1981 AS at, 'Built' AS what WHERE false) AS h
     ON true WHERE x.slug = r.slug) AS history, place AS extra
    FROM r LEFT JOIN (SELECT 'vekoma' AS name) AS m ON m.name = r.maker; -- done; or not\n/* at all */\n;";

#[test]
fn rows_are_read_as_leniently_as_files() {
    let server = Server::primary();
    server.sql(APPLICATION);
    let parks = "\u{feff}SELECT slug, name, status, since AS opened, country, type FROM p;\n-- done";
    let site = site_with(&server, "sql = 'sql'")
        .file("sql/parks.sql", parks)
        .file("sql/rides.sql", APPLICATION_RIDES)
        .file("sql/companies.sql", "VALUES ('vekoma', 'Vekoma')");
    site.run(&[]).exit(4).says("sql/companies.sql must give a column `slug`");
    site.write("sql/companies.sql", "WITH c (slug, name) AS (VALUES ('vekoma', 'Vekoma')) SELECT slug, name FROM c;");
    site.run(&[]).exit(0);
    let files = Site::new()
        .file("lifthill.toml", "title = 'Parks'\nbase_url = 'https://parks.example'\n")
        .company("vekoma", "name = 'Vekoma'")
        .park("efteling", "name = 'Efteling'\nstatus = 'operating'\nopened = 1952\ncountry = 'NL'\ntype = 'theme_park'")
        .ride(
            "efteling/python",
            "name = 'Python'\ncategory = 'roller_coaster'\nstatus = 'operating'\nopened = 1981\nkinds = ['looping']\n\
             manufacturers = ['vekoma']\ninversions = 4\nformer_names = ['a']\nextra = { city = 'Kaatsheuvel', country = 'NL' }",
        )
        .ride("efteling/bob", "name = 'Bob'\ncategory = 'roller_coaster'\nstatus = 'closed'\nopened = 1985\nclosed = 2019");
    files.run(&[]).exit(0);
    let differences = site.output().differences(&files.output());
    assert!(differences.is_empty(), "rows (left) make another site than files:\n{}", differences.join("\n"));
    site.build();
}

#[test]
fn what_is_wrong_with_a_row_names_the_row_the_value_and_the_cast() {
    let server = Server::primary();
    server.sql(APPLICATION);
    let site = site_with(&server, "sql = 'sql'").file("sql/parks.sql", "SELECT slug, name, since AS opened FROM p");
    let ride = |columns: &str| {
        format!("SELECT p AS park, slug, name, 'other' AS category, {columns} FROM r WHERE slug = 'python'")
    };
    // What the types tell is told before anything is read.
    for (columns, says) in [
        ("height AS height_m", "`height_m` must be a number, and is text; write `(…)::numeric AS height_m`"),
        (
            "now()::timestamp AS publish_on",
            "and is timestamp without time zone; write `(…) AT TIME ZONE 'UTC' AS publish_on`",
        ),
        ("1700000000 AS expires_on", "`expires_on` must be a time"),
        ("1 AS indoor", "`indoor` must be true or false (boolean), and is int4; write `(…) <> 0 AS indoor`"),
        ("opened AS theme", "`theme` must be text, and is int4; write `(…)::text AS theme`"),
        ("kinds AS layout", "`layout` must be text, and is kind[]"),
        ("place AS track", "`track` must be text, and is record"),
        ("notes[1] AS extra", "`extra` must be JSON (json or jsonb), and is text"),
        (
            "height AS hoehe",
            "unknown column `hoehe`; what is your own may go into `jsonb_build_object('hoehe', …) AS extra`",
        ),
        ("height AS heigth_m", "did you mean `height_m`? What is your own may go into"),
        ("status, status", "sql/rides.sql: two columns are called `status`"),
        ("upper(height) || 'x'", "a column has no name"),
    ] {
        site.write("sql/rides.sql", ride(columns));
        let built = site.run(&[]);
        built.exit(4).says(says).never_says("db migrate").never_says("db status");
        built.says("sql/rides.sql");
    }
    // What the server says is told with its place, and without advice about tables of ours.
    for (sql, place, says) in [
        (
            "SELECT p AS park,\n  slug, naem AS name, 'other' AS category FROM r",
            "sql/rides.sql:2:9",
            "column \"naem\" does not exist",
        ),
        ("\n\nSELECT * FROM rydes", "sql/rides.sql:3:15", "relation \"rydes\" does not exist"),
        ("SELECT lab(slug) FROM r", "sql/rides.sql:1:8", "function lab(character varying) does not exist"),
        ("SELEC 1", "sql/rides.sql:1:7", "syntax error"),
        ("SELECT (1", "sql/rides.sql", "syntax error"),
        ("SELECT * FROM nowhere.r", "sql/rides.sql:1:15", "relation \"nowhere.r\" does not exist"),
    ] {
        site.write("sql/rides.sql", sql);
        site.run(&[]).exit(4).says(place).says(says).never_says("db migrate").never_says("db status");
    }
    site.write("sql/rides.sql", "SELECT 1;\n SELECT 2;");
    site.run(&[]).exit(2).says("sql/rides.sql:2:2: a second statement begins here");
    site.write("sql/rides.sql", "-- nothing");
    site.run(&[]).exit(2).says("sql/rides.sql holds no statement");
    // What the values tell.
    for (columns, says) in [
        ("1981.5 AS opened", "1981.5"),
        ("'soon' AS opened", "soon"),
        ("4.5 AS inversions", "`round((…)::numeric)::integer AS inversions`"),
        ("900 AS height_m", "found 900"),
        ("status || 's' AS status", "`operatings` is not a known `status`"),
        ("'2024-01-01 10:00' AS publish_on", "`(…)::timestamptz AS publish_on`"),
        ("'{\"a\": [1]}'::json AS former_names", "former_names"),
        ("'www.example.org' AS website", "\"www.example.org\""),
    ] {
        site.write("sql/rides.sql", ride(columns));
        let built = site.run(&[]);
        built.exit(1).says("postgres: rides efteling/python (sql/rides.sql)").says(says).never_says("without quotes");
    }
    site.write("sql/rides.sql", ride("height::numeric AS height_m"));
    site.write("sql/reviews.sql", "SELECT 'efteling' AS park, 'python' AS ride, 17 + n AS id, 'Ann' AS author, 8.3 AS rating, '2024-01-01' AS created FROM generate_series(0, 1) AS n");
    site.run(&[]).exit(4).says("sql/reviews.sql: `id` must be text, and is int4; write `(…)::text AS id`");
    site.edit("sql/reviews.sql", "17 + n AS id", "(17 + n)::text AS id");
    let built = site.run(&[]);
    built.exit(1).says("postgres: reviews efteling/python, id 17 (sql/reviews.sql)").says("id 18").says("(8.3)");
    site.edit("sql/reviews.sql", "8.3 AS rating", "8 / (n - 1) AS rating");
    site.run(&[]).exit(4).says("reading reviews by sql/reviews.sql: division by zero");
}

#[test]
fn queries_that_do_not_give_what_is_needed() {
    let server = Server::primary();
    server.sql(DJANGO);
    let site = django(&server);
    site.write("sql/parks.sql", "SELECT slug, name AS title, opening_date AS opend, country, status FROM parks_park");
    site.write("sql/rides.sql", "SELECT 'efteling' AS park, slug, name, category, name AS height_m FROM rides_ride");
    let built = site.run(&[]);
    built.exit(4);
    built.says("sql/parks.sql must give a column `name`: text");
    built.says("sql/parks.sql: unknown column `opend`; did you mean `opened`?");
    built.says("sql/rides.sql: `height_m` must be a number, and is varchar");
    site.write("sql/parks.sql", "SELEC slug FROM parks_park");
    site.run(&[]).exit(4).says("checking sql/parks.sql").says("syntax error");
    site.write("sql/ride.sql", "SELECT 1");
    site.run(&[]).exit(2).says("sql/ride.sql is not the query of a part").says("did you mean `rides`?");
    site.remove("sql/ride.sql");
    // One key twice is a mistake of the query's joins.
    site.write(
        "sql/parks.sql",
        "SELECT p.slug, p.name FROM parks_park AS p CROSS JOIN accounts_user AS u CROSS JOIN generate_series(1, 2)",
    );
    site.write("sql/rides.sql", "SELECT 'efteling' AS park, slug, name, 'other' AS category FROM rides_ride");
    site.run(&[]).exit(1).says("postgres: parks efteling").says("2 rows have this key");
}

#[test]
fn pictures_of_rows_may_lie_in_the_applications_own_folder() {
    let server = Server::primary();
    server.sql(APPLICATION);
    server.sql("CREATE TABLE shot (park text, ride text, file text); INSERT INTO shot VALUES ('efteling', 'python', 'rides/2024/one.png')");
    let site = site_with(&server, "sql = 'sql'\n[photos]\nfolder = '../media/'")
        .file("sql/parks.sql", "SELECT slug, name FROM p")
        .file("sql/rides.sql", "SELECT p AS park, slug, name, 'other' AS category FROM r")
        .file("sql/photos.sql", "SELECT park, ride, file, '' AS alt FROM shot");
    let media = site.outside().join("media");
    let put = |name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(media.join(name).parent().expect("a folder")).expect("a folder");
        std::fs::write(media.join(name), bytes).expect("a picture");
    };
    let pictures = || {
        let page = site.page("/parks/efteling/rides/python/");
        page.matches("/photos/").count()
    };
    site.run(&[]).exit(1).says("there is no picture rides/2024/one.png in the folder of photos");
    put("rides/2024/one.png", &crate::site::picture(1));
    // Nobody asks what else lies there.
    put("avatars/broken.png", b"no picture");
    site.run(&[]).exit(0).never_says("broken");
    assert!(pictures() > 0);
    let (first, again) = (site.page("/parks/efteling/rides/python/"), site.run(&[]));
    again.rendered([]).wrote(0).exit(0);
    // Another picture by the same name, one more, and one that goes.
    put("rides/2024/one.png", &crate::site::picture(2));
    site.run(&[]).exit(0);
    assert_ne!(site.page("/parks/efteling/rides/python/"), first);
    put("two.png", &crate::site::picture(3));
    server.sql("INSERT INTO shot VALUES ('efteling', 'bob', 'two.png')");
    site.run(&[]).exit(0);
    assert!(site.page("/parks/efteling/rides/bob/").contains("/photos/"));
    std::fs::remove_file(media.join("two.png")).expect("it is there");
    site.run(&[]).exit(1).says("there is no picture two.png in the folder of photos");
    put("two.png", &crate::site::picture(3));
    site.run(&[]).exit(0);
    // Neither a way out of it nor a link within is taken.
    std::fs::write(site.outside().join("secret.png"), crate::site::picture(4)).expect("a picture");
    std::os::unix::fs::symlink(site.outside().join("secret.png"), media.join("link.png")).expect("a link");
    server.sql("UPDATE shot SET file = '../secret.png' WHERE ride = 'bob'");
    site.run(&[]).exit(1).says("`../secret.png` is not a file name");
    server.sql("UPDATE shot SET file = 'link.png' WHERE ride = 'bob'");
    site.run(&[]).exit(1).says("there is no picture link.png");
    server.sql("DELETE FROM shot WHERE ride = 'bob'");
    site.run(&[]).exit(0);
    // Pages are as if the pictures lay in `content/`, but for their names.
    let whole = site.run(&["--full-scan"]);
    whole.rendered([]).exit(0);
    let (code, said, talk) = site.command(&["why", "/parks/efteling/rides/python/"]);
    assert_eq!(code, 0, "{said}{talk}");
}

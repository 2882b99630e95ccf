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

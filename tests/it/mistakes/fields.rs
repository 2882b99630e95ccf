//! Front matter that cannot be read, and fields that are not what they should be.

use insta::assert_snapshot;

use super::*;

#[test]
fn an_unknown_key() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = 'other'\nmanufacturer = ['vekoma']\nmascot = 'Gull'"), @r"
    error: unknown key `manufacturer`
      --> content/parks/efteling/rides/baron-1898.md:4:1
       |
     4 | manufacturer = ['vekoma']
       | ^^^^^^^^^^^^
      = help: did you mean `manufacturers`?

    error: unknown key `mascot`
      --> content/parks/efteling/rides/baron-1898.md:5:1
       |
     5 | mascot = 'Gull'
       | ^^^^^^
      = help: keys of your own go into an `[extra]` table
    ");
}

#[test]
fn a_wrong_type() {
    let front = "name = 1898\ncategory = 'other'\nspeed_kmh = '90'\ninversions = 2.5\nkinds = [1]\nindoor = 'yes'\nopened = true";
    assert_snapshot!(said_of_ride(front), @r#"
    error: `name` must be text, found a whole number
      --> content/parks/efteling/rides/baron-1898.md:2:8
       |
     2 | name = 1898
       |        ^^^^
      = help: write it in quotes: `name = "1898"`

    error: `speed_kmh` must be a number, found text
      --> content/parks/efteling/rides/baron-1898.md:4:13
       |
     4 | speed_kmh = '90'
       |             ^^^^
      = help: write `speed_kmh = 90` without quotes

    error: `inversions` must be a whole number, found a number
      --> content/parks/efteling/rides/baron-1898.md:5:14
       |
     5 | inversions = 2.5
       |              ^^^

    error: `kinds` must be text, found a whole number
      --> content/parks/efteling/rides/baron-1898.md:6:10
       |
     6 | kinds = [1]
       |          ^
      = help: write it in quotes: `kinds = "1"`

    error: `indoor` must be true or false, found text
      --> content/parks/efteling/rides/baron-1898.md:7:10
       |
     7 | indoor = 'yes'
       |          ^^^^^
      = help: write `indoor = true`

    error: `opened` must be a date, found true/false
      --> content/parks/efteling/rides/baron-1898.md:8:10
       |
     8 | opened = true
       |          ^^^^
    "#);
}

#[test]
fn a_number_out_of_range() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = 'other'\nheight_m = -3\nspeed_kmh = nan\ninversions = 99"), @r"
    error: `height_m` must be between 0 and 400, found -3
      --> content/parks/efteling/rides/baron-1898.md:4:12
       |
     4 | height_m = -3
       |            ^^

    error: `speed_kmh` must be between 0 and 500, found NaN
      --> content/parks/efteling/rides/baron-1898.md:5:13
       |
     5 | speed_kmh = nan
       |             ^^^

    error: `inversions` must be between 0 and 30, found 99
      --> content/parks/efteling/rides/baron-1898.md:6:14
       |
     6 | inversions = 99
       |              ^^
    ");
}

#[test]
fn a_word_that_is_none() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = 'rollercoaster'\nstatus = 'open'\nlaunch = ['chain']"), @r"
    error: `rollercoaster` is not a known `category`
      --> content/parks/efteling/rides/baron-1898.md:3:12
       |
     3 | category = 'rollercoaster'
       |            ^^^^^^^^^^^^^^^
      = help: did you mean `roller_coaster`?

    error: `open` is not a known `status`
      --> content/parks/efteling/rides/baron-1898.md:4:10
       |
     4 | status = 'open'
       |          ^^^^^^
      = help: known here: operating, closing, closed_temporarily, sbno, under_construction, planned, cancelled, closed, relocated, demolished, unknown

    error: `chain` is not a known `launch`
      --> content/parks/efteling/rides/baron-1898.md:5:11
       |
     5 | launch = ['chain']
       |           ^^^^^^^
      = help: known here: chain_lift, cable_lift, tire, lim, lsm, hydraulic, pneumatic, flywheel, catapult, gravity, ferris_wheel_lift, vertical_lift, elevator_lift, spiral_lift, other
    ");
}

#[test]
fn a_date_that_is_none() {
    let front = "name = 'Baron'\ncategory = 'other'\nopened = '1984-13'\nclosed = 'May 1984'\nupdated = '1985s'\npublish_on = 'soon'";
    assert_snapshot!(said_of_ride(front), @r"
    error: `1984-13` has no month 13
      --> content/parks/efteling/rides/baron-1898.md:4:10
       |
     4 | opened = '1984-13'
       |          ^^^^^^^^^

    error: `May 1984` is not a date; write 1984-05-12, 1984-05, 1984 or 1980s
      --> content/parks/efteling/rides/baron-1898.md:5:10
       |
     5 | closed = 'May 1984'
       |          ^^^^^^^^^^

    error: `1985s` is not a decade; did you mean 1980s?
      --> content/parks/efteling/rides/baron-1898.md:6:11
       |
     6 | updated = '1985s'
       |           ^^^^^^^

    error: `publish_on` must be a date or a time with its zone
      --> content/parks/efteling/rides/baron-1898.md:7:14
       |
     7 | publish_on = 'soon'
       |              ^^^^^^
      = help: write 2026-12-01 or 2026-12-01T09:00:00Z
    ");
}

#[test]
fn an_end_before_the_beginning() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = 'other'\nopened = '1984'\nclosed = '1983-12'"), @r"
    error: closed (December 1983) before it opened (1984)
      --> content/parks/efteling/rides/baron-1898.md:5:10
       |
     5 | closed = '1983-12'
       |          ^^^^^^^^^
    ");
}

#[test]
fn a_missing_name_category_or_date() {
    let site =
        small().article("new", "author = 'Mia'").park("nameless", "country = 'BE'").park("mistyped", "nmae = 'X'");
    site.write(BARON, markdown("name = 'Baron'"));
    let built = site.fails();
    built.exit(1).says("`title` is missing\n  --> content/articles/new.md:2:1");
    built.says("`date` is missing\n  --> content/articles/new.md:2:1");
    built.says("`category` is missing\n  --> content/parks/efteling/rides/baron-1898.md:2:1");
    built.says("`name` is missing\n  --> content/parks/nameless/index.md:2:1");
    built.says("`name` is missing\n  --> content/parks/mistyped/index.md:2:1");
    built.says("`nmae` was probably meant to be `name`");
}

#[test]
fn a_country_a_slug_and_an_address_that_are_none() {
    let site = small();
    site.write(
        "content/parks/efteling/index.md",
        markdown("name = 'Efteling'\ncountry = 'Netherlands'\noperator = 'Efteling BV'\nwebsite = 'efteling.com'\nformer_slugs = ['De Efteling']\naliases = ['efteling']"),
    );
    assert_snapshot!(said(&site), @r"
    error: `Netherlands` is not an ISO 3166-1 country code
      --> content/parks/efteling/index.md:3:11
       |
     3 | country = 'Netherlands'
       |           ^^^^^^^^^^^^^
      = help: did you mean `NL`?

    error: `Efteling BV` in `operator` is not the slug of a company
      --> content/parks/efteling/index.md:4:12
       |
     4 | operator = 'Efteling BV'
       |            ^^^^^^^^^^^^^
      = help: a company is named by its slug, here probably `efteling-bv`

    error: `website` must be a web address
      --> content/parks/efteling/index.md:5:11
       |
     5 | website = 'efteling.com'
       |           ^^^^^^^^^^^^^^
      = help: for instance https://efteling.com

    error: `De Efteling` is not a slug
      --> content/parks/efteling/index.md:6:17
       |
     6 | former_slugs = ['De Efteling']
       |                 ^^^^^^^^^^^^^

    error: `efteling` is not a path of this site such as `/old/place/` or `/old/place.html`
      --> content/parks/efteling/index.md:7:12
       |
     7 | aliases = ['efteling']
       |            ^^^^^^^^^^
    ");
}

#[test]
fn toml_that_is_none() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = other\nkinds = ['a' 'b']"), @r"
    error: string values must be quoted, expected literal string
      --> content/parks/efteling/rides/baron-1898.md:3:12
       |
     3 | category = other
       |            ^^^^^

    error: missing comma between array elements, expected `,`
      --> content/parks/efteling/rides/baron-1898.md:4:14
       |
     4 | kinds = ['a' 'b']
       |              ^
    ");
    assert_snapshot!(said_of_ride("name = 'Baron'\nname = 'Python'"), @r"
    error: duplicate key
      --> content/parks/efteling/rides/baron-1898.md:3:1
       |
     3 | name = 'Python'
       | ^^^^
    ");
}

#[test]
fn yaml_that_is_none() {
    let said_of = |front: &str| {
        let site = small();
        site.write(BARON, format!("---\n{front}\n---\n\nProse.\n"));
        said(&site)
    };
    assert_snapshot!(said_of("name: 'Baron\ncategory: other"), @r"
    error: invalid indentation in quoted scalar
      --> content/parks/efteling/rides/baron-1898.md:2:7
       |
     2 | name: 'Baron
       |       ^
    ");
    assert_snapshot!(said_of("name: Baron\ncategory: other\nspeed_kmh: fast\nmanufacturer: vekoma\nkinds: [a, {b: c}]"), @r"
    error: `speed_kmh` must be a number, found text
      --> content/parks/efteling/rides/baron-1898.md:4:12
       |
     4 | speed_kmh: fast
       |            ^^^^

    error: unknown key `manufacturer`
      --> content/parks/efteling/rides/baron-1898.md:5:1
       |
     5 | manufacturer: vekoma
       | ^^^^^^^^^^^^
      = help: did you mean `manufacturers`?

    error: `kinds` must be text, found a mapping
      --> content/parks/efteling/rides/baron-1898.md:6:12
       |
     6 | kinds: [a, {b: c}]
       |            ^^^^^
    ");
    assert_snapshot!(said_of("name: &n Baron\ncategory: other\ntheme: *n"), @r"
    error: YAML aliases are not supported here
      --> content/parks/efteling/rides/baron-1898.md:4:8
       |
     4 | theme: *n
       |        ^
    ");
    assert_snapshot!(said_of("- name\n- category"), @r"
    error: `category` is missing
      --> content/parks/efteling/rides/baron-1898.md:2:1
       |
     2 | - name
       | ^
      = help: one of: roller_coaster, dark_ride, flat_ride, water_ride, transport, other

    error: `name` is missing
      --> content/parks/efteling/rides/baron-1898.md:2:1
       |
     2 | - name
       | ^^^^^^

    error: expected a mapping, found a list
      --> content/parks/efteling/rides/baron-1898.md:2:1
       |
     2 | - name
       | ^^^^^^
    ");
    assert_snapshot!(said_of("name: Naïve\ncategory: ümlaut"), @r"
    error: `ümlaut` is not a known `category`
      --> content/parks/efteling/rides/baron-1898.md:3:11
       |
     3 | category: ümlaut
       |           ^^^^^^
      = help: known here: roller_coaster, dark_ride, flat_ride, water_ride, transport, other
    ");
}

#[test]
fn nesting_without_end() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5000), close.repeat(5000));
    let site = small();
    site.write(BARON, markdown(&format!("name = 'Baron'\ncategory = 'other'\nextra = {{ a = {} }}", deep("[", "]"))));
    site.fails().exit(1).says(BARON);
    site.write(BARON, format!("---\nname: Baron\ncategory: other\nextra: {{ a: {} }}\n---\n", deep("[", "]")));
    site.fails().exit(1).says(BARON);
    site.write(BARON, markdown("name = 'Baron'\ncategory = 'other'"));
    site.write("content/parks/efteling/reviews.jsonl", format!("{{\"author\":{}}}\n", deep("[", "]")));
    site.fails().exit(1).says("reviews.jsonl");
    site.remove("content/parks/efteling/reviews.jsonl");
    site.write(BARON, markdown(&format!("name = 'Baron'\ncategory = 'other'\n+++\n{}x", "> ".repeat(5000))));
    site.try_build(&[]);
    site.write(BARON, markdown(&format!("name = 'Baron'\ncategory = 'other'\n+++\n{}", deep("<div>", "</div>"))));
    site.try_build(&[]);
}

//! Dates, slugs and messages as their writers mean them.

use super::*;

#[test]
fn a_time_with_its_offset_is_a_date() {
    let site = small();
    for (number, date) in
        ["2024-01-01T10:00:00+01:00", "2024-01-01 10:00:00", "2024-01-01T23:59:59.5-11:00", "2024-01-01t10:00:00z"]
            .iter()
            .enumerate()
    {
        site.write(
            &format!("content/articles/y{number}.md"),
            format!("---\ntitle: Y{number}\ndate: {date}\nupdated: \"{date}\"\n---\n"),
        );
        site.write(
            &format!("content/articles/t{number}.md"),
            markdown(&format!("title = 'T{number}'\ndate = '{date}'")),
        );
    }
    site.write("content/articles/offset.md", markdown("title = 'O'\ndate = 2024-01-01T10:00:00+01:00"));
    site.write(
        "content/parks/efteling/reviews.jsonl",
        "{\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01T10:00:00+01:00\",\"visited\":\"2024-01-01T10:00:00Z\"}\n",
    );
    site.build();
    for page in [
        "/articles/y0/",
        "/articles/y1/",
        "/articles/y2/",
        "/articles/y3/",
        "/articles/t0/",
        "/articles/t2/",
        "/articles/offset/",
        "/parks/efteling/",
    ] {
        assert!(site.page(page).contains("1 January 2024"), "{page}");
    }
    assert!(said_of_ride("name = 'B'\ncategory = 'other'\nopened = '2024-01-01 or so'").contains("is not a date"));
}

#[test]
fn messages_speak_the_language_of_the_file() {
    let of_yaml = |front: &str| {
        let site = small();
        site.write(BARON, format!("---\n{front}\n---\n"));
        said(&site)
    };
    for (front, words) in [
        ("name: 1898\ncategory: other", "= help: write it in quotes: `name: \"1898\"`"),
        ("name: B\ncategory: other\nheight_m: \"30\"", "= help: write `height_m: 30` without quotes"),
        ("name: B\ncategory: other\nslug: A B", "= help: write `slug: \"a-b\"`"),
        ("name: B\ncategory: other\nmy_own_thing: 1", "= help: keys of your own go into a mapping `extra:`"),
        ("name: B\ncategory: other\nindoor: yes", "= help: write `indoor: true`"),
        ("name: B\ncategory: other\nextra: 1", "`extra` must be a mapping `extra:`"),
        ("name: B\ncategory: other\ndescription:\n  a: b", "`description` must be text, found a mapping"),
        ("- name: B", "expected a mapping, found a list"),
    ] {
        let told = of_yaml(front);
        assert!(told.contains(words), "{words}:\n{told}");
        assert!(!told.contains("table") && !told.contains(" = \""), "this is TOML:\n{told}");
    }
    let told = said_of_ride("name = 1898\ncategory = 'other'\nmy_own_thing = 1");
    assert!(told.contains("`name = \"1898\"`") && told.contains("an `[extra]` table"), "{told}");
}

#[test]
fn names_in_other_letters_make_readable_addresses() {
    let site = small()
        .park("欢乐谷", "name = '欢乐谷'")
        .ride("欢乐谷/雪域雄鹰", "name = '雪域雄鹰'\ncategory = 'other'")
        .company("Интамин", "name = 'Интамин'")
        .article("日本 2024", "title = '日本'\ndate = 2024-01-01\n+++\n# 历史");
    site.build();
    for page in ["/parks/huan-le-gu/", "/companies/intamin/", "/articles/ri-ben-2024/"] {
        assert!(site.has(page), "{page}: {:?}", site.output().files().collect::<Vec<_>>());
    }
    assert!(site.page("/articles/ri-ben-2024/").contains("li-shi"));
}

/// Whether a name's slug is made of its Latin letters and digits, as ever: only others are transliterated.
fn keeps_its_slug(name: &str) -> bool {
    name.chars().any(|c| c.is_ascii_alphabetic()) || !name.chars().any(char::is_alphabetic)
}

#[test]
fn every_name_of_the_real_site_keeps_its_slug() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("content");
    let mut open = vec![root];
    let (mut files, mut names) = (0, 0);
    while let Some(folder) = open.pop() {
        let folder_name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(lifthill::model::slug::slugify(&folder_name), folder_name, "the slug of a folder's own name");
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let is_record = path.extension().is_some_and(|extension| extension == "md") && !stem.starts_with('_');
            if is_record {
                assert_eq!(lifthill::model::slug::slugify(&stem), stem, "the slug of a file's own name");
                files += 1;
            }
            // Areas have the slugs of their names, and so has what a ride says of its area.
            let text = fs::read_to_string(&path).unwrap_or_default();
            let field = if is_record { "area = " } else { "name = " };
            for name in text.lines().filter_map(|line| line.strip_prefix(field)) {
                assert!(keeps_its_slug(name), "{name} of {} has no Latin letter", path.display());
                names += 1;
            }
        }
    }
    assert!(files > 1_500 && names > 400, "{files} files, {names} names of areas");
}

#[test]
fn what_is_well_known_keeps_its_address() {
    let site = small()
        .file("assets/.well-known/security.txt", "Contact: mailto:security@parks.example\n")
        .file("assets/.well-known/matrix/server", "{}")
        .file("assets/.hidden/x.txt", "hidden");
    site.build();
    assert_eq!(site.page("/.well-known/security.txt"), "Contact: mailto:security@parks.example\n");
    assert_eq!(site.page("/.well-known/matrix/server"), "{}");
    assert!(!site.output().files().any(|file| file.contains("hidden") || file.contains("assets/.well-known")));
    site.write("assets/.well-known/security.txt", "Contact: https://parks.example/\n");
    site.build();
    assert_eq!(site.page("/.well-known/security.txt"), "Contact: https://parks.example/\n");
    site.remove("assets/.well-known");
    site.build();
    assert!(!site.has("/.well-known/security.txt"));
}

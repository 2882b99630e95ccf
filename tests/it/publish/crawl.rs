//! Visitors with yesterday's pages: a crawler reads the whole site behind nginx, the site changes, and
//! whatever the pages that it has read ask for is still there.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue;
use super::nginx::Nginx;
use crate::site::Site;

/// A picture of one colour.
pub fn picture(colour: u8) -> Vec<u8> {
    let image = image::RgbImage::from_pixel(900, 700, image::Rgb([colour, 90, 200]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

/// Everything in a text that looks like a path of this site.
fn paths_in(text: &str) -> BTreeSet<String> {
    let ends = |c: char| c.is_whitespace() || "\"'(),<>=\\".contains(c);
    let plain = text.replace("https://parks.example", "");
    let paths = plain.split(ends).filter(|word| word.starts_with('/') && !word.starts_with("//"));
    paths.map(|path| path.split(['#', '?', '&']).next().unwrap_or_default().to_owned()).collect()
}

/// Every page that can be reached from the first one, by its path.
fn crawl(nginx: &Nginx) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut open = vec!["/".to_owned()];
    while let Some(path) = open.pop() {
        if pages.contains_key(&path) || !path.ends_with('/') {
            continue;
        }
        let (status, _, body) = nginx.get(&path, None);
        if status == 200 {
            open.extend(paths_in(&body));
            pages.insert(path, body);
        }
    }
    pages
}

/// The files that pages ask for, with those that these ask for.
fn files_of(pages: &BTreeMap<String, String>, nginx: &Nginx) -> BTreeSet<String> {
    let is_file = |path: &String| path.starts_with("/assets/") || path.starts_with("/photos/");
    let mut files: BTreeSet<String> = pages.values().flat_map(|page| paths_in(page)).filter(is_file).collect();
    let sheets: Vec<String> = files.iter().filter(|file| file.ends_with(".css")).cloned().collect();
    for sheet in sheets {
        let (_, _, text) = nginx.get(&sheet, None);
        let beside = text.split("url(").skip(1).filter_map(|part| part.split([')', '"', '\'']).find(|p| !p.is_empty()));
        let folder = sheet.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = beside.filter(|name| !name.contains(':'));
        files.extend(beside.map(|name| {
            let mut parts: Vec<&str> = folder.split('/').collect();
            for part in name.split('/') {
                match part {
                    ".." => drop(parts.pop()),
                    "." => {}
                    part => parts.push(part),
                }
            }
            parts.join("/")
        }));
    }
    files
}

fn day(site: &Site, number: u8) {
    let sheet = format!("body {{ --day: {number}; background: url(../img/sky.png) }}");
    site.write("assets/css/site.css", sheet);
    site.write("assets/img/sky.png", picture(number.wrapping_mul(40)));
    site.write("content/parks/efteling/photos/gate.png", picture(number.wrapping_mul(30)));
    site.write("content/parks/efteling/photos.toml", "[[photo]]\nfile = 'gate.png'\nalt = 'The gate.'\n");
    let ride = format!("name = 'Ride of day {number}'\ncategory = 'flat_ride'");
    site.write("content/parks/efteling/rides/ride-3.md", crate::site::markdown(&ride));
    site.write(&format!("content/parks/toverland/rides/new-{number}.md"), crate::site::markdown(&ride));
    if number > 1 {
        site.remove(&format!("content/parks/toverland/rides/new-{}.md", number - 1));
    }
}

#[test]
fn yesterdays_pages_miss_nothing_today() {
    let site = catalogue();
    let place = site.outside().join("www");
    site.write(
        "lifthill.toml",
        format!(
            "base_url = 'https://parks.example'\n[publish.live]\nto = 'file://{}'\nallow_gone = ['*']\n",
            place.display()
        ),
    );
    let nginx = Nginx::start(&place.join("current"), &site.outside().join("nginx"));
    let mut seen: Vec<BTreeSet<String>> = Vec::new();
    for number in 1..=5 {
        day(&site, number);
        let (code, _, talk) = site.command(&["publish", "--now", &format!("2026-01-0{number}")]);
        assert_eq!(code, 0, "{talk}");
        for (before, files) in seen.iter().enumerate() {
            for file in files {
                let (status, ..) = nginx.get(file, None);
                assert_eq!(status, 200, "a page of day {} asks for {file} on day {number}", before + 1);
            }
        }
        let pages = crawl(&nginx);
        assert!(pages.len() > 20, "day {number}: {:?}", pages.keys());
        let files = files_of(&pages, &nginx);
        let kinds = [".css", ".webp", ".png"].map(|kind| files.iter().filter(|file| file.ends_with(kind)).count());
        assert!(kinds.iter().all(|count| *count > 0), "day {number}: sheets, photos, pictures of sheets: {files:?}");
        assert!(seen.last().is_none_or(|before| *before != files), "day {number}: nothing changed");
        seen.push(files);
    }
}

//! `--memory`: a build that is promised to stay below a limit does so where the system enforces it,
//! or refuses before it has changed anything.

use std::io::Cursor;
use std::process::Output;

use crate::dice::asked;
use crate::histories::synthetic;
use crate::site::{Site, markdown};

/// Builds with `--memory` under a limit of the system's on the process's whole address space, which
/// is more than the memory it takes.
fn build_within(site: &Site, megabytes: u64) -> Output {
    let limit = format!("ulimit -v {}; exec \"$0\" \"$@\"", megabytes << 10);
    let memory = format!("{megabytes}M");
    let child = site.spawn_by(&limit, &["build", "--json", "--jobs", "2", "--memory", &memory], &[]);
    child.wait_with_output().expect("it ends")
}

/// A photograph of so many pixels, noisy enough to be work.
fn photograph(width: u32, height: u32, number: u32) -> Vec<u8> {
    let colour = |x: u32, y: u32| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(number | 1) >> 27;
        image::Rgb([(x / 16 + noise) as u8, (y / 16 + noise) as u8, (x / 32 + number * 40) as u8])
    };
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(width, height, colour);
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).expect("a picture");
    bytes.into_inner()
}

/// Adds photographs of a park, each shown on its page.
fn add_photographs(site: &Site, sizes: &[(u32, u32)]) {
    let mut list = String::new();
    for (number, (width, height)) in sizes.iter().enumerate() {
        let path = format!("content/parks/efteling/photos/{number}.jpg");
        site.write(&path, photograph(*width, *height, number as u32));
        list += &format!("[[photo]]\nfile = '{number}.jpg'\nalt = 'Photograph {number}.'\n");
    }
    site.write("content/parks/efteling/photos.toml", list);
}

/// `LIFTHILL_PAGES` asks for more pages, `LIFTHILL_MEMORY` for another limit in megabytes.
#[test]
fn a_build_stays_within_the_memory_that_it_was_given() {
    let (pages, limit) = (asked("LIFTHILL_PAGES", 1_000), asked("LIFTHILL_MEMORY", 256));
    let site = synthetic(pages, 9).park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    add_photographs(&site, &[(2_000, 1_400); 3]);
    let done = build_within(&site, limit);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{said}");
    // And it made what a build makes that may take what it likes.
    let (clean, expected) = site.build_elsewhere(&[]);
    assert_eq!(clean.code(), 0, "{}", clean.stderr());
    let found = site.output().differences(&expected);
    assert!(found.is_empty(), "{}", found.join("\n"));

    // Everything again, over what is there.
    let theme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/base.html"));
    site.write("templates/base.html", theme.expect("the theme").replace("</body>", "<p>v2</p></body>"));
    let done = build_within(&site, limit);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_picture_for_which_there_is_no_room_is_refused_before_anything_is_written() {
    let site = Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    site.build();
    let before = site.output();
    add_photographs(&site, &[(4_000, 2_500)]);
    site.edit("content/parks/efteling/index.md", "Efteling", "De Efteling");
    let refused = site.run(&["--memory", "128M"]);
    refused.exit(2).says("--memory 128M is too little for content/parks/efteling/photos/0.jpg");
    assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    let enough = refused.stderr().rsplit_once("give it ").expect("what is enough").1.trim().to_owned();
    site.build_with(&["--memory", &enough]);
    assert!(site.page("/parks/efteling/").contains("De Efteling"));
}

#[test]
fn a_plan_for_which_there_is_no_room_is_refused() {
    let site = Site::new();
    // What a plan changes in the state it keeps in memory: here texts of 40 MB.
    for number in 0..200 {
        let text = format!("title = 'Article {number}'\ndate = 2024-01-01\n+++\n{}", "Once more. ".repeat(20_000));
        site.write(&format!("content/articles/long-{number}.md"), markdown(&text));
    }
    let refused = site.run(&["--dry-run", "--memory", "128M"]);
    refused.exit(2).says("--memory 128M is too little for what this plan would change; give it 256M");
    let (code, _, stderr) = site.command(&["build", "--dry-run", "--memory", "1G"]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn a_size_that_nobody_understands_is_wrong_usage() {
    let site = Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    site.run(&["--memory", "lots"]).exit(2).says("write a size such as 512M or 2G");
    site.run(&["--memory", "64M"]).exit(2).says("128M is the least");
}

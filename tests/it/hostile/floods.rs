//! Files with more mistakes than anybody reads: each is found, a hundred of a file are told, a thousand in
//! all, and the others counted.

use std::fmt::Write;

use super::{Ended, build, run, small};
use crate::site::Site;

fn lines(number: usize, line: impl Fn(usize) -> String) -> String {
    (0..number).fold(String::new(), |mut text, index| {
        let _ = writeln!(text, "{}", line(index));
        text
    })
}

#[track_caller]
fn is_bounded(ended: &Ended, told: usize) {
    let errors = ended.said.matches("error: ").count();
    assert!(errors <= told + 3 && ended.said.len() < 600 * told, "{errors} in {} bytes", ended.said.len());
    ended.says(" more mistakes in");
}

fn with(path: &str, text: String) -> Site {
    small().file(path, text)
}

#[test]
fn of_one_file_a_hundred_are_told() {
    for (path, text) in [
        ("content/parks/efteling/reviews.jsonl", "{}\n".repeat(80_000)),
        ("content/parks/efteling/photos.toml", lines(10_000, |index| format!("[[photo]]\nfile = 'x{index}.jpg'"))),
        ("content/parks/efteling/areas.toml", lines(10_000, |index| format!("[[area]]\nnam = 'x{index}'"))),
        ("content/articles/x.md", format!("---\ntitle: x\n{}---\n", lines(20_000, |index| format!("key{index}: 1")))),
        (
            "content/articles/y.md",
            format!(
                "+++\ntitle = 'x'\ndate = 2024-05-01\n+++\n{}",
                lines(20_000, |index| format!("[x](ride:a/b{index})"))
            ),
        ),
        ("assets/x.css", lines(2_000, |index| format!("a{{b:url(x{index}.png)}}"))),
    ] {
        let ended = build(&with(path, text));
        ended.exit(1);
        is_bounded(&ended, 100);
        ended.says(path);
    }
}

#[test]
fn of_the_settings_too() {
    for text in [lines(100_000, |index| format!("unknown{index} = 1")), "= \n".repeat(100_000)] {
        let ended = run(&with("lifthill.toml", text), &["build"]);
        ended.exit(2);
        is_bounded(&ended, 100);
    }
    // A name of a megabyte is not compared with others, nor told whole.
    let ended = run(&with("lifthill.toml", format!("{} = 1\n", "a".repeat(1 << 20))), &["build"]);
    ended.exit(2).says("unknown key `aaa");
    assert!(ended.said.len() < 10_000, "{} bytes", ended.said.len());
}

#[test]
fn of_all_files_a_thousand_are_told() {
    let site = small();
    for index in 0..1_500 {
        site.write(&format!("content/articles/a{index:04}.md"), "x");
    }
    let ended = run(&site, &["build", "--json"]);
    is_bounded(ended.exit(1), 1_000);
    ended.says("and 500 more mistakes in all").says("1500 mistakes in the site");
    let report: serde_json::Value = serde_json::from_str(&ended.data).expect("a report");
    let told = report["diagnostics"].as_array().expect("diagnostics");
    assert_eq!(told.len(), 1_001);
    assert_eq!(told[1_000]["number"], 500);
    run(&site, &["check"]).exit(1).says("and 500 more mistakes in all");
}

#[test]
fn a_line_that_is_longer_than_a_screen_shows_what_is_wrong_in_it() {
    let long = format!("{{{}}}\n", (0..200_000).map(|index| format!("\"k{index}\":1")).collect::<Vec<_>>().join(","));
    let ended = build(&with("content/parks/efteling/reviews.jsonl", long));
    ended.exit(1);
    is_bounded(&ended, 100);
    let settings = format!("title = 'Parks'\n[extra]\nx = {{ {} }}\n[lists]\nwrong = 1\n", "a = 1, ");
    let ended = run(&with("lifthill.toml", settings), &["build"]);
    ended.exit(2);
}

#[test]
fn many_that_are_right_take_no_longer_than_they_must() {
    let areas = lines(8_000, |index| format!("[[area]]\nname = 'Area {index}'"));
    build(&with("content/parks/efteling/areas.toml", areas)).exit(0);
    let keys = lines(20_000, |index| format!("'a{index}',"));
    let site = small().ride("efteling/x", &format!("name = 'X'\ncategory = 'other'\nmanufacturers = [\n{keys}]"));
    build(&site).exit(1).says("there is no company");
}

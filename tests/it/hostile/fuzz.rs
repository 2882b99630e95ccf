//! Random changes of a few small texts and pictures, given to every reader of what others wrote: none
//! aborts or goes on for ever, and none of our own panics. `LIFTHILL_FUZZ` asks for more rounds, `LIFTHILL_FUZZ_SECONDS` for as many
//! as there is time for, `LIFTHILL_SEED` for others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lifthill::assets;
use lifthill::cas::Cas;
use lifthill::digest::Digest;
use lifthill::media::{self, Budget};
use lifthill::render::Ids;
use lifthill::render::markdown::{Style, to_html};
use lifthill::room::Room;
use lifthill::source::{self, Reading};
use lifthill::workshop::{Died, Workshop};

use crate::dice::{Dice, asked};

/// What is put in here and there: what begins, ends, repeats, escapes or means something somewhere.
const WORDS: [&str; 40] = [
    "+++",
    "---",
    "[[",
    "]]",
    "{{",
    "}}",
    "\"\"\"",
    "'''",
    "=",
    ": ",
    "|",
    ">",
    "&a",
    "*a",
    "!!",
    "\u{feff}",
    "\0",
    "\u{ffff}",
    "\r\n",
    "<div>",
    "</b>",
    "<!--",
    "-->",
    "<![CDATA[",
    "&#x1F600;",
    "](",
    "![",
    "```",
    "url(",
    "calc(",
    "@media ",
    "@include ",
    "#{",
    "/*",
    "*/",
    "\\",
    "${",
    "=>",
    "e999",
    "-9223372036854775808",
];

/// The seeds of one kind, by the ends of their names.
fn corpus(end: &str) -> Vec<(String, Vec<u8>)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let folders = [here.join("hostile/corpus"), here.join("pictures/real")];
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).expect("the corpus") {
            let path = entry.expect("a seed").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let is_picture =
                end == ".picture" && [".jpg", ".png", ".gif", ".webp"].iter().any(|end| name.ends_with(end));
            if name.ends_with(end) || is_picture {
                let bytes = std::fs::read(&path).expect("a seed");
                found.extend((bytes.len() < 20_000).then_some((name, bytes)));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no seed ends with {end}");
    found
}

/// A seed with some changes.
fn changed(dice: &mut Dice, seeds: &[(String, Vec<u8>)]) -> (String, Vec<u8>) {
    let (name, mut bytes) = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(40)).min(bytes.len());
        match dice.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.below(256) as u8,
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].repeat(1 + dice.below(20));
                bytes.splice(at..at, piece);
            }
            5 => {
                let other = &seeds[dice.below(seeds.len())].1;
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            6 if end - at >= 4 => bytes[at..at + 4].copy_from_slice(&(dice.below(1 << 32) as u32).to_be_bytes()),
            _ => drop(bytes.splice(at..at, WORDS[dice.below(WORDS.len())].bytes())),
        }
    }
    (name, bytes)
}

/// Gives `reader` changed seeds, and says which it did not survive.
fn fuzz(end: &str, rounds: usize, mut reader: impl FnMut(&str, &[u8])) {
    let seeds = corpus(end);
    let seed = asked("LIFTHILL_SEED", 1_u64);
    let (rounds, seconds) = (asked("LIFTHILL_FUZZ", rounds), asked("LIFTHILL_FUZZ_SECONDS", 0_u64));
    let begun = Instant::now();
    let mut dice = Dice(seed);
    let mut done = 0;
    while done < rounds || begun.elapsed() < Duration::from_secs(seconds) {
        let (name, bytes) = changed(&mut dice, &seeds);
        if catch_unwind(AssertUnwindSafe(|| reader(&name, &bytes))).is_err() {
            let kept = std::env::temp_dir().join(format!("lifthill-{}{end}", Digest::of(&bytes)));
            std::fs::write(&kept, &bytes).expect("the input that it did not survive");
            panic!("{name} changed, round {done} of seed {seed}: see {}", kept.display());
        }
        done += 1;
    }
    println!("{end}: {done} rounds in {} s", begun.elapsed().as_secs());
}

const READING: Reading =
    Reading { now: 1_700_000_000, drafts: true, rating_scale: 10, photos_apart: false, trust_html: false };

#[test]
fn front_matter_and_lists() {
    let paths = ["parks/p/index.md", "parks/p/rides/r.md", "articles/a.md", "companies/c.md", "models/c/m.md"];
    let lists = ["parks/p/reviews.jsonl", "parks/p/areas.toml", "parks/p/photos.toml"];
    fuzz(".front", 500, |_, bytes| {
        for path in paths.iter().chain(&lists) {
            drop(source::parse(path, bytes, &READING));
        }
    });
}

#[test]
fn markdown_to_sanitised_html() {
    fuzz(".markdown", 500, |_, bytes| {
        let text = String::from_utf8_lossy(bytes);
        for smart_punctuation in [true, false] {
            let style = Style { smart_punctuation, trust_html: false };
            let html =
                to_html(&text, style, &Ids::default(), |_| Some(("A & <b>".to_owned(), "/a/".to_owned())), |_| None);
            let html = html.unwrap_or_default().to_ascii_lowercase();
            // Quotes in text stay as they are: only within a tag is an attribute one.
            let tags = html.match_indices('<').map(|(at, _)| html[at..].split('>').next().unwrap_or_default());
            for tag in tags {
                let names_harm = ["<script", "<style", "<iframe"].iter().any(|bad| tag.starts_with(bad));
                // What is between quotes is a value, whatever it looks like.
                let attributes: String = tag.split('"').step_by(2).collect();
                let harmful = |name: &&str| tag.contains(&format!("{name}=\"javascript:"));
                let does_harm = attributes.contains(" on") || ["href", "src", "action"].iter().any(harmful);
                assert!(!names_harm && !does_harm, "{tag}> in {html}");
            }
        }
    });
}

/// The program that does what may die.
fn workshop() -> Workshop {
    Workshop::by(Some(PathBuf::from(env!("CARGO_BIN_EXE_lifthill"))), assets::work_apart, Room::of(512 << 20))
}

fn survives(workshop: &Workshop, path: &str, bytes: &[u8]) {
    let died = assets::attempt(workshop, path, &String::from_utf8_lossy(bytes)).expect("a process");
    // A parser that panics has come to an end by itself, and there are words for it.
    let ended = match &died {
        Some(Died::Otherwise(words)) => words == "the job panicked",
        _ => true,
    };
    assert!(ended, "{died:?}");
}

#[test]
fn style_sheets() {
    let workshop = workshop();
    fuzz(".css", 500, |_, bytes| survives(&workshop, "css/x.css", bytes));
}

#[test]
fn sass() {
    let workshop = workshop();
    fuzz(".scss", 500, |_, bytes| survives(&workshop, "css/x.scss", bytes));
}

#[test]
fn scripts() {
    let workshop = workshop();
    fuzz(".js", 300, |_, bytes| survives(&workshop, "x.js", bytes));
}

#[test]
fn pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    let cas = Cas::look(folder.path());
    let budget = Budget::new(64 << 20);
    fuzz(".picture", 500, |_, bytes| {
        if media::needs(bytes) > 32 << 20 {
            return;
        }
        drop(media::survey(&cas, &budget, Digest::of(bytes), bytes));
        drop(media::strip(bytes));
    });
}

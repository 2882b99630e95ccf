//! Random histories: a small synthetic site, edited again and again by the dice, built after each
//! edit and held to the laws. The same seed tells the same history.
//!
//! `LIFTHILL_SEED`, `LIFTHILL_HISTORIES` and `LIFTHILL_EDITS` ask for other and longer ones.

mod steps;
#[path = "../../../benches/synth/mod.rs"]
pub mod synth;

use crate::dice::{Dice, asked};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use serde_json::Value;

use crate::site::{self, Built, Site};
use steps::STEPS;

#[test]
fn any_history_ends_as_a_clean_build_would() {
    let seed = asked("LIFTHILL_SEED", 1898);
    let (histories, edits) = (asked("LIFTHILL_HISTORIES", 6), asked("LIFTHILL_EDITS", 12));
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..2)
            .map(|lane| scope.spawn(move || (lane..histories).step_by(2).for_each(|one| tell(seed + one, edits))))
            .collect();
        for lane in lanes {
            lane.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}

/// A synthetic site: the same pages for the same seed.
pub fn synthetic(pages: u32, seed: u64) -> Site {
    let site = Site::new();
    site.remove("content");
    synth::write_site(&site.path(""), &synth::Shape { pages, seed }).expect("a synthetic site");
    site
}

/// Tells the history of `seed`, and prints it if it does not end well.
fn tell(seed: u64, edits: u64) {
    let mut history = History::new(seed);
    let told = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..edits {
            history.go_on();
        }
        history.mend();
    }));
    if let Err(panic) = told {
        let lines = history.lines.join("\n  ");
        eprintln!("LIFTHILL_SEED={seed} LIFTHILL_HISTORIES=1 LIFTHILL_EDITS={edits} ended badly:\n  {lines}");
        resume_unwind(panic);
    }
}

/// What was said of a build before it was made.
struct Foreseen {
    /// Whether anything was said: not of a site with mistakes.
    planned: bool,
    /// File of every page that is due → its URL path, why.
    due: BTreeMap<String, (String, String)>,
    /// Files of the pages that read what was touched.
    impacts: BTreeSet<String>,
}

struct History {
    site: Site,
    dice: Dice,
    /// What has been done so far.
    lines: Vec<String>,
    /// What the files of the last step were before it.
    undo: Vec<(String, Option<Vec<u8>>)>,
    /// What files once were.
    kept: Vec<(String, Vec<u8>)>,
    /// Makes new names.
    serial: u32,
}

impl History {
    fn new(seed: u64) -> Self {
        let site = synthetic(60, seed);
        let history = Self { site, dice: Dice(seed), lines: Vec::new(), undo: Vec::new(), kept: Vec::new(), serial: 0 };
        history.site.build();
        history
    }

    /// Takes one to three steps and builds. A site with mistakes is built as it is, and then the
    /// steps are taken back.
    fn go_on(&mut self) {
        self.undo.clear();
        let all: u32 = STEPS.iter().map(|(weight, _)| weight).sum();
        for _ in 0..[1, 1, 1, 2, 3][self.dice.below(5)] {
            let mut roll = self.dice.below(all as usize) as u32;
            let step = STEPS.iter().find(|(weight, _)| {
                let found = roll < *weight;
                roll = roll.saturating_sub(*weight);
                found
            });
            step.expect("the roll is below the sum").1(self);
        }
        let foreseen = self.foresee();
        let built = self.site.try_build(&["--now", "2026-01-01"]);
        self.was_foreseen(&foreseen, &built);
        match (built.code(), built.files("failed")) {
            (0, _) => self.lines.push("  builds".to_owned()),
            (1, 0) => {
                self.lines.push(format!("  has mistakes: {}", built.messages().join("; ")));
                self.take_back();
                let built = self.site.try_build(&["--now", "2026-01-01"]);
                let (code, failed) = (built.code(), built.files("failed"));
                assert!(code == 0 || failed > 0, "taken back, and still wrong:\n{}", built.stderr());
            }
            // Pages that cannot be made stay as they were until somebody mends them.
            (1, failed) => self.lines.push(format!("  builds but for {failed} pages")),
            (code, _) => panic!("exit code {code}:\n{}", built.stderr()),
        }
    }

    /// What is said of the next build before it is made.
    fn foresee(&self) -> Foreseen {
        let json = |arguments: &[&str]| -> Option<Value> {
            let (code, out, _) = self.site.command(arguments);
            (code == 0).then(|| serde_json::from_str(&out).expect("one JSON object"))
        };
        let plan = json(&["build", "--dry-run", "--json", "--now", "2026-01-01"]);
        let mut due = BTreeMap::new();
        for page in plan.iter().flat_map(|plan| plan["plan"]["due"].as_array().into_iter().flatten()) {
            let text = |name: &str| page[name].as_str().unwrap_or_default().to_owned();
            due.insert(text("file"), (text("page"), text("reason")));
        }
        Foreseen { planned: plan.is_some(), due, impacts: self.impacts() }
    }

    /// The files of all pages that would be looked at if what this step touched were touched.
    fn impacts(&self) -> BTreeSet<String> {
        let touched: BTreeSet<&String> = self.undo.iter().map(|(path, _)| path).collect();
        let mut files = BTreeSet::new();
        for path in touched {
            let (code, out, _) = self.site.command(&["impact", path, "--json"]);
            if code == 0 {
                let impact: Value = serde_json::from_str(&out).expect("one JSON object");
                let pages = impact["pages"].as_array().into_iter().flatten();
                files.extend(pages.filter_map(|page| page["file"].as_str().map(str::to_owned)));
            }
        }
        files
    }

    /// A build does what the dry run, `why` and `impact` have said of it.
    fn was_foreseen(&mut self, foreseen: &Foreseen, built: &Built) {
        let rendered = built.rendered_files();
        if !foreseen.planned || rendered.is_empty() {
            return;
        }
        // Which sizes of a photo are wanted is known once the pages that show it are rendered.
        let rendered: Vec<_> = rendered.into_iter().filter(|file| !file.starts_with("photos/")).collect();
        if rendered.is_empty() {
            return;
        }
        let unforeseen: Vec<_> = rendered.iter().filter(|file| !foreseen.due.contains_key(*file)).collect();
        assert!(unforeseen.is_empty(), "rendered, but not in the dry run: {unforeseen:?}");
        let sample = &rendered[self.dice.below(rendered.len())];
        let (page, reason) = &foreseen.due[sample];
        let (code, out, stderr) = self.site.command(&["why", page, "--json", "--now", "2026-01-01"]);
        assert_eq!(code, 0, "{stderr}");
        let why: Value = serde_json::from_str(&out).expect("one JSON object");
        assert_eq!(why["reason"].as_str(), Some(reason.as_str()), "why {page} was rendered");
        let after = self.impacts();
        let by_itself = [
            "it is a new page",
            "its file is missing or was altered",
            "a compressed form of it is missing or was altered",
            "it failed in an earlier build",
        ];
        let unforeseen: Vec<_> = rendered
            .iter()
            .filter(|file| !foreseen.impacts.contains(*file) && !after.contains(*file))
            .map(|file| (file, &foreseen.due[file].1))
            .filter(|(_, reason)| !by_itself.contains(&reason.as_str()))
            .collect();
        assert!(unforeseen.is_empty(), "rendered, but in no impact of what was touched: {unforeseen:#?}");
    }

    /// Takes back what makes pages fail, and builds for the last time.
    fn mend(&mut self) {
        self.lines.push("mend".to_owned());
        if self.site.path("templates").exists() {
            self.site.remove("templates");
        }
        for path in self.files("/photos/", ".jpg") {
            self.site.write(&path, site::picture(1));
        }
        self.site.build_with(&["--now", "2026-01-01"]);
    }

    fn take_back(&mut self) {
        for (path, bytes) in std::mem::take(&mut self.undo).into_iter().rev() {
            match bytes {
                Some(bytes) => self.site.write(&path, bytes),
                None if self.site.path(&path).exists() => self.site.remove(&path),
                None => {}
            }
        }
    }

    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Writes a file, to be taken back if need be.
    fn write(&mut self, path: &str, bytes: impl AsRef<[u8]>) {
        self.keep(path);
        self.site.write(path, bytes);
    }

    fn keep(&mut self, path: &str) {
        let old = fs::read(self.site.path(path)).ok();
        self.kept.extend(old.iter().map(|bytes| (path.to_owned(), bytes.clone())));
        if self.kept.len() > 30 {
            self.kept.remove(0);
        }
        self.undo.push((path.to_owned(), old));
    }

    fn remove(&mut self, path: &str) {
        self.keep(path);
        self.site.remove(path);
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.site.path(path)).expect("a text of the site")
    }

    fn new_name(&mut self) -> String {
        self.serial += 1;
        let first = ["Ö", "the ", "Ab", "mo", "Zz", "É"][self.dice.below(6)];
        format!("{first}thing {}", self.serial)
    }

    /// The content files whose path holds `part` and ends with `end`.
    fn files(&self, part: &str, end: &str) -> Vec<String> {
        let root = self.site.path("");
        let mut open = vec![root.join("content")];
        let mut found = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("a folder of the site") {
                let path = entry.expect("an entry of it").path();
                let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
                match path.is_dir() {
                    true => open.push(path),
                    false if name.contains(part) && name.ends_with(end) => found.push(name),
                    false => {}
                }
            }
        }
        found.sort();
        found
    }

    fn pick(&mut self, part: &str, end: &str) -> Option<String> {
        let files = self.files(part, end);
        (!files.is_empty()).then(|| files[self.dice.below(files.len())].clone())
    }

    fn pick_park(&mut self) -> String {
        let index = self.pick("content/parks/", "/index.md").expect("a park");
        index["content/parks/".len()..].split('/').next().expect("its folder").to_owned()
    }

    /// Puts `line` at the top of the front matter in place of a line that begins like it.
    fn set(&mut self, path: &str, line: &str) {
        let key = line.split('=').next().unwrap_or_default();
        let text = self.read(path);
        let kept = text.lines().skip(1).filter(|old| !old.starts_with(key));
        let text: Vec<&str> = ["+++", line].into_iter().chain(kept).collect();
        self.say(format!("{path}: {line}"));
        self.write(path, text.join("\n") + "\n");
    }
}

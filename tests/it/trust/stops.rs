//! Builds that are stopped, and builds that meet.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lifthill::disk::Disk;
use lifthill::engine::code_digest;
use lifthill::room::Room;
use lifthill::state::State;

use crate::site::{Site, markdown};

/// A park with so many rides that a build takes a while.
fn large() -> Site {
    let site = Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    for ride in 0..500 {
        let front = format!(
            "name = 'Ride {ride}'\ncategory = 'other'\n+++\nRide [the next](ride:efteling/r-{}).",
            (ride + 1) % 500
        );
        site.write(&format!("content/parks/efteling/rides/r-{ride}.md"), markdown(&front));
    }
    site
}

fn rides_built(site: &Site) -> usize {
    fs::read_dir(site.path("output/parks/efteling/rides")).map_or(0, Iterator::count)
}

/// Starts a build, sends `signal` once some rides are there, and returns its exit code.
fn stopped_by(site: &Site, signal: &str) -> i32 {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    program.args(["build", "--jobs", "1", "--root"]).arg(site.path("")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut program: Child = program.spawn().expect("the program runs");
    while rides_built(site) < 3 {
        assert!(program.try_wait().expect("it can be asked").is_none(), "too fast to be stopped");
        std::thread::yield_now();
    }
    let sent = Command::new("kill").args([signal, &program.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let asked = Instant::now();
    let status = program.wait().expect("it ends");
    // Ten times what is promised: the machine may be busy.
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?} to stop", asked.elapsed());
    status.code().expect("it ends by itself")
}

#[test]
fn a_stopped_build_keeps_what_is_done_and_the_rest_stays_due() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let site = large();
        assert_eq!(stopped_by(&site, signal), code);
        let done = rides_built(&site);
        assert!(done < 500, "the build was over before it was stopped");
        let plan = site.command(&["build", "--dry-run", "--json"]).1;
        let plan: serde_json::Value = serde_json::from_str(&plan).expect("one JSON object");
        let due = plan["plan"]["due"].as_array().expect("a list").len();
        let built = site.build();
        assert_eq!(built.rendered_files().len(), due, "what was done is done again, or left out");
        assert!(built.files("unchanged") >= done as u64, "finished work was lost");
    }
}

#[test]
fn the_second_of_two_is_told_the_first_one_s_number() {
    let site = large();
    site.build();
    let before = site.output();
    let held = State::open(&site.path(""), code_digest(), &Disk::default(), Room::default())
        .expect("the state, as another would hold it");
    site.edit("lifthill.toml", "'Parks'", "'Other parks'");
    let number = format!("another lifthill process, pid {}, is working on this site", std::process::id());
    site.run(&[]).exit(3).says(&number);
    let (code, _, stderr) = site.command(&["why", "/"]);
    assert_eq!(code, 2);
    assert!(stderr.contains(&number), "{stderr}");
    assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    drop(held);
    site.build();
}

#[test]
fn a_failed_page_stays_due_over_restarts() {
    let site = Site::new()
        .park("efteling", "name = 'Efteling'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'other'");
    site.build();
    let theme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/ride.html")).expect("the theme");
    let spoilt = theme.replace("<header class=", "{{ asset(path='missing.png') }}<header class=");
    assert_ne!(spoilt, theme, "the theme's ride.html changed; the test must too");
    site.write("templates/ride.html", spoilt);
    for _ in 0..2 {
        site.run(&[]).exit(1).failed(1);
    }
    site.write("templates/ride.html", theme);
    site.build().rendered(["/parks/efteling/rides/python/"]);
    site.build().rendered([]);
}

#[test]
fn a_dry_run_says_what_a_build_does_and_writes_nothing() {
    let site = large();
    site.build();
    site.edit("content/parks/efteling/rides/r-7.md", "'Ride 7'", "'Rode 7'");
    site.remove("content/parks/efteling/rides/r-9.md");
    site.edit("content/parks/efteling/rides/r-8.md", "(ride:efteling/r-9)", "(ride:efteling/r-10)");
    let everything = || crate::tree::Tree::of(&site.path(""));
    let before = everything();
    let (code, out, _) = site.command(&["build", "--dry-run", "--json"]);
    assert_eq!(everything().touched_since(&before), Vec::<String>::new());
    assert_eq!(code, 0);
    let plan: serde_json::Value = serde_json::from_str(&out).expect("one JSON object");
    let plan = &plan["plan"];
    assert_eq!(plan["removed"], serde_json::json!(["parks/efteling/rides/r-9/index.html"]));
    let due: Vec<&str> =
        plan["due"].as_array().expect("a list").iter().filter_map(|page| page["file"].as_str()).collect();
    let rendered = site.build().rendered_files();
    let unforeseen: Vec<_> = rendered.iter().filter(|file| !due.contains(&file.as_str())).collect();
    assert!(unforeseen.is_empty(), "{unforeseen:?}");
}

#[test]
fn a_dry_run_of_a_site_that_was_never_built() {
    let site = Site::new().park("efteling", "name = 'Efteling'");
    let (code, out, _) = site.command(&["build", "--dry-run"]);
    assert_eq!(code, 0);
    assert!(out.contains("/parks/efteling/  it is a new page"), "{out}");
    assert!(!site.path(".lifthill").exists() && !site.path("output").exists());
}

//! Serving from a terminal: keys, and a browser that is opened.

use std::time::{Duration, Instant};

use super::{PATIENCE, Served, park_site};
use crate::site::{Site, ride_file};

/// A terminal of its own for standard input; what is said goes where it went.
const IN_A_TERMINAL: &str = "exec 3>&2; exec script -qec \"exec $0 $* 2>&3\" /dev/null";

/// A program that is called as a browser is opened, and leaves the address; returns the search path
/// that finds it first.
fn browser(site: &Site) -> String {
    let folder = site.outside().join("bin");
    std::fs::create_dir(&folder).expect("a folder");
    let place = site.outside().join("opened");
    for name in ["xdg-open", "open"] {
        let script = format!("#!/bin/sh\necho \"$1\" >> {}\n", place.display());
        std::fs::write(folder.join(name), script).expect("a script");
        let status = std::process::Command::new("chmod").arg("+x").arg(folder.join(name)).status();
        assert!(status.expect("chmod").success());
    }
    format!("{}:{}", folder.display(), std::env::var("PATH").expect("a search path"))
}

/// Waits until so many addresses have been opened.
#[track_caller]
fn opened(site: &Site, count: usize) -> Vec<String> {
    let end = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(site.outside().join("opened")).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.len() >= count {
            return lines;
        }
        assert!(Instant::now() < end, "nothing was opened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn keys_build_open_and_quit() {
    let site = park_site();
    let path = browser(&site);
    let mut served = Served::start_by(IN_A_TERMINAL, &site, &["--open"], &[("PATH", &path)]).built();
    let address = format!("http://{}/", served.address());
    assert_eq!(opened(&site, 1), std::slice::from_ref(&address));
    served.types("?");
    served.hears("r: build again");
    site.edit(&ride_file("efteling/python"), "Four", "Five");
    served.types("r");
    served.hears("/parks/efteling/rides/python/ · ");
    assert!(served.get("/parks/efteling/rides/python/").text().contains("Five inversions"));
    served.types("o");
    assert_eq!(opened(&site, 2), [address.clone(), address]);
    served.types("q");
    assert_eq!(served.ends(), Some(0));
    assert!(!site.path(".lifthill/serve.json").exists());
}

#[test]
fn standard_input_that_is_no_terminal_is_left_alone() {
    let site = park_site();
    let mut served = Served::start_by("exec \"$0\" \"$@\"", &site, &[], &[]).built();
    served.types("q");
    served.get("/").is(200);
    assert_eq!(served.stop(), Some(0));
}

//! The golden site: a small site written by hand, with one of everything, whose output is kept
//! beside it and compared byte by byte. After a wanted change, `LIFTHILL_BLESS=1 cargo test golden`
//! writes the output anew; `git diff` then shows what the change did.

use std::fs;
use std::path::PathBuf;

use crate::site::{Site, copy};
use crate::tree::Tree;

/// The moment of the golden build: its scheduled pages depend on it.
const NOW: &str = "2026-01-01";

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn the_golden_site_is_as_it_was() {
    let site = Site::new();
    copy(&folder("site"), &site.path(""), &[]);
    site.build_with(&["--now", NOW]);
    let expected = folder("output");
    if std::env::var_os("LIFTHILL_BLESS").is_some() {
        if expected.exists() {
            fs::remove_dir_all(&expected).expect("the old output goes");
        }
        copy(&site.path("output"), &expected, &[]);
    }
    let found = site.output().differences(&Tree::of(&expected));
    assert!(
        found.is_empty(),
        "{} files are not as tests/golden/output/ (right) has them; if that is meant, LIFTHILL_BLESS=1 writes it anew\n{}",
        found.len(),
        found.join("\n")
    );
}

//! Files that mean harm, whoever wrote them: each ends, soon, with words or a site, and never by a signal;
//! it takes no more memory than it is given, says no more than anybody reads, and tells no secret. Here is
//! how that is found out.

mod fifos;
mod floods;
mod fuzz;
mod nested;
mod secrets;
mod silent;
mod sizes;

use std::process::Command;

use crate::site::Site;

/// A site of one park, to which something is added.
fn small() -> Site {
    Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'\n+++\nHello.")
}

/// What came of a command.
struct Ended {
    code: i32,
    /// What it said on standard error.
    said: String,
    /// What it said on standard output.
    data: String,
}

impl Ended {
    #[track_caller]
    fn exit(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}", shortened(&self.said));
        self
    }

    #[track_caller]
    fn says(&self, words: &str) -> &Self {
        assert!(self.said.contains(words), "`{words}` is not in: {}", shortened(&self.said));
        self
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(3_000).collect()
}

/// Builds with 256 MB of memory, in an address space not much larger than that.
#[track_caller]
fn build(site: &Site) -> Ended {
    run(site, &["build", "--memory", "256M", "--jobs", "2"])
}

/// Runs a command that has a minute to end by itself, which is many times what it needs.
#[track_caller]
fn run(site: &Site, arguments: &[&str]) -> Ended {
    let script = "ulimit -v 786432; exec timeout -s KILL 60 \"$0\" \"$@\"";
    let done = site.output_by(script, arguments);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let code = done.status.code().unwrap_or_else(|| panic!("it was killed: {}", shortened(&said)));
    // What `timeout` makes of a signal, and of a program that does not end.
    assert!(code < 124, "it ended with {code}: {}", shortened(&said));
    Ended { code, said, data: String::from_utf8_lossy(&done.stdout).into_owned() }
}

/// Makes a named pipe, which nobody ever writes to.
fn pipe(site: &Site, path: &str) {
    let place = site.path(path);
    std::fs::create_dir_all(place.parent().expect("a folder")).expect("its folder");
    let made = Command::new("mkfifo").arg(&place).status().expect("mkfifo runs");
    assert!(made.success(), "{}", place.display());
}

/// Makes a file of so many megabytes that takes no room.
fn sparse(site: &Site, path: &str, megabytes: u64) {
    let place = site.path(path);
    std::fs::create_dir_all(place.parent().expect("a folder")).expect("its folder");
    std::fs::File::create(place).and_then(|file| file.set_len(megabytes << 20)).expect("a sparse file");
}

//! A server answers only for the folder that it serves: copies, restored caches and clones of foreign
//! repositories bring a `serve.json` along, and nobody believes it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::Command;
use std::sync::mpsc::channel;

use super::{Served, park_site};
use crate::site::{Site, copy, ride_file};

const SAID: &str = ".lifthill/serve.json";

/// What is planted in a site, in words and in deed.
type Plant = (&'static str, fn(&Site));

/// A copy of a site with everything in it.
fn copy_of(site: &Site) -> Site {
    let other = Site::new();
    fs::remove_dir_all(other.path("")).expect("an empty site");
    copy(&site.path(""), &other.path(""), &[]);
    other
}

/// A `serve.json` that names the folder of `site` rightly, made up by somebody.
fn make_up(site: &Site, address: &str) {
    let root = fs::metadata(site.path("")).expect("the folder");
    let root = serde_json::json!({ "device": root.dev(), "inode": root.ino(), "place": null });
    let said = serde_json::json!({ "pid": 1, "address": address, "token": "TOKEN", "root": root });
    site.write(SAID, said.to_string());
}

#[test]
fn a_copy_is_built_where_it_is() {
    let site = park_site();
    let served = Served::start(&site, &[]).built();
    let other = copy_of(&site);
    other.edit(&ride_file("efteling/python"), "Four", "Five");
    other.write(&ride_file("efteling/own"), "+++\nname = 'Own'\ncategory = 'other'\n+++\n");
    let built = other.build();
    assert!(built.rendered_files().iter().any(|file| file.contains("rides/own")), "{:?}", built.rendered_files());
    for command in [&["why", "/parks/efteling/rides/own/"][..], &["impact", "ride:efteling/own"]] {
        let (code, _, said) = other.command(command);
        assert_eq!(code, 0, "{command:?}: {said}");
        assert_ne!(site.command(command).0, 0, "the other site knows nothing of it");
    }
    served.get("/parks/efteling/rides/own/").is(404);
    drop(served);
}

#[test]
fn only_what_the_server_says_of_itself_restored_elsewhere() {
    let site = park_site();
    let _served = Served::start(&site, &["--watch"]).built();
    let other = park_site().article("own", "title = 'Own'\ndate = 2026-02-02\n+++\nOwn.");
    other.build();
    fs::copy(site.path(SAID), other.path(SAID)).expect("a copy");
    other.edit("content/articles/own.md", "Own.", "Other.");
    other.build().rendered(["/articles/own/"]);
}

#[test]
fn a_site_that_was_moved_away_is_served_no_more_by_its_old_name() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    fs::rename(site.path(""), site.outside().join("moved")).expect("a moved site");
    copy(&park_site().path(""), &site.path(""), &[]);
    site.write(&ride_file("efteling/own"), "+++\nname = 'Own'\ncategory = 'other'\n+++\n");
    site.build();
    assert!(site.has("/parks/efteling/rides/own/"));
    // What holds the moved site's state is not asked to build a folder that it does not know.
    let mut build = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    let done = build.args(["build", "--root", "moved"]).current_dir(site.outside()).output();
    let done = done.expect("the program runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("another lifthill process"), "{said}");
    assert_eq!(served.stop(), Some(0));
}

/// Somebody who listens, and answers whatever is asked; gives back what he was told.
fn stranger() -> (SocketAddr, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its number");
    let (sender, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).unwrap_or(0);
            let answer = r#"{"said":["\u001b]0;CANARY\u0007"],"errors":0,"report":{}}"#;
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{answer}");
            if sender.send(String::from_utf8_lossy(&bytes[..read]).into_owned()).is_err() {
                return;
            }
        }
    });
    (address, told)
}

#[test]
fn a_made_up_server_is_not_asked() {
    let (address, told) = stranger();
    let site = park_site();
    site.build();
    for said in [address.to_string(), format!("0.0.0.0:{}", address.port()), "192.0.2.1:80".to_owned()] {
        make_up(&site, &said);
        site.edit(&ride_file("efteling/python"), "inversions", "inversions and more");
        site.build().rendered(["/parks/efteling/rides/python/"]).never_says("CANARY");
        assert!(told.try_recv().is_err(), "{said} was asked");
    }
}

#[test]
fn a_stranger_is_told_nothing_even_while_the_site_is_held() {
    let (address, told) = stranger();
    let site = park_site();
    site.build();
    let lock = fs::File::options().write(true).open(site.path(".lifthill/lock")).expect("the lock");
    lock.try_lock().expect("nobody else has it");
    for said in [address.to_string(), format!("0.0.0.0:{}", address.port()), "192.0.2.1:80".to_owned()] {
        make_up(&site, &said);
        for command in [&["build"][..], &["why", "/"], &["impact", "ride:efteling/python"], &["serve", "--port", "0"]] {
            let (code, stdout, stderr) = site.command(command);
            assert_ne!(code, 0, "{command:?}");
            let heard = format!("{stdout}{stderr}");
            assert!(!heard.contains("CANARY") && !heard.contains('\u{1b}'), "{command:?}: {heard}");
            assert!(heard.contains("another lifthill process"), "{command:?}: {heard}");
        }
    }
    let asked: Vec<String> = told.try_iter().collect();
    assert!(!asked.is_empty(), "whoever is at the right place is asked who he is");
    assert!(asked.iter().all(|asked| !asked.contains("TOKEN")), "{asked:?}");
}

#[test]
fn what_is_planted_where_the_server_speaks_of_itself_is_not_obeyed() {
    let plants: [Plant; 6] = [
        ("a link for the new file", |site| link(site, ".lifthill/serve.json.tmp")),
        ("a link for the file", |site| link(site, SAID)),
        ("an empty folder for the new file", |site| folder(site, ".lifthill/serve.json.tmp")),
        ("an empty folder for the file", |site| folder(site, SAID)),
        ("a pipe", |site| {
            let made = Command::new("mkfifo").arg(site.path(SAID)).status();
            assert!(made.is_ok_and(|status| status.success()), "a pipe");
        }),
        ("gigabytes", |site| {
            let large = fs::File::create(site.path(SAID)).expect("a file");
            large.set_len(4 << 30).expect("a sparse file");
        }),
    ];
    for (what, plant) in plants {
        eprintln!("{what}");
        let site = park_site();
        site.build();
        fs::write(site.outside().join("victim"), "precious").expect("a file");
        plant(&site);
        let mut served = Served::start(&site, &[]).built();
        let (code, _, said) = site.command(&["build"]);
        assert_eq!(code, 0, "{what}: {said}");
        assert_eq!(fs::read_to_string(site.outside().join("victim")).expect("the victim"), "precious", "{what}");
        let mode = fs::symlink_metadata(site.path(SAID)).expect("it says who serves").mode();
        assert_eq!(mode & 0o177_777, 0o100_600, "{what}");
        assert_eq!(served.stop(), Some(0));
        assert!(!site.path(SAID).exists(), "{what}");
    }
}

fn link(site: &Site, place: &str) {
    symlink(site.outside().join("victim"), site.path(place)).expect("a link");
}

fn folder(site: &Site, place: &str) {
    fs::create_dir(site.path(place)).expect("a folder");
}

#[test]
fn a_server_on_an_address_of_its_own_is_found_over_the_loopback() {
    let site = park_site();
    let mut served = Served::start(&site, &["--host", "127.0.0.3"]).built();
    let said = fs::read_to_string(site.path(SAID)).expect("who serves");
    assert!(said.contains("127.0.0."), "{said}");
    site.edit(&ride_file("efteling/python"), "Four", "Five");
    let (code, _, said) = site.command(&["build"]);
    assert_eq!(code, 0, "{said}");
    served.shows("/parks/efteling/rides/python/", "Five inversions");
    assert_eq!(served.stop(), Some(0));
}

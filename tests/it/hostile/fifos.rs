//! What is no file and bears the name of one, wherever a file is read: it is named, and nobody waits for it.

use std::io::Read;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use super::{build, pipe, run, small};

const NO_FILE: &str = "a named pipe (FIFO), not a file";

#[test]
fn a_pipe_where_a_file_is_read() {
    for path in ["templates/ride.html", "assets/x.css", "assets/x.scss", "assets/x.bin", "assets/x.svg"] {
        let site = small();
        pipe(&site, path);
        build(&site).exit(1).says(NO_FILE).says(path);
    }
    let site = small();
    std::fs::remove_file(site.path("lifthill.toml")).expect("the settings");
    pipe(&site, "lifthill.toml");
    build(&site).exit(2).says(NO_FILE).says("lifthill.toml");
    let site = small().file("lifthill.toml", "[assets]\nvite = 'dist/manifest.json'\n");
    pipe(&site, "dist/manifest.json");
    build(&site).exit(1).says(NO_FILE).says("dist/manifest.json");
    for settings in ["url = 'file:db'\n", "url = 'env:HOME'\nreplicas = ['file:db']\n"] {
        let site = small().file("lifthill.toml", format!("source = 'postgres'\n[postgres]\n{settings}"));
        pipe(&site, "db");
        let ended = build(&site);
        assert_ne!(ended.code, 0, "{}", ended.said);
    }
}

#[test]
fn a_pipe_where_the_state_is_kept() {
    for path in ["lock", "journal", "state.redb", "seal", "clock", "metrics/build.tmp", "cas/tmp", "cas/actions"] {
        let site = small().file("assets/x.css", "a { color: red }");
        pipe(&site, &format!(".lifthill/{path}"));
        let ended = build(&site);
        assert!(
            ended.code == 0 || ended.said.contains("not a file") || ended.said.contains("cannot"),
            "{path}: {}",
            ended.said
        );
        run(&site, &["why", "/"]);
    }
}

#[test]
fn sockets_devices_and_links_are_no_files_either() {
    let site = small();
    std::fs::create_dir_all(site.path("assets")).expect("a folder");
    let _listener = UnixListener::bind(site.path("assets/x.js")).expect("a socket");
    build(&site).exit(1).says("a socket, not a file");
    let site = small();
    std::fs::remove_file(site.path("lifthill.toml")).expect("the settings");
    symlink("/dev/zero", site.path("lifthill.toml")).expect("a link");
    build(&site).exit(2).says("is a symbolic link, which is not followed");
    // A secret may be a link, as it is in containers, but not to what never ends.
    let site = small().file("lifthill.toml", "source = 'postgres'\n[postgres]\nurl = 'file:db'\n");
    symlink("/dev/zero", site.path("db")).expect("a link");
    build(&site).exit(2).says("a device, not a file");
}

#[test]
fn a_server_beside_a_pipe_ends_when_it_is_asked_to() {
    let site = small();
    site.build();
    let mut server = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    server
        .args(["serve", "--watch", "--port", "0", "--root"])
        .arg(site.path(""))
        .stderr(Stdio::piped())
        .stdin(Stdio::null());
    let mut server = server.spawn().expect("the program runs");
    let mut said = String::new();
    let mut stderr = server.stderr.take().expect("its words");
    let mut byte = [0];
    while !said.contains("http://") && stderr.read(&mut byte).is_ok_and(|read| read > 0) {
        said.push(char::from(byte[0]));
    }
    for path in ["templates/ride.html", "assets/x.css", ".lifthill/seal.tmp", "content/articles/x.md"] {
        pipe(&site, path);
    }
    let asked = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().expect("kill runs");
    assert!(asked.success());
    // The end of its words is the end of the server.
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("its last words");
    let code = server.wait().expect("it ends").code();
    assert!(code.is_some(), "{said}{rest}");
}

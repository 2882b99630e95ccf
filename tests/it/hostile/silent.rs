//! Somebody who accepts a connection and then says nothing: waited for, but not for ever.

use std::net::TcpListener;

use super::{run, small};

/// A listener that accepts by being one, and never answers.
fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    (listener, port)
}

#[test]
fn a_database_that_never_answers() {
    let (_listener, port) = silent();
    let site = small()
        .file("db", format!("postgres://u@127.0.0.1:{port}/parks?sslmode=disable"))
        .file("lifthill.toml", "source = 'postgres'\n[postgres]\nurl = 'file:db'\nacquire_timeout_s = 1\n");
    for arguments in [&["build"][..], &["check"], &["db", "status"], &["db", "migrate"]] {
        let ended = run(&site, arguments);
        assert_eq!(ended.code, 4, "{arguments:?}: {}", ended.said);
        assert!(ended.said.contains("database"), "{}", ended.said);
    }
}

//! What a store refuses, in words that say what is to be done: no such bucket, another region, nobody it
//! knows, no store at all. Each at once, since trying again is of no use.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::catalogue;
use super::server::{Moto, heard};
use crate::site::Site;

/// A server that answers whatever it is asked in one way.
struct Stubborn {
    address: String,
    asked: Arc<AtomicUsize>,
}

impl Stubborn {
    fn start(status: &'static str, headers: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                if !matches!(heard(&mut reader), Ok(Some(_))) {
                    continue;
                }
                count.fetch_add(1, Ordering::Relaxed);
                let length = body.len();
                let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n");
                // A client that went away has no complaint.
                let _ = write!(reader.into_inner(), "{head}\r\n{body}");
            }
        });
        Self { address, asked }
    }
}

/// Publishes to `to` at `endpoint`; the exit code, and all that was said.
#[track_caller]
fn publish(site: &Site, to: &str, endpoint: &str, arguments: &[&str]) -> (i32, String) {
    site.write(
        "lifthill.toml",
        format!(
            "title = 'Parks'\nbase_url = 'https://parks.example'\n[publish.live]\nto = '{to}'\n\
             endpoint = '{endpoint}'\nregion = 'us-east-1'\n"
        ),
    );
    let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    program.args(arguments).args(["--root", "site"]).current_dir(site.outside());
    program.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "no-secret-at-all");
    program.env("AZURE_STORAGE_ACCOUNT_NAME", "account").env("AZURE_STORAGE_ACCOUNT_KEY", "bm8tc2VjcmV0LWF0LWFsbA==");
    let done = program.output().expect("the program runs");
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.code().expect("it was not killed"), told)
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let (moto, site) = (Moto::start(), catalogue());
    for command in [
        &["publish"][..],
        &["publish", "--dry-run"],
        &["publish", "--list"],
        &["publish", "--rollback"],
        &["publish", "--audit"],
        &["publish", "--prune"],
        &["diff"],
    ] {
        let (code, told) = publish(&site, "s3://nowhere/www", &moto.address, command);
        assert_eq!(code, 2, "{command:?}: {told}");
        let expected = format!("there is no bucket `nowhere` at {}; make it, or correct `to`", moto.address);
        assert!(told.contains(&expected), "{command:?}: {told}");
        assert!(!told.contains("run the same command again"), "{command:?}: {told}");
    }
    let (code, told) = publish(&site, "s3://site/www", &moto.address, &["publish"]);
    assert_eq!(code, 0, "{told}");
}

#[test]
fn what_a_store_refuses_is_told_at_once_and_in_words() {
    let site = catalogue();
    site.build();
    let s3 = "s3://parks/www";
    for (to, status, headers, body, expected) in [
        (s3, "404 Not Found", "", "<Error><Code>NoSuchBucket</Code></Error>", "there is no bucket `parks`"),
        (
            "az://parks",
            "404 Not Found",
            "",
            "<Error><Code>ContainerNotFound</Code></Error>",
            "there is no container `parks`",
        ),
        (s3, "301 Moved Permanently", "", "<Error><Code>PermanentRedirect</Code></Error>", "is in another region"),
        (
            s3,
            "400 Bad Request",
            "",
            "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>",
            "is in another region, eu-west-3; correct `region`",
        ),
        (s3, "403 Forbidden", "", "<Error><Code>AccessDenied</Code></Error>", "do not allow it in the bucket `parks`"),
        (s3, "403 Forbidden", "", "<Error><Code>InvalidAccessKeyId</Code></Error>", "does not know the credentials"),
        (
            "az://parks",
            "403 Forbidden",
            "",
            "<Error><Code>AuthenticationFailed</Code></Error>",
            "does not know the credentials",
        ),
        (s3, "401 Unauthorized", "", "", "does not know the credentials"),
        (
            s3,
            "405 Method Not Allowed",
            "allow: GET\r\n",
            "<html>nginx</html>",
            "no store answers for the bucket `parks`",
        ),
    ] {
        let server = Stubborn::start(status, headers, body);
        let (code, told) = publish(&site, to, &server.address, &["publish", "--no-build"]);
        assert_eq!(code, 2, "{status} {body}: {told}");
        assert!(told.contains(expected), "{status} {body}: {told}");
        assert_eq!(server.asked.load(Ordering::Relaxed), 1, "{status} {body} was asked again: {told}");
    }
}

#[test]
fn a_web_server_that_is_no_store_is_not_taken_for_an_empty_one() {
    let (server, site) = (Stubborn::start("404 Not Found", "", "<html>nothing here</html>"), catalogue());
    let (code, told) = publish(&site, "s3://parks", &format!("{}/wrong/path", server.address), &["publish"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("no store answers for the bucket `parks`") && told.contains("correct `endpoint`"), "{told}");
    assert!(!told.contains("another deploy"), "{told}");
}

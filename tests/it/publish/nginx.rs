//! A folder target behind Debian's nginx: visitors see one release or the other, never an old page
//! for a new one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::catalogue;

struct Nginx {
    child: Child,
    port: u16,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nginx {
    fn start(root: &std::path::Path, own: &std::path::Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let (root, own) = (root.display(), own.display());
        std::fs::create_dir_all(own.to_string()).expect("a folder");
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {own}/{kind};"))
            .concat();
        let text = format!(
            "daemon off; master_process off; pid {own}/pid; error_log {own}/error.log;\n\
             events {{}}\nhttp {{ access_log off; {temporary} types {{ text/html html; }}\n\
             server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
        );
        std::fs::write(format!("{own}/nginx.conf"), text).expect("its configuration");
        let mut nginx = Command::new("nginx");
        nginx.args(["-e", &format!("{own}/error.log"), "-c", &format!("{own}/nginx.conf")]).stderr(Stdio::null());
        let child = nginx.spawn().expect("nginx is installed; ./test does it");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "nginx does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }

    /// Status, ETag and body of a page.
    fn get(&self, path: &str, etag: Option<&str>) -> (u16, String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("nginx is there");
        let condition = etag.map(|etag| format!("If-None-Match: {etag}\r\n")).unwrap_or_default();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: parks.example\r\n{condition}\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let etag = head.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap_or_default();
        (status, etag.to_owned(), body.to_owned())
    }
}

#[test]
fn nginx_never_answers_with_an_old_page_for_a_new_one() {
    let site = catalogue();
    let place = site.outside().join("www");
    let to = format!("file://{}", place.display());
    let publish = |arguments: &[&str]| {
        let (code, _, talk) = site.command(&[&["publish", &to, "--now", "2026-01-01"], arguments].concat());
        assert_eq!(code, 0, "{talk}");
    };
    publish(&[]);
    let nginx = Nginx::start(&place.join("current"), &site.outside().join("nginx"));
    let page = "/parks/efteling/rides/ride-3/";
    let (status, first, body) = nginx.get(page, None);
    assert!(status == 200 && body.contains("Ride 3 of efteling"), "{status} {body}");
    assert_eq!(nginx.get(page, Some(&first)).0, 304);
    site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of", "'Rode 3 of");
    publish(&[]);
    let (status, second, body) = nginx.get(page, Some(&first));
    assert!(status == 200 && body.contains("Rode 3 of efteling"), "{status}: the same size, another second");
    publish(&["--rollback"]);
    let (status, _, body) = nginx.get(page, Some(&second));
    assert!(status == 200 && body.contains("Ride 3 of efteling"), "{status}: back again");
}

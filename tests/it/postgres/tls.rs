//! Encrypted connections: what `sslmode` asks for is what one gets, or a clear word.

use std::path::Path;
use std::process::Command;

use super::cluster::Server;
use super::{fill, keeps_the_secret, site_on};

/// Runs OpenSSL in a folder.
fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl runs");
    assert!(done.status.success(), "openssl {arguments}\n{}", String::from_utf8_lossy(&done.stderr));
}

/// Makes an authority `ca.pem`, and by it `server.pem` with `server.key` for what is called `name`.
fn certificates(folder: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 30 -subj /CN=authority"));
    openssl(folder, &format!("req {key} -keyout server.key -out server.csr -subj /CN=server"));
    std::fs::write(folder.join("names"), format!("subjectAltName={name}\n")).expect("a file");
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out server.pem",
    );
}

#[test]
fn what_sslmode_asks_for() {
    let server = Server::primary();
    let site = site_on(&server);
    fill(&site, &server);
    let [ours, others] = ["ours", "others"].map(|name| site.outside().join(name));
    for folder in [&ours, &others] {
        std::fs::create_dir(folder).expect("a folder");
        certificates(folder, "IP:127.0.0.1");
    }
    let url = server.url();
    let with = |query: &str| std::fs::write(server.folder().join("url"), format!("{url}?{query}")).expect("a file");
    let fails = |words: &str| {
        let before = site.output();
        let built = site.run(&[]);
        built.exit(4).says(words);
        assert!(site.output().touched_since(&before).is_empty(), "the old site was touched");
        keeps_the_secret(&site, built.stderr());
    };

    // A server that cannot encrypt.
    with("sslmode=require");
    fails("no secure connection: server does not support TLS; `sslmode` in the URL says what is asked for");
    with("sslmode=prefer");
    site.run(&[]).exit(0);

    // One that insists on it.
    server.wants_tls(&ours);
    with("sslmode=disable");
    fails("no encryption");
    fails("if the server wants TLS: leave `sslmode=disable` out of the URL");
    let (ours, others) = (ours.join("ca.pem"), others.join("ca.pem"));
    for mode in ["prefer", "require"] {
        with(&format!("sslmode={mode}"));
        site.run(&[]).exit(0).rendered([]);
    }
    for mode in ["verify-ca", "verify-full"] {
        with(&format!("sslmode={mode}&sslrootcert={}", ours.display()));
        site.run(&[]).exit(0).rendered([]);
        with(&format!("sslmode={mode}&sslrootcert={}", others.display()));
        fails("no secure connection: invalid peer certificate");
        fails("`sslrootcert` in the URL names the authority");
        // Those that the world trusts do not know it.
        with(&format!("sslmode={mode}"));
        fails("no secure connection: invalid peer certificate: UnknownIssuer");
    }
    with("sslmode=verify-full&sslrootcert=/nowhere/ca.pem");
    fails("a certificate or key that the URL names");
    with("sslmode=sometimes");
    let built = site.run(&[]);
    built.exit(2).says("unknown value \"sometimes\" for `ssl_mode`");
    keeps_the_secret(&site, built.stderr());
}

#[test]
fn a_certificate_for_somebody_else() {
    let server = Server::primary();
    let site = site_on(&server);
    fill(&site, &server);
    certificates(site.outside(), "DNS:elsewhere.example");
    server.wants_tls(site.outside());
    let (url, authority) = (server.url(), site.outside().join("ca.pem"));
    let with = |mode: &str| {
        let url = format!("{url}?sslmode={mode}&sslrootcert={}", authority.display());
        std::fs::write(server.folder().join("url"), url).expect("a file");
    };
    with("verify-full");
    site.run(&[]).exit(4).says("no secure connection: invalid peer certificate").says("not valid for name");
    // Who asks only for the authority gets it.
    with("verify-ca");
    site.run(&[]).exit(0);
}

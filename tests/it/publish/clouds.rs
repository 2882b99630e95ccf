//! The other clouds: Azure as Microsoft's own emulator speaks it, Google as a stand-in does. The
//! same story in both: publish, again, one edit, two at a time, back, audited, pruned.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use futures_util::StreamExt;
use object_store::azure::{AzureAuthorizer, MicrosoftAzureBuilder};
use object_store::client::{HttpConnector, HttpRequest, ReqwestConnector};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{Attribute, ClientOptions, ObjectStore, ObjectStoreExt};

use super::catalogue;
use super::google::Google;
use super::server::until_it_listens;
use crate::dice::asked;
use crate::histories::synthetic;
use crate::site::{Site, copy};

/// The account and key that everybody's emulator has.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A store in a cloud, and how to get at it.
struct Cloud {
    to: &'static str,
    endpoint: String,
    environment: Vec<(&'static str, String)>,
    /// What nobody may be told.
    secret: &'static str,
    store: Arc<dyn ObjectStore>,
    runtime: tokio::runtime::Runtime,
    _server: Option<Server>,
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Azurite with a container called `site`. `./test` installs it and names it in `LIFTHILL_AZURITE`.
fn azure() -> Cloud {
    let program = std::env::var("LIFTHILL_AZURITE").unwrap_or_else(|_| "azurite-blob".to_owned());
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let mut azurite = Command::new(&program);
    azurite.args(["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]);
    azurite.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
    let child = azurite.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap_or_else(|error| {
        panic!("{program} cannot be started ({error}); run ./test, or set LIFTHILL_AZURITE to azurite-blob's place")
    });
    let server = Some(Server(child));
    until_it_listens(port, "azurite");
    let endpoint = format!("http://127.0.0.1:{port}/{ACCOUNT}");
    let options = ClientOptions::new().with_allow_http(true);
    let runtime = runtime();
    let store = MicrosoftAzureBuilder::new()
        .with_account(ACCOUNT)
        .with_access_key(KEY)
        .with_endpoint(endpoint.clone())
        .with_container_name("site")
        .with_client_options(options.clone())
        .build()
        .expect("a store");
    runtime.block_on(async {
        let credential = store.credentials().get_credential().await.expect("a credential");
        let mut request = HttpRequest::new(Vec::new().into());
        *request.method_mut() = reqwest::Method::PUT;
        *request.uri_mut() = format!("{endpoint}/site?restype=container").parse().expect("a URL");
        request.headers_mut().insert("content-length", object_store::HeaderValue::from_static("0"));
        AzureAuthorizer::new(&credential, ACCOUNT).try_authorize(&mut request).expect("a signature");
        let client = ReqwestConnector::default().connect(&options).expect("a client");
        let made = client.execute(request).await.expect("an answer");
        assert!(made.status().is_success(), "{}", made.status());
    });
    let environment = vec![("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.into()), ("AZURE_STORAGE_ACCOUNT_KEY", KEY.into())];
    Cloud { to: "az://site/www", endpoint, environment, secret: KEY, store: Arc::new(store), runtime, _server: server }
}

fn google() -> Cloud {
    let endpoint = Google::start().address;
    const SECRET: &str = "very-secret-key";
    let key =
        format!(r#"{{"private_key": "{SECRET}", "private_key_id": "", "client_email": "", "disable_oauth": true}}"#);
    let runtime = runtime();
    let store = GoogleCloudStorageBuilder::new()
        .with_service_account_key(&key)
        .with_base_url(&endpoint)
        .with_bucket_name("site")
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .build()
        .expect("a store");
    let environment = vec![("GOOGLE_SERVICE_ACCOUNT_KEY", key)];
    Cloud { to: "gs://site/www", endpoint, environment, secret: SECRET, store: Arc::new(store), runtime, _server: None }
}

/// The program under test; another one (say, one that was built to be fast) where that is asked for.
fn program() -> String {
    std::env::var("LIFTHILL_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_lifthill").to_owned())
}

impl Cloud {
    fn program(&self, site: &Site, root: &str, arguments: &[&str]) -> Command {
        let mut program = Command::new(program());
        program.arg("publish").args(["--root", root]).args(arguments).current_dir(site.outside());
        program.envs(self.environment.iter().map(|(name, value)| (name, value)));
        program
    }

    #[track_caller]
    fn publish(&self, site: &Site, arguments: &[&str]) -> String {
        let done = self.program(site, "site", arguments).output().expect("the program runs");
        let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{told}");
        assert!(!told.contains(self.secret), "a credential was told:\n{told}");
        told
    }

    #[track_caller]
    fn outcome(&self, site: &Site, arguments: &[&str]) -> serde_json::Value {
        let told = self.publish(site, &[arguments, &["--json"]].concat());
        serde_json::from_str(told.lines().find(|line| line.starts_with('{')).expect("JSON")).expect("JSON")
    }

    /// What stands where visitors look, with types and how long each is kept.
    fn objects(&self) -> BTreeMap<String, (Vec<u8>, String, String)> {
        self.runtime.block_on(async {
            let listed: Vec<_> = self.store.list(Some(&Path::from("www"))).collect().await;
            let mut found = BTreeMap::new();
            for meta in listed {
                let key = meta.expect("a listed object").location;
                let got = self.store.get(&key).await.expect("an object that was just listed");
                let said = |what| got.attributes.get(&what).map(|value| value.to_string()).unwrap_or_default();
                let (kind, kept) = (said(Attribute::ContentType), said(Attribute::CacheControl));
                let bytes = got.bytes().await.expect("its bytes").to_vec();
                found.insert(key.as_ref().trim_start_matches("www/").to_owned(), (bytes, kind, kept));
            }
            found
        })
    }

    #[track_caller]
    fn holds_the_output(&self, site: &Site) {
        let (there, output) = (self.objects(), site.output());
        let variant = |file: &str| [".gz", ".br", ".zst"].iter().any(|extension| file.ends_with(extension));
        for file in output.files().filter(|file| !variant(file)) {
            let bytes = there.get(file).map(|(bytes, ..)| bytes.as_slice());
            assert!(bytes == output.bytes(file), "{file} is not as it was built");
        }
        let kept = |key: &str| ["assets/", "photos/", "_deploy/"].iter().any(|folder| key.starts_with(folder));
        let surplus: Vec<_> = there.keys().filter(|key| !kept(key) && output.bytes(key).is_none()).collect();
        assert!(surplus.is_empty(), "{surplus:?}");
    }

    fn tells_its_story(&self) {
        let site = catalogue();
        site.write(
            "lifthill.toml",
            format!(
                "title = 'Parks'\nbase_url = 'https://parks.example'\n[publish.live]\nto = '{}'\nendpoint = '{}'\n",
                self.to, self.endpoint
            ),
        );
        self.publish(&site, &["--now", "2026-01-01"]);
        self.holds_the_output(&site);
        let first = self.objects();
        let (_, kind, kept) = &first["index.html"];
        assert_eq!((kind.as_str(), kept.as_str()), ("text/html; charset=utf-8", "public, max-age=0, must-revalidate"));
        let sheet = first.keys().find(|key| key.starts_with("assets/css/site.")).expect("a style sheet");
        assert_eq!(first[sheet].2, "public, max-age=31536000, immutable");

        let again = self.outcome(&site, &["--now", "2026-01-01"]);
        assert_eq!(again["published"].as_bool(), Some(false));
        assert!(again["requests"].as_u64().expect("a number") <= 5, "{again}");

        let ride = "content/parks/efteling/rides/ride-4.md";
        let text = std::fs::read_to_string(site.path(ride)).expect("a ride");
        site.write(ride, text + "\nNew prose.\n");
        let edited = self.outcome(&site, &["--now", "2026-01-02"]);
        assert_eq!(edited["objects"].as_u64(), Some(1), "{edited}");
        assert!(edited["requests"].as_u64().expect("a number") <= 8, "{edited}");
        self.holds_the_output(&site);

        self.publish(&site, &["--rollback", "--now", "2026-01-03"]);
        let back = self.objects();
        let visible = |all: &BTreeMap<String, _>| {
            let visible = all.clone().into_iter();
            visible.filter(|(key, _)| !key.starts_with("_deploy/")).collect::<Vec<_>>()
        };
        assert!(visible(&back) == visible(&first), "bytes and headers are the former ones");

        self.races(&site);

        let key = Path::from("www/robots.txt");
        self.runtime.block_on(self.store.delete(&key)).expect("robots.txt is taken away");
        let told = self.publish(&site, &["--audit", "--now", "2026-01-05"]);
        assert!(told.contains("robots.txt is missing"), "{told}");
        self.holds_the_output(&site);

        let before = self.objects().len();
        site.write("templates/404.html", "Another one");
        self.publish(&site, &["--now", "2026-03-05"]);
        self.publish(&site, &["--prune", "--now", "2026-03-06"]);
        assert!(self.objects().len() < before, "old releases are let go");
        self.holds_the_output(&site);
        self.keeps_its_secret(&site);
    }

    /// Neither what the site remembers nor what the store holds has the credential in it.
    fn keeps_its_secret(&self, site: &Site) {
        let holds = |bytes: &[u8]| bytes.windows(self.secret.len()).any(|part| part == self.secret.as_bytes());
        let mut folders = vec![site.path(".lifthill")];
        while let Some(folder) = folders.pop() {
            for found in std::fs::read_dir(folder).expect("a folder").flatten() {
                match found.path() {
                    folder if folder.is_dir() => folders.push(folder),
                    file => assert!(!holds(&std::fs::read(&file).expect("a file")), "{}", file.display()),
                }
            }
        }
        for (key, (bytes, ..)) in self.objects() {
            let plain = bytes.strip_prefix(b"LHR2").and_then(|frame| zstd::stream::decode_all(frame).ok());
            assert!(!holds(&bytes) && !plain.is_some_and(|plain| holds(&plain)), "{key}");
        }
    }

    fn races(&self, site: &Site) {
        copy(&site.path(""), &site.outside().join("twin"), &[".lifthill/publish"]);
        // What the twin knows of the target it was not to know.
        let _ = std::fs::remove_dir_all(site.outside().join("twin/.lifthill/publish"));
        for round in 0..4 {
            let now = format!("2026-01-04T00:00:{round:02}Z");
            let start = |root: &str| {
                let file = site.outside().join(root).join("content/parks/efteling/rides/ride-3.md");
                let text = format!("name = 'Ride {round} of {root}'\ncategory = 'flat_ride'");
                std::fs::write(file, crate::site::markdown(&text)).expect("an edit");
                let mut program = self.program(site, root, &["--now", &now]);
                program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs")
            };
            let both = [start("site"), start("twin")].map(|child| child.wait_with_output().expect("it ends"));
            let codes: Vec<_> = both.iter().map(|done| done.status.code()).collect();
            let told: Vec<_> = both.iter().map(|done| String::from_utf8_lossy(&done.stderr)).collect();
            // One after the other is no race: then both go through.
            assert!(codes.contains(&Some(0)), "round {round}: {codes:?} {told:#?}");
            for (code, told) in codes.iter().zip(&told).filter(|(code, _)| **code != Some(0)) {
                assert_eq!(*code, Some(5), "round {round}: {told}");
                assert!(told.contains("another deploy"), "{told}");
            }
        }
        self.publish(site, &["--now", "2026-01-04T01:00:00Z"]);
        self.holds_the_output(site);
    }
}

#[test]
fn azure_as_its_emulator_speaks_it() {
    azure().tells_its_story();
}

#[test]
fn google_as_a_stand_in_speaks_it() {
    google().tells_its_story();
}

/// `LIFTHILL_PAGES=100000` with `--no-capture` also prints times, and `LIFTHILL_PROGRAM` takes a fast program.
#[test]
fn a_whole_site_is_sent_in_bounded_memory() {
    let pages = asked("LIFTHILL_PAGES", 300);
    let (site, cloud) = (synthetic(pages, 7), google());
    let settings = std::fs::read_to_string(site.path("lifthill.toml")).expect("its settings");
    site.write(
        "lifthill.toml",
        format!("{settings}\n[publish.live]\nto = '{}'\nendpoint = '{}'\n", cloud.to, cloud.endpoint),
    );
    let publish = |what: &str| {
        let outcome = cloud.outcome(&site, &[]);
        let number = |name: &str| outcome[name].as_u64().expect("a number");
        let (objects, requests, memory) = (number("objects"), number("requests"), number("peak_memory_bytes") >> 20);
        println!(
            "{pages} pages, {what}: {} s, {objects} objects, {requests} requests, {memory} MiB",
            outcome["seconds"]
        );
        assert!(memory < 286, "300 MB are enough: {outcome}");
        (objects, requests)
    };
    let (objects, requests) = publish("the first time");
    assert!(objects >= u64::from(pages) && requests <= objects + 5, "{requests} requests for {objects} objects");
    cloud.holds_the_output(&site);
    let (objects, requests) = publish("nothing changed");
    assert!(objects == 0 && requests <= 5, "{requests} requests for nothing");
    let parks = std::fs::read_dir(site.path("content/parks")).expect("parks").flatten();
    let rides = parks.filter_map(|park| std::fs::read_dir(park.path().join("rides")).ok()).flatten().flatten();
    let ride = rides.map(|ride| ride.path()).min().expect("a ride");
    let text = std::fs::read_to_string(&ride).expect("a ride");
    std::fs::write(&ride, text + "\nNew prose.\n").expect("a ride");
    let (objects, requests) = publish("one page edited");
    assert!(objects == 1 && requests <= 8, "{objects} objects, {requests} requests");
}

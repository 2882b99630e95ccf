//! Purging: each service is asked just what it understands, for what changed and nothing else, and
//! is asked again by the next run if it did not hear.

use std::process::Command;

use serde_json::Value;

use super::server::{Asked, Moto, Scribe};
use super::{catalogue, urls_in};
use crate::site::Site;

const SECRET: &str = "very-secret-credential";

fn site_with(purge: &str) -> Site {
    let site = catalogue();
    let place = site.outside().join("www");
    site.write(
        "lifthill.toml",
        format!(
            "title = 'Parks'\nbase_url = 'https://parks.example'\n[publish.live]\nto = 'file://{}'\n[publish.live.purge]\n{purge}",
            place.display()
        ),
    );
    site
}

fn publish(site: &Site, arguments: &[&str]) -> (i32, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    program.args(["publish", "--root", "site"]).args(arguments).current_dir(site.outside());
    for name in
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "CLOUDFLARE_API_TOKEN", "FASTLY_API_TOKEN", "BUNNY_API_KEY"]
    {
        program.env(name, SECRET);
    }
    let done = program.output().expect("the program runs");
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(!told.contains(SECRET), "a credential was told:\n{told}");
    (done.status.code().expect("it was not killed"), told)
}

/// Publishes, edits one ride, publishes again: what the service was asked for the second time.
fn asked_after_an_edit(service: &str) -> (Scribe, Vec<Asked>, Site) {
    let scribe = Scribe::start(0);
    let site = site_with(&format!("service = '{service}'\nid = 'Z1'\nendpoint = '{}'\n", scribe.address));
    let (code, told) = publish(&site, &["--now", "2026-01-01"]);
    assert_eq!(code, 0, "{told}");
    scribe.take();
    site.edit("content/parks/efteling/rides/ride-3.md", "'flat_ride'", "'flat_ride'\ntheme = 'Mining'");
    let (code, told) = publish(&site, &["--now", "2026-01-02"]);
    assert_eq!(code, 0, "{told}");
    let asked = scribe.take();
    (scribe, asked, site)
}

const PAGE: &str = "https://parks.example/parks/efteling/rides/ride-3/";

#[test]
fn cloudflare_is_told_urls() {
    let (scribe, asked, site) = asked_after_an_edit("cloudflare");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("POST", "/client/v4/zones/Z1/purge_cache"));
    assert_eq!(asked[0].header("authorization"), Some(&*format!("Bearer {SECRET}")));
    let body: Value = serde_json::from_str(&asked[0].body).expect("JSON");
    let files: Vec<&str> = body["files"].as_array().expect("URLs").iter().filter_map(Value::as_str).collect();
    assert!(files.contains(&PAGE) && files.len() < 6, "{files:?}");
    publish(&site, &["--now", "2026-01-03"]);
    assert!(scribe.take().is_empty(), "nothing changed, nothing is purged");
}

#[test]
fn cloudflare_takes_a_hundred_at_a_time() {
    let scribe = Scribe::start(0);
    let site = site_with(&format!("service = 'cloudflare'\nid = 'Z1'\nendpoint = '{}'\n", scribe.address));
    for number in 0..130 {
        let text = crate::site::markdown(&format!("name = 'More {number}'\ncategory = 'flat_ride'"));
        site.write(&format!("content/parks/efteling/rides/more-{number}.md"), text);
    }
    let (code, told) = publish(&site, &["--now", "2026-01-01"]);
    assert_eq!(code, 0, "{told}");
    let counts: Vec<usize> = scribe
        .take()
        .iter()
        .map(|one| serde_json::from_str::<Value>(&one.body).expect("JSON")["files"].as_array().map_or(0, Vec::len))
        .collect();
    assert!(counts.len() > 1 && counts.iter().all(|count| (1..=100).contains(count)), "{counts:?}");
}

#[test]
fn cloudfront_gets_a_signed_batch_of_paths() {
    let (_, asked, _) = asked_after_an_edit("cloudfront");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].path, "/2020-05-31/distribution/Z1/invalidation");
    assert!(asked[0].body.contains("<Path>/parks/efteling/rides/ride-3/</Path>"), "{}", asked[0].body);
    let quantity = asked[0].body.matches("<Path>").count();
    assert!(asked[0].body.contains(&format!("<Quantity>{quantity}</Quantity>")), "{}", asked[0].body);
    assert!(asked[0].body.contains("<CallerReference>20260102T"), "{}", asked[0].body);
    let signature = asked[0].header("authorization").expect("a signature");
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential="), "{signature}");
    assert!(signature.contains("/us-east-1/cloudfront/aws4_request"), "{signature}");
    assert!(asked[0].header("x-amz-date").is_some());
}

/// moto answers for Amazon: an invalidation of a distribution that exists, as its API lists it.
#[test]
fn cloudfront_makes_an_invalidation_of_it() {
    let moto = Moto::start();
    let config = "<DistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
        <CallerReference>x</CallerReference><Comment>x</Comment><Enabled>true</Enabled><Origins><Quantity>1</Quantity>\
        <Items><Origin><Id>s3</Id><DomainName>site.s3.amazonaws.com</DomainName><S3OriginConfig>\
        <OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin></Items></Origins><DefaultCacheBehavior>\
        <TargetOriginId>s3</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy>\
        </DefaultCacheBehavior></DistributionConfig>";
    let place = "/2020-05-31/distribution";
    let (status, _, made) = moto.request_of("cloudfront", "POST", place, config.as_bytes());
    let made = String::from_utf8_lossy(&made).into_owned();
    assert_eq!(status, 201, "{made}");
    let id = made.split("<Id>").nth(1).and_then(|rest| rest.split("</Id>").next()).expect("an id");
    let site = site_with(&format!("service = 'cloudfront'\nid = '{id}'\nendpoint = '{}'\n", moto.address));
    assert_eq!(publish(&site, &["--now", "2026-01-01"]).0, 0);
    site.edit("content/parks/efteling/rides/ride-3.md", "'flat_ride'", "'flat_ride'\ntheme = 'Mining'");
    let (code, told) = publish(&site, &["--now", "2026-01-02"]);
    assert_eq!(code, 0, "{told}");
    let (_, _, list) = moto.request_of("cloudfront", "GET", &format!("{place}/{id}/invalidation"), &[]);
    let list = String::from_utf8_lossy(&list).into_owned();
    assert_eq!(list.matches("<InvalidationSummary>").count(), 2, "one for each publish: {list}");
    let mut paths = String::new();
    for part in list.split("<Id>").skip(1).filter_map(|part| part.split("</Id>").next()) {
        let (_, _, one) = moto.request_of("cloudfront", "GET", &format!("{place}/{id}/invalidation/{part}"), &[]);
        paths.push_str(&String::from_utf8_lossy(&one));
    }
    assert_eq!(paths.matches("<Path>/parks/efteling/rides/ride-3/</Path>").count(), 2, "{paths}");
    assert!(paths.contains("<CallerReference>20260102T"), "{paths}");
}

#[test]
fn fastly_and_bunny_are_asked_url_by_url() {
    let (_, asked, _) = asked_after_an_edit("fastly");
    let page = asked.iter().find(|one| one.path == "/purge/parks.example/parks/efteling/rides/ride-3/");
    assert_eq!(page.expect("the page").header("fastly-key"), Some(SECRET));
    let (_, asked, _) = asked_after_an_edit("bunny");
    let url = "/purge?async=true&exactPath=true&url=https%3A%2F%2Fparks.example%2Fparks%2Fefteling%2Frides%2Fride-3%2F";
    let page = asked.iter().find(|one| one.path == url);
    assert_eq!(page.unwrap_or_else(|| panic!("{asked:?}")).header("accesskey"), Some(SECRET));
}

#[test]
fn a_command_reads_the_urls() {
    let site = catalogue();
    let (place, list) = (site.outside().join("www"), site.outside().join("urls"));
    site.write(
        "lifthill.toml",
        format!(
            "base_url = 'https://parks.example'\n[publish.live]\nto = 'file://{}'\n[publish.live.purge]\n\
             service = 'command'\ncommand = ['sh', '-c', 'cat > {}']\n",
            place.display(),
            list.display()
        ),
    );
    publish(&site, &["--now", "2026-01-01"]);
    site.edit("content/parks/efteling/rides/ride-3.md", "'flat_ride'", "'flat_ride'\ntheme = 'Mining'");
    let (code, told) = publish(&site, &["--now", "2026-01-02"]);
    assert_eq!(code, 0, "{told}");
    let urls = urls_in(&std::fs::read_to_string(&list).expect("a list"));
    assert!(urls.contains("/parks/efteling/rides/ride-3/") && urls.len() < 6, "{urls:?}");
}

#[test]
fn a_purge_that_failed_is_made_good_by_the_next_run() {
    let scribe = Scribe::start(usize::MAX);
    let site = site_with("service = 'command'\ncommand = ['false']\n");
    let (code, told) = publish(&site, &["--now", "2026-01-01"]);
    assert!(code == 4 && told.contains("the purge command ended"), "{code} {told}");
    let settings = std::fs::read_to_string(site.path("lifthill.toml")).expect("settings");
    let healthy = Scribe::start(0);
    let now = format!("service = 'cloudflare'\nid = 'Z1'\nendpoint = '{}'\n", healthy.address);
    site.write("lifthill.toml", settings.replace("service = 'command'\ncommand = ['false']\n", &now));
    let (code, told) = publish(&site, &["--now", "2026-01-02"]);
    assert_eq!(code, 0, "{told}");
    let asked = healthy.take();
    assert!(asked.iter().any(|one| one.body.contains(PAGE)), "what the first run changed is purged: {asked:?}");
    publish(&site, &["--now", "2026-01-03"]);
    assert!(healthy.take().is_empty(), "and only once");
    drop(scribe);
}

#[test]
fn a_busy_service_is_asked_again() {
    let scribe = Scribe::start(2);
    let site = site_with(&format!("service = 'cloudflare'\nid = 'Z1'\nendpoint = '{}'\n", scribe.address));
    let (code, told) = publish(&site, &["--now", "2026-01-01"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(scribe.take().len(), 3);
}

#[test]
fn a_missing_credential_is_told_before_anything_is_done() {
    let site = site_with("service = 'fastly'\nid = 'Z1'\n");
    let (code, _, told) = site.command(&["publish"]);
    assert!(code == 2 && told.contains("FASTLY_API_TOKEN is not set"), "{code} {told}");
    assert!(!site.outside().join("www").exists());
}

#[test]
fn fastly_takes_256_tags_at_a_time() {
    let scribe = Scribe::start(0);
    let site = site_with(&format!("service = 'fastly'\nid = 'Z1'\ntags = true\nendpoint = '{}'\n", scribe.address));
    let park = |number: usize, name: &str| {
        let text = crate::site::markdown(&format!("name = '{name} {number}'\ncountry = 'NL'"));
        site.write(&format!("content/parks/more-{number}/index.md"), text);
    };
    (0..700).for_each(|number| park(number, "More"));
    let (code, told) = publish(&site, &["--now", "2026-01-01"]);
    assert_eq!(code, 0, "{told}");
    scribe.take();
    // Too many for single URLs, too few for the tag that all parks' pages share.
    (0..300).for_each(|number| park(number, "Other"));
    let (code, told) = publish(&site, &["--now", "2026-01-02"]);
    assert_eq!(code, 0, "{told}");
    let asked = scribe.take();
    let batches: Vec<Vec<String>> = asked
        .iter()
        .filter(|one| one.path == "/service/Z1/purge")
        .map(|one| serde_json::from_str::<Value>(&one.body).expect("JSON")["surrogate_keys"].clone())
        .map(|keys| serde_json::from_value(keys).expect("a list of keys"))
        .collect();
    assert!(batches.len() > 1 && batches.iter().all(|batch| (1..=256).contains(&batch.len())), "{batches:?}");
    let tags = batches.concat();
    assert!((0..300).all(|number| tags.contains(&format!("park-more-{number}"))), "{tags:?}");
    assert!(!tags.contains(&"park-more-300".to_owned()), "{tags:?}");
}

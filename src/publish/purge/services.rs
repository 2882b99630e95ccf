//! The services that cache: the requests that each wants, with its limits a call. Credentials come
//! from the environment. Knows nothing of how it was decided what to purge.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use object_store::aws::{AmazonS3Builder, AwsCredential, AwsCredentialProvider};
use object_store::client::HttpRequest;
use reqwest::{Client, RequestBuilder};
use serde_json::json;

use super::planner::{Powers, Purging};
use crate::config::publish::{Purge, Service};
use crate::publish::failure::{Failure, without_secrets};
use crate::publish::remote::{Patience, Pauses};
use crate::publish::wire::sign_for_amazon;

/// The credentials of a service.
pub enum Keys {
    /// None are needed.
    None,
    /// A token that goes along with each call.
    Token(String),
    /// Amazon's, which sign each call.
    Amazon(AwsCredentialProvider),
}

/// Variables that say whence Amazon's credentials come, where they do not stand in variables.
const AMAZON_SOURCES: [&str; 3] =
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// The longest wait that a service may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// What `service` can be asked for, within its limits and its price.
pub fn powers(purge: &Purge) -> Powers {
    let mut powers = match purge.service {
        // A thousand paths a month are free, 15 wildcards may be under way.
        Service::CloudFront => Powers { urls: 1000, tags: 100, folders: 15 },
        Service::Cloudflare => Powers { urls: 3000, tags: 500, folders: 100 },
        Service::Fastly => Powers { urls: 256, tags: 1024, folders: 0 },
        // Exact URLs: a burst of 120 calls, then five a second. But a URL that ends with a slash counts
        // as a folder, of which there are 20 and then one in two seconds.
        Service::Bunny => Powers { urls: 40, tags: 20, folders: 20 },
        Service::Command => Powers { urls: usize::MAX, tags: 0, folders: 0 },
    };
    if !purge.tags {
        powers.tags = 0;
    }
    powers
}

/// The credentials that a purge will need, from the environment as `variable` knows it.
pub fn keys_of(purge: &Purge, variable: impl Fn(&str) -> Option<String>) -> Result<Keys, Failure> {
    let needed = |name: &str| {
        variable(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            Failure::Usage(format!("the environment variable {name} is not set; purging the cache needs it"))
        })
    };
    match purge.service {
        Service::CloudFront => {
            if !AMAZON_SOURCES.iter().any(|name| variable(name).is_some()) {
                needed("AWS_ACCESS_KEY_ID")?;
                needed("AWS_SECRET_ACCESS_KEY")?;
            }
            // A store that is never used: it knows where credentials come from.
            crate::publish::stores::choose_cryptography();
            let store = AmazonS3Builder::from_env().with_bucket_name("none").build();
            let store = store.map_err(|error| Failure::network("Amazon's credentials cannot be read", &error))?;
            Ok(Keys::Amazon(store.credentials().clone()))
        }
        Service::Cloudflare => needed("CLOUDFLARE_API_TOKEN").map(Keys::Token),
        Service::Fastly => needed("FASTLY_API_TOKEN").map(Keys::Token),
        Service::Bunny => needed("BUNNY_API_KEY").map(Keys::Token),
        Service::Command => Ok(Keys::None),
    }
}

/// Asks for `purging`. `site` is the site's public URL without a slash at its end; `reference`
/// names this purge, so that a repeated request is known to be one.
pub async fn purge(
    purge: &Purge,
    keys: &Keys,
    site: &str,
    reference: &str,
    purging: &Purging,
    patience: Patience,
) -> Result<u64, Failure> {
    if purging.is_empty() {
        return Ok(0);
    }
    if purge.service == Service::Command {
        return command(purge, site, purging).await.map(|()| 1);
    }
    let client = Client::builder().timeout(Duration::from_secs(60)).build().context("cannot make an HTTP client")?;
    let mut calls = 0;
    let signer = match keys {
        Keys::Amazon(provider) => {
            let credential = provider.get_credential().await;
            Some(credential.map_err(|error| Failure::network("Amazon's credentials cannot be read", &error))?)
        }
        _ => None,
    };
    let caller = Caller { client: &client, keys, signer: signer.as_deref() };
    for call in calls_of(purge, &caller, site, reference, purging)? {
        send(call, patience).await?;
        calls += 1;
    }
    Ok(calls)
}

/// Who calls.
struct Caller<'c> {
    client: &'c Client,
    keys: &'c Keys,
    signer: Option<&'c AwsCredential>,
}

/// The requests, made only when they are sent: a signature grows old.
type Call<'c> = Box<dyn Fn() -> Result<RequestBuilder, Failure> + 'c>;

fn calls_of<'c>(
    purge: &'c Purge,
    caller: &'c Caller<'c>,
    site: &str,
    reference: &'c str,
    purging: &Purging,
) -> Result<Vec<Call<'c>>, Failure> {
    let client = caller.client;
    let token = match caller.keys {
        Keys::Token(token) => token.as_str(),
        _ => "",
    };
    let endpoint = |usual: &str| purge.endpoint.clone().unwrap_or_else(|| usual.to_owned());
    let host_and_path = |path: &str| {
        let host = site.split_once("://").map_or(site, |(_, host)| host);
        format!("{host}{}", encoded(path))
    };
    let mut calls: Vec<Call<'c>> = Vec::new();
    match purge.service {
        Service::CloudFront => {
            let base = endpoint("https://cloudfront.amazonaws.com");
            // Paths as visitors ask for them: the site may lie below a folder.
            let below = site.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
            let at = |path: &str| if below.is_empty() { encoded(path) } else { format!("/{below}{}", encoded(path)) };
            let items: Vec<String> = match purging.everything {
                true => vec![at("/") + "*"],
                false => {
                    let tags = purging.tags.iter().map(|tag| format!("#{tag}"));
                    let folders = purging.folders.iter().map(|folder| at(folder) + "*");
                    purging.urls.iter().map(|url| at(url)).chain(folders).chain(tags).collect()
                }
            };
            for (number, items) in items.chunks(3000).enumerate() {
                let body = invalidation(&format!("{reference}-{number}"), items);
                let (base, path) = (base.clone(), format!("/2020-05-31/distribution/{}/invalidation", purge.id));
                calls.push(Box::new(move || caller.signed(&format!("{base}{path}"), &body)));
            }
        }
        Service::Cloudflare => {
            let url = format!("{}/client/v4/zones/{}/purge_cache", endpoint("https://api.cloudflare.com"), purge.id);
            let mut bodies = Vec::new();
            if purging.everything {
                bodies.push(json!({ "purge_everything": true }));
            }
            let urls: Vec<String> = purging.urls.iter().map(|url| format!("{site}{}", encoded(url))).collect();
            let folders: Vec<String> = purging.folders.iter().map(|folder| host_and_path(folder)).collect();
            for (name, items) in [("files", &urls), ("tags", &purging.tags), ("prefixes", &folders)] {
                bodies.extend(items.chunks(100).map(|items| json!({ name: items })));
            }
            for body in bodies {
                let url = url.clone();
                calls.push(Box::new(move || Ok(client.post(&url).bearer_auth(token).json(&body))));
            }
        }
        Service::Fastly => {
            let base = endpoint("https://api.fastly.com");
            let mut add = |url: String, body: Option<serde_json::Value>| {
                calls.push(Box::new(move || {
                    let call = client.post(&url).header("Fastly-Key", token).header("Accept", "application/json");
                    Ok(match &body {
                        Some(body) => call.json(body),
                        None => call,
                    })
                }));
            };
            if purging.everything {
                add(format!("{base}/service/{}/purge_all", purge.id), None);
            }
            for tags in purging.tags.chunks(256) {
                let body = json!({ "surrogate_keys": tags });
                add(format!("{base}/service/{}/purge", purge.id), Some(body));
            }
            for url in &purging.urls {
                add(format!("{base}/purge/{}", host_and_path(url)), None);
            }
        }
        Service::Bunny => {
            let base = endpoint("https://api.bunny.net");
            let mut add = |url: String, body: serde_json::Value| {
                calls.push(Box::new(move || Ok(client.post(&url).header("AccessKey", token).json(&body))));
            };
            let zone = format!("{base}/pullzone/{}/purgeCache", purge.id);
            if purging.everything {
                add(zone.clone(), json!({}));
            }
            for tag in &purging.tags {
                add(zone.clone(), json!({ "CacheTag": tag }));
            }
            // A URL that ends with a slash means all that is below it, unless one says otherwise.
            let urls = purging.urls.iter().map(|url| (format!("{site}{}", encoded(url)), "&exactPath=true"));
            let folders = purging.folders.iter().map(|folder| (format!("{site}{}*", encoded(folder)), ""));
            for (url, more) in urls.chain(folders) {
                add(format!("{base}/purge?async=true{more}&url={}", all_encoded(&url)), json!({}));
            }
        }
        Service::Command => {}
    }
    Ok(calls)
}

async fn send(call: Call<'_>, patience: Patience) -> Result<(), Failure> {
    let mut pauses = Pauses::new(patience);
    for attempt in 1.. {
        let mut asked_to_wait = None;
        let failure = match call()?.send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let after = answer.headers().get("retry-after").and_then(|after| after.to_str().ok());
                asked_to_wait = after.and_then(|after| after.trim().parse().ok()).map(Duration::from_secs);
                let words: String = answer.text().await.unwrap_or_default().chars().take(400).collect();
                let told = without_secrets(&format!("the cache was not purged: {status} {words}"));
                let failure = Failure::Network(anyhow::anyhow!(told));
                if !status.is_server_error() && status.as_u16() != 429 {
                    return Err(failure);
                }
                failure
            }
            Err(error) => Failure::network("the cache was not purged", &error.without_url()),
        };
        if attempt >= patience.attempts {
            return Err(failure);
        }
        match asked_to_wait {
            Some(time) => tokio::time::sleep(time.min(LONGEST_WAIT)).await,
            None => pauses.rest().await,
        }
    }
    unreachable!("attempts are counted from one without end")
}

async fn command(purge: &Purge, site: &str, purging: &Purging) -> Result<(), Failure> {
    let (program, arguments) = purge.command.split_first().context("the purge command is empty")?;
    let mut list = String::new();
    for url in &purging.urls {
        list.push_str(&format!("{site}{}\n", encoded(url)));
    }
    if purging.everything {
        list.push_str(&format!("{site}/*\n"));
    }
    let mut child = std::process::Command::new(program);
    child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
    let ended = tokio::task::spawn_blocking(move || -> anyhow::Result<std::process::ExitStatus> {
        let mut child = child.spawn().context("the purge command cannot be started")?;
        if let Some(mut input) = child.stdin.take() {
            // A command that does not read its list to the end says by its exit code whether it is content.
            let _ = std::io::Write::write_all(&mut input, list.as_bytes());
        }
        child.wait().context("the purge command was lost")
    });
    let status = ended.await.context("the purge command was lost")??;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::Network(anyhow::anyhow!("the purge command ended with {status}"))),
    }
}

impl Caller<'_> {
    fn signed(&self, url: &str, body: &str) -> Result<RequestBuilder, Failure> {
        let credential = self.signer.context("there are no credentials for Amazon")?;
        let mut request = HttpRequest::new(body.to_owned().into());
        *request.method_mut() = reqwest::Method::POST;
        *request.uri_mut() = url.parse().with_context(|| format!("{url} is no URL"))?;
        let signed = sign_for_amazon(&mut request, credential, "cloudfront", "us-east-1", None);
        signed.map_err(|error| Failure::network("a call cannot be signed", &error))?;
        let call = self.client.post(url).header("Content-Type", "text/xml");
        Ok(call.headers(request.headers().clone()).body(body.to_owned()))
    }
}

fn invalidation(reference: &str, items: &[String]) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let paths: String = items.iter().map(|item| format!("<Path>{}</Path>", escaped(item))).collect();
    format!(
        "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><CallerReference>{}</CallerReference>\
         <Paths><Items>{paths}</Items><Quantity>{}</Quantity></Paths></InvalidationBatch>",
        escaped(reference),
        items.len()
    )
}

/// A URL path as it is asked for: everything but letters, digits, `-._~` and `/` in percent form.
pub fn encoded(path: &str) -> String {
    percent(path, b"-._~/")
}

fn all_encoded(text: &str) -> String {
    percent(text, b"-._~")
}

fn percent(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

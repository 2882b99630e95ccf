//! The services that cache: the requests that each wants, with its limits a call. Credentials come
//! from the environment. Knows nothing of how it was decided what to purge.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, RequestBuilder};
use serde_json::json;

use super::planner::{Powers, Purging};
use super::signature::{Request, authorization};
use crate::config::publish::{Purge, Service};
use crate::publish::failure::Failure;
use crate::publish::remote::{Patience, Pauses};

/// The credentials of a service.
pub struct Keys {
    id: String,
    secret: String,
    token: Option<String>,
}

/// What `service` can be asked for, within its limits and its price.
pub fn powers(purge: &Purge) -> Powers {
    let mut powers = match purge.service {
        // A thousand paths a month are free, 15 wildcards may be under way.
        Service::CloudFront => Powers { urls: 1000, tags: 100, folders: 15 },
        Service::Cloudflare => Powers { urls: 3000, tags: 500, folders: 100 },
        Service::Fastly => Powers { urls: 256, tags: 1024, folders: 0 },
        // A burst of 120 calls, then five a second.
        Service::Bunny => Powers { urls: 120, tags: 20, folders: 20 },
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
    let only = |name: &str| Ok(Keys { id: String::new(), secret: needed(name)?, token: None });
    match purge.service {
        Service::CloudFront => Ok(Keys {
            id: needed("AWS_ACCESS_KEY_ID")?,
            secret: needed("AWS_SECRET_ACCESS_KEY")?,
            token: variable("AWS_SESSION_TOKEN").filter(|token| !token.is_empty()),
        }),
        Service::Cloudflare => only("CLOUDFLARE_API_TOKEN"),
        Service::Fastly => only("FASTLY_API_TOKEN"),
        Service::Bunny => only("BUNNY_API_KEY"),
        Service::Command => Ok(Keys { id: String::new(), secret: String::new(), token: None }),
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
    for call in calls_of(purge, keys, site, reference, purging, &client)? {
        send(call, patience).await?;
        calls += 1;
    }
    Ok(calls)
}

/// The requests, made only when they are sent: a signature grows old.
type Call<'c> = Box<dyn Fn() -> RequestBuilder + 'c>;

fn calls_of<'c>(
    purge: &'c Purge,
    keys: &'c Keys,
    site: &str,
    reference: &'c str,
    purging: &Purging,
    client: &'c Client,
) -> Result<Vec<Call<'c>>, Failure> {
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
                calls.push(Box::new(move || signed(client, keys, &base, &path, &body)));
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
                calls.push(Box::new(move || client.post(&url).bearer_auth(&keys.secret).json(&body)));
            }
        }
        Service::Fastly => {
            let base = endpoint("https://api.fastly.com");
            let mut add = |url: String, body: Option<serde_json::Value>| {
                calls.push(Box::new(move || {
                    let call = client.post(&url).header("Fastly-Key", &keys.secret);
                    match &body {
                        Some(body) => call.json(body),
                        None => call,
                    }
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
            let mut add = |url: String, query: Option<String>, body: serde_json::Value| {
                calls.push(Box::new(move || {
                    let query: Vec<(&str, &str)> = query.iter().map(|url| ("url", url.as_str())).collect();
                    let url = match query.first() {
                        Some((_, query)) => format!("{url}?async=true&url={}", all_encoded(query)),
                        None => url.clone(),
                    };
                    client.post(url).header("AccessKey", &keys.secret).json(&body)
                }));
            };
            let zone = format!("{base}/pullzone/{}/purgeCache", purge.id);
            if purging.everything {
                add(zone.clone(), None, json!({}));
            }
            for tag in &purging.tags {
                add(zone.clone(), None, json!({ "CacheTag": tag }));
            }
            for url in &purging.urls {
                add(format!("{base}/purge"), Some(format!("{site}{}", encoded(url))), json!({}));
            }
            for folder in &purging.folders {
                add(format!("{base}/purge"), Some(format!("{site}{}*", encoded(folder))), json!({}));
            }
        }
        Service::Command => {}
    }
    Ok(calls)
}

async fn send(call: Call<'_>, patience: Patience) -> Result<(), Failure> {
    let mut pauses = Pauses::new(patience);
    for attempt in 1.. {
        let failure = match call().send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let words = answer.text().await.unwrap_or_default();
                let words: String = words.chars().take(400).collect();
                let told =
                    super::super::failure::without_secrets(&format!("the cache was not purged: {status} {words}"));
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
        pauses.rest().await;
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

fn signed(client: &Client, keys: &Keys, base: &str, path: &str, body: &str) -> RequestBuilder {
    let host = base.split_once("://").map_or(base, |(_, host)| host);
    let moment = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let request =
        Request { host, path, body: body.as_bytes(), moment: &moment, region: "us-east-1", service: "cloudfront" };
    let signature = authorization(&request, &keys.id, &keys.secret, keys.token.as_deref());
    let call = client
        .post(format!("{base}{path}"))
        .header("Content-Type", "text/xml")
        .header("X-Amz-Date", &moment)
        .header("Authorization", signature)
        .body(body.to_owned());
    match &keys.token {
        Some(token) => call.header("X-Amz-Security-Token", token),
        None => call,
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

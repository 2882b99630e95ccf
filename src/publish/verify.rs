//! Asking the public site for a few pages after publishing: do visitors see the release? Knows
//! nothing of stores.

use std::time::Duration;

use anyhow::{Context, anyhow};

use super::failure::Failure;
use super::manifest::{Class, Entry, Release};
use super::purge::encoded;
use super::remote::{Patience, Pauses};
use crate::digest::Digest;
use crate::headers::url_of;

/// Pages that are asked for at most.
const SAMPLE: usize = 5;

/// Asks for a few of the pages that `release`, or one before it that was not verified, changed; each
/// must have the bytes of the release.
pub async fn pages(release: &Release, site: &str, patience: Patience) -> Result<(), Failure> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().context("no HTTP client")?;
    let entries = &release.manifest.entries;
    let touched = release.touched().into_iter().filter_map(|key| Some((key, entries.get(key)?)));
    // What answers with another page's bytes cannot be compared.
    let pages = touched.filter(|(_, entry)| entry.class == Class::Page && entry_is_plain(release, entry));
    let all: Vec<_> = pages.collect();
    for (key, entry) in all.iter().step_by(all.len().div_ceil(SAMPLE).max(1)) {
        let url = format!("{site}{}", encoded(&url_of(key)));
        let mut pauses = Pauses::new(patience);
        for attempt in 1.. {
            let seen = async {
                let answer = client.get(&url).send().await?.error_for_status()?;
                answer.bytes().await
            };
            let failure = match seen.await {
                Ok(bytes) if Digest::of(&bytes) == entry.digest => break,
                Ok(_) => Failure::Network(anyhow!("{url} does not show what was published")),
                Err(error) => Failure::network(&format!("{url} cannot be seen"), &error.without_url()),
            };
            if attempt >= patience.attempts {
                return Err(failure);
            }
            pauses.rest().await;
        }
    }
    Ok(())
}

fn entry_is_plain(release: &Release, entry: &Entry) -> bool {
    let headers = release.manifest.headers_of(entry);
    entry.promised && headers.content_encoding.is_none() && headers.redirect.is_none()
}

//! A database's URL: where it is read from, and how it is kept out of everything we say. Knows
//! nothing of connections.

use std::path::Path;

use super::trouble::{Trouble, Why};
use crate::config::Address;
use crate::door::{self, Most};

/// The most that is read of a file that holds a URL.
const MOST: Most = Most(64 << 10);

/// A URL that may hold a password. Has neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Reads the URL that `address` points to; a file's path is taken from `root`.
    pub fn read(address: &Address, root: &Path) -> Result<Self, Trouble> {
        let text = match address {
            Address::Env(name) => std::env::var(name).map_err(|_| {
                let message = format!("database: the environment variable {name} is not set; it must hold the URL");
                Trouble::new(Why::Settings, message)
            })?,
            Address::File(path) => door::read_named_text(&root.join(path), MOST).map_err(|error| {
                Trouble::new(
                    Why::Settings,
                    format!("database: {path}, which must hold the URL, cannot be read: {error}"),
                )
            })?,
        };
        let text = text.trim();
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            let message = format!("database: what stands in {address} is not a URL such as postgres://user@host/name");
            return Err(Trouble::new(Why::Settings, message));
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL, for the driver alone.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without the URL and its password.
    pub fn redact(&self, text: &str) -> String {
        let mut clean = text.replace(&self.0, "…");
        for password in self.passwords() {
            clean = clean.replace(&password, "…");
        }
        clean
    }

    /// The password as written and as meant.
    fn passwords(&self) -> Vec<String> {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let in_query = rest.split_once('?').map_or("", |(_, query)| query).split('&');
        let mut found: Vec<String> =
            in_query.filter_map(|pair| pair.strip_prefix("password=")).map(str::to_owned).collect();
        found.extend(user.split_once(':').map(|(_, password)| password.to_owned()));
        let meant: Vec<String> = found.iter().map(|password| percent_decoded(password)).collect();
        found.extend(meant);
        found.retain(|password| password.len() > 2);
        found.sort_by_key(|password| std::cmp::Reverse(password.len()));
        found
    }
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_url_nor_password_remains() {
        let secret = Secret("postgres://me:s%40fe-word@db.example:5432/parks?sslmode=require".to_owned());
        let said = "cannot reach postgres://me:s%40fe-word@db.example:5432/parks?sslmode=require with s@fe-word or s%40fe-word";
        assert_eq!(secret.redact(said), "cannot reach … with … or …");
    }
}

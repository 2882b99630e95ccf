//! How publishing fails: refused, the network, or something of our own. Knows nothing of why.

use std::fmt;

/// Why publishing came to nothing, or not to its end.
#[derive(Debug)]
pub enum Failure {
    /// A guard or the fence said no; each reason in words.
    Refused(Vec<String>),
    /// Settings or environment do not allow it.
    Usage(String),
    /// A server did not do what it was asked.
    Network(anyhow::Error),
    /// The site, its settings or the file system.
    Local(anyhow::Error),
}

impl Failure {
    /// A refusal for one reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(vec![reason.into()])
    }

    /// A failure of the network, in words that hold no credentials.
    pub fn network(what: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let more = inner.to_string();
            if !words.contains(&more) {
                words.push_str(": ");
                words.push_str(&more);
            }
            source = inner.source();
        }
        Self::Network(anyhow::anyhow!("{what}: {}", without_secrets(&words)))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Local(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(reason) => f.write_str(reason),
            Self::Refused(reasons) => f.write_str(&reasons.join("\n")),
            Self::Network(error) | Self::Local(error) => write!(f, "{error:#}"),
        }
    }
}

/// `text` without query strings of URLs, and without the value of any environment variable whose
/// name says that it is a secret.
pub fn without_secrets(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let end = rest[at..].find([' ', '"', ')', '\n', '<', '>', '`']).map_or(rest.len(), |end| at + end);
        let url = &rest[..end];
        match url[at..].find('?') {
            Some(query) => clean.push_str(&url[..at + query]),
            None => clean.push_str(url),
        }
        rest = &rest[end..];
    }
    clean.push_str(rest);
    for (name, value) in std::env::vars() {
        let secret = ["SECRET", "TOKEN", "PASSWORD", "ACCESS_KEY", "API_KEY", "SAS", "CREDENTIAL"];
        if value.len() >= 6 && secret.iter().any(|word| name.to_ascii_uppercase().contains(word)) {
            clean = clean.replace(&value, "[secret]");
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_url_loses_its_signature() {
        let told = without_secrets("cannot get https://x.example/a?sig=abc&se=1 (again http://y/?b), end");
        assert_eq!(told, "cannot get https://x.example/a (again http://y/), end");
    }
}

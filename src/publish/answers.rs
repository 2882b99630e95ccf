//! What a store's refusals mean for whoever publishes: no such bucket, another region, no permission, no
//! store at all. From an error's words to what is to be done. Knows nothing of requests.
//!
//! The codes are those of Amazon's REST interface (its "Error responses"), which Google's XML interface
//! and other servers share, and those of Azure's ("Blob service error codes").

use object_store::Error;

use super::failure::{Failure, without_secrets};

/// Where a store is, in words for people.
#[derive(Clone, Debug, Default)]
pub struct Where {
    /// The target's address, such as `s3://bucket/prefix`.
    pub address: String,
    /// The server, where the settings name one.
    pub endpoint: Option<String>,
}

impl Where {
    /// The name of the bucket or container.
    fn bucket(&self) -> &str {
        let rest = self.address.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// What the store calls it.
    fn word(&self) -> &'static str {
        if self.address.starts_with("az:") { "container" } else { "bucket" }
    }

    /// The server, without what may be secret in its address.
    fn at(&self) -> String {
        let Some(endpoint) = &self.endpoint else { return String::new() };
        let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
        let plain = rest.rsplit_once('@').map_or(rest, |(_, plain)| plain);
        format!(" at {}", without_secrets(&format!("{scheme}://{plain}")))
    }
}

/// Codes and words by which stores say that there is no such bucket.
const NO_BUCKET: [&str; 5] = [
    "NoSuchBucket",
    "ContainerNotFound",
    "ResourceNotFound</Code>",
    "bucket does not exist",
    "container does not exist",
];

/// Codes by which stores say that the bucket is in another region.
const ELSEWHERE: [&str; 5] = [
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
    "redirect without LOCATION",
];

/// Codes by which stores say that they do not know who asks.
const NOBODY: [&str; 7] = [
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthenticationFailed",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "Invalid Credentials",
];

/// What `error` means, where that is for the settings or the environment to mend: trying again is of no use
/// then. `what` was tried. `None` for all other errors, that something is not there among them.
pub fn meaning(what: &str, error: &Error, place: &Where) -> Option<Failure> {
    let words = words_of(error);
    let says = |codes: &[&str]| codes.iter().any(|code| words.contains(code));
    let (bucket, word, at) = (place.bucket(), place.word(), place.at());
    if says(&NO_BUCKET) {
        let message = format!("{what}: there is no {word} `{bucket}`{at}; make it, or correct `to`");
        return Some(Failure::Usage(message));
    }
    if says(&ELSEWHERE) {
        let region = between(&words, "<Region>", "</Region>").or_else(|| between(&words, "expecting '", "'"));
        let region = region.map(|region| format!(", {region}")).unwrap_or_default();
        let message = format!("{what}: the {word} `{bucket}`{at} is in another region{region}; correct `region`");
        return Some(Failure::Usage(message));
    }
    let code = between(&words, "<Code>", "</Code>").map(|code| format!(" ({code})")).unwrap_or_default();
    match error {
        Error::Unauthenticated { .. } => Some(Failure::Usage(unknown(what, place, &code))),
        Error::PermissionDenied { .. } if says(&NOBODY) => Some(Failure::Usage(unknown(what, place, &code))),
        Error::PermissionDenied { .. } => Some(Failure::Usage(format!(
            "{what}: the credentials in the environment do not allow it in the {word} `{bucket}`{at}{code}; they must \
             allow to list it, and to read, write and delete in it"
        ))),
        Error::Generic { .. } if is_no_store(&words) => Some(no_store(what, place)),
        _ => None,
    }
}

/// What it means that a new object cannot be written because something is not there: where one is to be
/// written there is no store.
pub fn nowhere(what: &str, error: &Error, place: &Where) -> Option<Failure> {
    matches!(error, Error::NotFound { .. }).then(|| no_store(what, place))
}

fn no_store(what: &str, place: &Where) -> Failure {
    let (bucket, word, at) = (place.bucket(), place.word(), place.at());
    let message = format!("{what}: no store answers for the {word} `{bucket}`{at}; correct `endpoint` or `to`");
    Failure::Usage(message)
}

fn unknown(what: &str, place: &Where, code: &str) -> String {
    let at = if place.at().is_empty() { format!(" of {}", place.address) } else { place.at() };
    format!("{what}: the store{at} does not know the credentials in the environment{code}")
}

/// Whether a server says that it does not do such things at all.
fn is_no_store(words: &str) -> bool {
    ["405 Method Not Allowed", "501 Not Implemented"].iter().any(|status| words.contains(status))
}

/// An error's words with those of its sources.
fn words_of(error: &Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        words.push_str(&format!(" {inner}"));
        source = inner.source();
    }
    words
}

fn between(words: &str, start: &str, end: &str) -> Option<String> {
    let (found, _) = words.split_once(start)?.1.split_once(end)?;
    (found.len() < 64).then(|| found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &Error) -> Option<String> {
        let place = Where { address: "s3://parks/www".into(), endpoint: Some("http://u:pw@s3.example/x?y=z".into()) };
        meaning("cannot read x", error, &place).map(|failure| failure.to_string())
    }

    fn generic(words: &str) -> Error {
        Error::Generic { store: "S3", source: words.into() }
    }

    fn not_found(words: &str) -> Error {
        Error::NotFound { path: "x".into(), source: words.into() }
    }

    #[test]
    fn a_bucket_that_is_not_there_is_told_from_an_object_that_is_not() {
        for words in ["404: <Code>NoSuchBucket</Code>", "404: <Code>ContainerNotFound</Code>"] {
            let told = told(&not_found(words)).expect("a meaning");
            assert!(told.contains("there is no bucket `parks` at http://s3.example/x; make it"), "{told}");
        }
        assert_eq!(told(&not_found("404: <Code>NoSuchKey</Code>")), None);
        assert_eq!(told(&generic("connection reset")), None);
    }

    #[test]
    fn another_region_is_named() {
        for words in [
            "400: <Code>AuthorizationHeaderMalformed</Code><Message>wrong; expecting 'eu-west-3'</Message>",
            "301: <Code>PermanentRedirect</Code><Region>eu-west-3</Region>",
        ] {
            let told = told(&generic(words)).expect("a meaning");
            assert!(told.contains("in another region, eu-west-3; correct `region`"), "{told}");
        }
    }

    #[test]
    fn who_asks_and_what_is_allowed_are_two_things() {
        let denied = |words: &str| told(&Error::PermissionDenied { path: "x".into(), source: words.into() });
        let unknown = denied("403: <Code>InvalidAccessKeyId</Code>").expect("a meaning");
        assert!(unknown.contains("does not know the credentials in the environment (InvalidAccessKeyId)"), "{unknown}");
        let denied = denied("403: <Code>AccessDenied</Code>").expect("a meaning");
        assert!(denied.contains("do not allow it in the bucket `parks`"), "{denied}");
    }

    #[test]
    fn a_server_that_is_no_store_is_one() {
        let told = told(&generic("status code: 405 Method Not Allowed: <html>")).expect("a meaning");
        assert!(told.contains("no store answers for the bucket `parks`"), "{told}");
    }
}

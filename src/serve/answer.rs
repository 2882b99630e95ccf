//! From a request for a file of the site to its answer: conditions, ranges, encodings, redirects and
//! the page for what is not there. Serves what is on the shelf and nothing else.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_SECURITY_POLICY_REPORT_ONLY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE, RETRY_AFTER,
    VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::address::{self, Address, address};
use super::bodies::{self, OpenFile};
use super::own;
use super::ready::{Ready, tag};
use super::shelf::Shelf;
use crate::headers::{REVALIDATE, is_for_servers};
use crate::output::Written;
use crate::paths::{BasePath, RelPath};

/// An answer, and the kind of page that it is about.
pub struct Answer {
    /// The response.
    pub response: Response<Body>,
    /// The kind of page, from a fixed list.
    pub endpoint: &'static str,
}

/// What is put into every page on its way out, besides the site itself; nothing in a plain preview.
pub struct Injection {
    /// Shown by our own pages in this run.
    pub token: String,
    /// The URL path of the script.
    pub client: String,
}

/// The answer for what lies outside the path of the site, which begins at `base`.
pub fn elsewhere(path: &str, base: &BasePath) -> Answer {
    let home = base.public("/");
    let response = match path {
        "/" => moved(StatusCode::FOUND, home.as_str()),
        path if address::below(&format!("{path}/"), base) == Some("/") => {
            moved(StatusCode::MOVED_PERMANENTLY, home.as_str())
        }
        _ => plain(StatusCode::NOT_FOUND, &format!("the site lies below {home}")),
    };
    Answer { endpoint: if response.status().is_redirection() { "redirect" } else { "404" }, response }
}

/// Answers a request for something of the site.
pub async fn answer(request: &Parts, shelf: &Shelf, injection: Option<&Injection>) -> Answer {
    if request.method != Method::GET && request.method != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Answer { response, endpoint: "refused" };
    }
    let target = request.uri.path_and_query().map_or("", |target| target.as_str());
    let address = match address(target) {
        Ok(address) => address,
        Err(refused) => return Answer { response: plain(StatusCode::BAD_REQUEST, refused.0), endpoint: "refused" },
    };
    let found = find(request, shelf, &address, injection).await;
    let mut answer = found.unwrap_or_else(|error| {
        let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, &format!("{error:#}"));
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        Answer { response, endpoint: "unavailable" }
    });
    if request.method == Method::HEAD {
        *answer.response.body_mut() = Body::empty();
    }
    answer
}

async fn find(
    request: &Parts,
    shelf: &Shelf,
    address: &Address,
    injection: Option<&Injection>,
) -> anyhow::Result<Answer> {
    let edition = shelf.edition();
    if let Some(redirect) = edition.redirect(&address.path) {
        let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::MOVED_PERMANENTLY);
        return Ok(Answer { response: moved(status, &redirect.to), endpoint: "redirect" });
    }
    if is_for_servers(address.file.as_str()) {
        return Ok(Answer { response: nothing_there(shelf, injection).await?, endpoint: "404" });
    }
    if let Some(ready) = shelf.current(&address.file).await? {
        let response = file(request, shelf, &address.file, &ready, injection).await?;
        return Ok(Answer { response, endpoint: endpoint(&address.file) });
    }
    if !address.path.ends_with('/') {
        let folder = format!("{}/", address.path);
        let index = RelPath::new(&format!("{}index.html", &folder[1..]));
        if let Some(index) = index
            && shelf.current(&index).await?.is_some()
        {
            let response = moved(StatusCode::MOVED_PERMANENTLY, edition.base.public(&folder).as_str());
            return Ok(Answer { response, endpoint: "redirect" });
        }
    }
    Ok(Answer { response: nothing_there(shelf, injection).await?, endpoint: "404" })
}

/// The site's page for what is not there, or a plain sentence where it has none (yet).
async fn nothing_there(shelf: &Shelf, injection: Option<&Injection>) -> anyhow::Result<Response<Body>> {
    let plain = || {
        let words = "there is no such page";
        let Some(Injection { token, client }) = injection else { return plain(StatusCode::NOT_FOUND, words) };
        let mut page = plain(
            StatusCode::NOT_FOUND,
            &format!(
                "<!doctype html><title>404</title><body><p>{words}</p>{}</body>",
                own::injection(client, token, "")
            ),
        );
        page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        page
    };
    let Some(page) = RelPath::new("404.html") else { return Ok(plain()) };
    let Some(ready) = shelf.current(&page).await? else { return Ok(plain()) };
    let Some(bodies::Body::Held(bytes)) = shelf.body(&page, &ready.written).await else { return Ok(plain()) };
    let (length, body) = injected(bytes, injection, "");
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().clone_from(&ready.headers);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response.headers_mut().remove(VARY);
    make_room(response.headers_mut(), injection);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
    Ok(response)
}

async fn file(
    request: &Parts,
    shelf: &Shelf,
    path: &RelPath,
    ready: &Ready,
    injection: Option<&Injection>,
) -> anyhow::Result<Response<Body>> {
    let headers = &request.headers;
    let page = path.extension() == Some("html");
    let injection = injection.filter(|_| page);
    let chosen = ready.variant(headers).filter(|_| injection.is_none());
    let (source, written) = chosen.map_or((path, ready.written), |variant| (&variant.file, variant.written));
    let mut response = Response::new(Body::empty());
    response.headers_mut().clone_from(&ready.headers);
    make_room(response.headers_mut(), injection);
    let etag = match (injection, chosen) {
        (Some(_), _) => tag(&written, "-served"),
        (None, Some(variant)) => variant.tag.clone(),
        (None, None) => ready.tag.clone(),
    };
    let set = response.headers_mut();
    set.insert(ETAG, etag.clone());
    if let Some(variant) = chosen {
        set.insert(CONTENT_ENCODING, HeaderValue::from_static(variant.encoding));
    }
    if matches(headers, &etag) {
        set.remove(CONTENT_TYPE);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let body = body(shelf, source, written).await?;
    match body {
        bodies::Body::Held(bytes) if injection.is_some() => {
            let (length, body) = injected(bytes, injection, &written.digest.to_string());
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            *response.body_mut() = body;
            Ok(response)
        }
        bodies::Body::Held(bytes) => {
            let length = bytes.len() as u64;
            send(response, headers, &etag, length, |from, to| Body::from(bytes.slice(from as usize..to as usize)))
        }
        bodies::Body::Open(file) => {
            // Nothing is put into what is not held.
            let etag = if injection.is_some() { ready.tag.clone() } else { etag };
            response.headers_mut().insert(ETAG, etag.clone());
            send(response, headers, &etag, file.length, |from, to| stream(file, from, to))
        }
    }
}

/// A file is replaced by renaming another over it; just then the table may be a moment behind.
async fn body(shelf: &Shelf, path: &RelPath, mut written: Written) -> anyhow::Result<bodies::Body> {
    for pause in [1, 5, 20, 50] {
        if let Some(body) = shelf.body(path, &written).await {
            return Ok(body);
        }
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        written = shelf.written(path)?.unwrap_or(written);
    }
    // The first that is made anew may have been begun before this was altered.
    for _ in 0..2 {
        if shelf.mended().await
            && let Some(written) = shelf.written(path)?
            && let Some(body) = shelf.body(path, &written).await
        {
            return Ok(body);
        }
    }
    anyhow::bail!("{path} was altered or removed by somebody else; build again")
}

/// Sends all of a body, or the part of it that was asked for.
fn send(
    mut response: Response<Body>,
    asked: &HeaderMap,
    etag: &HeaderValue,
    length: u64,
    part: impl FnOnce(u64, u64) -> Body,
) -> anyhow::Result<Response<Body>> {
    let same = asked.get(IF_RANGE).is_none_or(|tag| tag.as_bytes() == etag.as_bytes());
    let range =
        asked.get(RANGE).filter(|_| same).and_then(|range| range.to_str().ok()).map(|range| range_of(range, length));
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let (from, to) = match range {
        None | Some(Range::All) => (0, length),
        Some(Range::Part(from, to)) => {
            headers.insert(CONTENT_RANGE, HeaderValue::from_str(&format!("bytes {from}-{}/{length}", to - 1))?);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            (from, to)
        }
        Some(Range::Beyond) => {
            headers.insert(CONTENT_RANGE, HeaderValue::from_str(&format!("bytes */{length}"))?);
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return Ok(response);
        }
    };
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(to - from));
    *response.body_mut() = part(from, to);
    Ok(response)
}

/// A part of a file, a piece at a time.
fn stream(file: OpenFile, from: u64, to: u64) -> Body {
    Body::from_stream(futures_util::stream::try_unfold((file, from), move |(mut file, at)| async move {
        if at == to {
            return Ok::<_, std::io::Error>(None);
        }
        let read = tokio::task::spawn_blocking(move || file.piece(at, to - at).map(|piece| (file, piece)));
        let (file, piece) = read.await.map_err(std::io::Error::other)??;
        let next = at + piece.len() as u64;
        Ok(Some((Bytes::from(piece), (file, next))))
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    /// Nothing we understand: send everything.
    All,
    /// From the first, up to but not including the second.
    Part(u64, u64),
    /// It begins after the end.
    Beyond,
}

/// One range of bytes. Several at once are answered with everything, which is allowed.
fn range_of(text: &str, length: u64) -> Range {
    let Some((from, to)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::All;
    };
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), _) if from >= length && (to.is_empty() || to.trim().parse::<u64>().is_ok()) => Range::Beyond,
        (Ok(from), Ok(to)) if to >= from => Range::Part(from, to.saturating_add(1).min(length)),
        (Ok(from), Err(_)) if to.is_empty() => Range::Part(from, length),
        (Err(_), Ok(0)) if from.is_empty() => Range::Beyond,
        (Err(_), Ok(last)) if from.is_empty() && length > 0 => Range::Part(length.saturating_sub(last), length),
        _ => Range::All,
    }
}

/// Whether the request knows this version already.
fn matches(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let tags = asked.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    tags.flat_map(|tags| tags.split(','))
        .map(|tag| tag.trim())
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
}

/// Lets what is put into a page do its work under the site's policy.
fn make_room(headers: &mut HeaderMap, injection: Option<&Injection>) {
    for name in [CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY] {
        let policy = headers.get(&name).filter(|_| injection.is_some()).and_then(|policy| policy.to_str().ok());
        if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&own::policy(policy)).ok()) {
            headers.insert(name, policy);
        }
    }
}

/// A page with something put in before the end of its body, and how many bytes that are. The page's own
/// bytes are shared, not copied: there may be many who read it.
fn injected(bytes: Bytes, injection: Option<&Injection>, digest: &str) -> (u64, Body) {
    let Some(Injection { token, client }) = injection else { return (bytes.len() as u64, Body::from(bytes)) };
    let html = own::injection(client, token, digest);
    let end = bytes.windows(7).rposition(|window| window.eq_ignore_ascii_case(b"</body>")).unwrap_or(bytes.len());
    let parts = [bytes.slice(..end), Bytes::from(html), bytes.slice(end..)];
    let length = parts.iter().map(|part| part.len() as u64).sum();
    (length, Body::from_stream(futures_util::stream::iter(parts.map(Ok::<_, Infallible>))))
}

/// A sentence.
pub fn plain(status: StatusCode, words: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{words}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

fn moved(status: StatusCode, to: &str) -> Response<Body> {
    let mut response = plain(status, to);
    // A URL path of ours is plain but for letters beyond ASCII.
    let encoded: String = to
        .bytes()
        .map(|b| if b.is_ascii_graphic() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    if let Ok(location) = HeaderValue::from_str(&encoded) {
        response.headers_mut().insert(LOCATION, location);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
    response
}

/// The kind of page that a file is, from a list that does not grow with the site.
pub fn endpoint(file: &RelPath) -> &'static str {
    let parts: Vec<&str> = file.as_str().split('/').collect();
    match parts.as_slice() {
        ["index.html"] => "home",
        ["404.html"] => "404",
        ["feed.xml"] => "feed",
        ["sitemap.xml"] | ["sitemaps", ..] => "sitemap",
        ["assets", ..] => "asset",
        ["photos", ..] => "picture",
        ["parks", _, "rides", _, "index.html"] => "ride",
        ["parks", "index.html"] | ["parks", "page", ..] => "park_list",
        ["parks", _, "index.html"] => "park",
        ["rides", ..] => "ride_list",
        ["companies", "index.html"] | ["companies", "page", ..] => "company_list",
        ["companies", ..] => "company",
        ["models", ..] => "model",
        ["countries", "index.html"] => "country_list",
        ["countries", ..] => "country",
        ["articles", "index.html"] | ["articles", "page", ..] => "article_list",
        ["articles", ..] => "article",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood() {
        assert_eq!(range_of("bytes=0-0", 10), Range::Part(0, 1));
        assert_eq!(range_of("bytes=5-", 10), Range::Part(5, 10));
        assert_eq!(range_of("bytes=-3", 10), Range::Part(7, 10));
        assert_eq!(range_of("bytes=-30", 10), Range::Part(0, 10));
        assert_eq!(range_of("bytes=2-99", 10), Range::Part(2, 10));
        assert_eq!(range_of("bytes=0-18446744073709551615", 10), Range::Part(0, 10));
        for beyond in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(range_of(beyond, 10), Range::Beyond, "{beyond}");
        }
        for odd in ["bytes=5-2", "bytes=a-b", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=--1"] {
            assert_eq!(range_of(odd, 10), Range::All, "{odd}");
        }
        assert_eq!(range_of("bytes=-3", 0), Range::All);
    }
}

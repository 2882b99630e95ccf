//! The server's own endpoints, all below `/__lifthill/`: the browser's half of live reload, news for
//! open pages, the overlay, and answers for commands in other terminals. None of them is part of
//! the site, and none answers anybody but our own pages and commands, where they may edit.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::response::IntoResponse;
use tokio::sync::oneshot;

use super::Server;
use super::address::{address, below};
use super::answer::plain;
use super::desk::Wish;
use super::holder::Holder;
use super::overlay;

const CLIENT: &str = concat!(include_str!("client/idiomorph.min.js"), "\n", include_str!("client/client.js"));

/// Where the endpoints live, below the path of the site.
pub const PREFIX: &str = "/__lifthill/";

/// Where the browser's half of live reload is.
pub const CLIENT_PATH: &str = "/__lifthill/client.js";

/// What goes into every page before the end of its body: the script at `client`.
pub fn injection(client: &str, token: &str, digest: &str) -> String {
    format!("<script src=\"{client}\" data-token=\"{token}\" data-digest=\"{digest}\"></script>")
}

/// The site's Content-Security-Policy with what our part of a page needs: its script, its requests and
/// the overlay.
pub fn policy(of_site: &str) -> String {
    let mut parts: Vec<String> = of_site.split(';').map(|part| part.trim().to_owned()).collect();
    for name in ["script-src", "connect-src", "frame-src"] {
        let part = parts.iter_mut().find(|part| part.split(' ').next() == Some(name));
        match part {
            Some(part) if part.ends_with(" 'none'") || *part == name => *part = format!("{name} 'self'"),
            Some(part) => part.push_str(" 'self'"),
            None => parts.push(format!("{name} 'self'")),
        }
    }
    parts.join("; ")
}

/// Answers a request below [`PREFIX`].
pub async fn answer(request: &Parts, server: &Arc<Server>) -> Response<Body> {
    let name = request.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let query = request.uri.query().unwrap_or_default();
    if request.method == Method::GET && server.watches && name == "client.js" {
        return text("text/javascript; charset=utf-8", CLIENT.to_owned());
    }
    if request.method == Method::GET && name == "holder" {
        return holder(server, query);
    }
    let shown = request.headers.get("x-lifthill-token").and_then(|token| token.to_str().ok());
    let token = shown.map(str::to_owned).or_else(|| value(query, "token"));
    if server.guard.origin(&request.headers, token.as_deref()).is_err() {
        return plain(StatusCode::FORBIDDEN, "only pages and commands of this site are answered here");
    }
    match (request.method.as_str(), name) {
        ("GET", "events") if server.watches => events(server, query),
        ("GET", "overlay") if server.watches => {
            let html = match value(query, "gone") {
                Some(path) => overlay::gone(&path),
                None => overlay::problems(&server.hub.standing().problems),
            };
            let mut response = text("text/html; charset=utf-8", html);
            if let Ok(policy) = HeaderValue::from_str(&overlay::policy()) {
                response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            }
            // A page that lets in only what allows it lets the frame in too.
            let embedder = HeaderName::from_static("cross-origin-embedder-policy");
            response.headers_mut().insert(embedder, HeaderValue::from_static("require-corp"));
            response
        }
        // A form of another site could post, but not with a header of ours.
        ("POST", "build") if shown.is_some() => wish(server, Wish::Build).await,
        ("GET", "why") if shown.is_some() => {
            let page = value(query, "page").unwrap_or_default();
            wish(server, |answer| Wish::Why(page, answer)).await
        }
        ("GET", "impact") if shown.is_some() => {
            let subject = value(query, "of").unwrap_or_default();
            wish(server, |answer| Wish::Impact(subject, answer)).await
        }
        _ => plain(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}

/// Shows a command that we have the token and serve the folder that it is in; told to anybody who may edit,
/// for it says nothing to whoever has no token.
fn holder(server: &Arc<Server>, query: &str) -> Response<Body> {
    let holder = &server.holder;
    match value(query, "nonce").filter(|_| Holder::root_of(&server.root).as_ref() == Some(&holder.root)) {
        Some(nonce) => text("text/plain; charset=utf-8", holder.proof(&nonce)),
        None => plain(StatusCode::CONFLICT, "the folder that was served is not there any more"),
    }
}

fn events(server: &Arc<Server>, query: &str) -> Response<Body> {
    let Some(page) = query.split('&').find_map(|part| part.strip_prefix("page=")) else {
        return plain(StatusCode::BAD_REQUEST, "which page?");
    };
    // The value is a path, encoded once more for the query.
    let base = &server.shelf.edition().base;
    let Some(address) = decoded(page).and_then(|path| address(below(&path, base)?).ok()) else {
        return plain(StatusCode::BAD_REQUEST, "that is no page");
    };
    let now = server.shelf.written(&address.file).ok().flatten().map(|written| written.digest);
    let mut response = server.hub.join(address.file, now).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn wish(
    server: &Arc<Server>,
    wish: impl FnOnce(oneshot::Sender<anyhow::Result<String>>) -> Wish,
) -> Response<Body> {
    let (sender, receiver) = oneshot::channel();
    // Before it is sent: whoever takes it up lowers the flag, and must not be hurried by his own wish.
    server.hurry.store(true, Ordering::Relaxed);
    if server.wishes.send(wish(sender)).is_err() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "the server is about to stop");
    }
    match receiver.await {
        Ok(Ok(json)) => text("application/json", json),
        Ok(Err(error)) => plain(StatusCode::CONFLICT, &format!("{error:#}")),
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the server is about to stop"),
    }
}

/// A value in a query, decoded.
fn value(query: &str, name: &str) -> Option<String> {
    let raw = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?;
    decoded(raw)
}

fn decoded(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        bytes.push((digit()? * 16 + digit()?) as u8);
    }
    String::from_utf8(bytes).ok()
}

fn text(content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

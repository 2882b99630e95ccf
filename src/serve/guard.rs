//! Who may talk to the server: a name is allowed only if it is ours (or else any site could point
//! its own name at this machine and read along), our own endpoints only answer our own pages, and what
//! edits or tells of the inside of the site only this machine and whom the user named. Knows nothing of
//! what is served.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Uri};
use ipnet::IpNet;

use super::listen::Ends;

/// Headers by which a proxy says that somebody else is asking.
const FORWARDED: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// The names by which this server may be called.
#[derive(Clone, Debug)]
pub struct Guard {
    names: Vec<String>,
    /// Whether any address of this machine will do, since it listens on all of them.
    any_address: bool,
    /// Shown by our own pages in this run.
    token: String,
    /// Who may edit besides this machine.
    editors: Vec<IpNet>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It says no name, or several.
    NoHost,
    /// It calls us by a name that is not ours.
    ForeignHost,
    /// It comes from another site.
    ForeignOrigin,
}

impl Guard {
    /// A guard that lets pass `localhost`, this machine's own loopback addresses, and `names`.
    pub fn new(names: impl IntoIterator<Item = String>, any_address: bool, token: String, editors: Vec<IpNet>) -> Self {
        let names = names.into_iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect();
        Self { names, any_address, token, editors }
    }

    /// Whether a request may edit, and be told of the inside of the site: it comes from this machine, and
    /// not through a proxy for somebody else; or from where the user said.
    pub fn may_edit(&self, ends: &Ends, headers: &HeaderMap) -> bool {
        let (peer, local) = (ends.peer.ip().to_canonical(), ends.local.ip().to_canonical());
        let forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
        let is_here = (peer.is_loopback() || peer == local) && !forwarded;
        is_here || self.editors.iter().any(|network| network.contains(&peer))
    }

    /// This run's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether the request calls us by a name of ours.
    pub fn host(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refused> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Refused::NoHost) };
        let host = host.to_str().map_err(|_| Refused::NoHost)?;
        let absolute = uri.authority().map(axum::http::uri::Authority::as_str);
        if self.is_ours(host) && absolute.is_none_or(|authority| self.is_ours(authority)) {
            Ok(())
        } else {
            Err(Refused::ForeignHost)
        }
    }

    /// Whether a request for one of our own endpoints comes from a page of ours: by its origin, or
    /// by the token where it says no origin.
    pub fn origin(&self, headers: &HeaderMap, token: Option<&str>) -> Result<(), Refused> {
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        if matches!(site, Some("cross-site" | "same-site")) {
            return Err(Refused::ForeignOrigin);
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let allowed = match headers.get(ORIGIN) {
            Some(origin) => origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://")) == Some(host),
            None => token.is_some_and(|token| same(token, &self.token)),
        };
        if allowed { Ok(()) } else { Err(Refused::ForeignOrigin) }
    }

    fn is_ours(&self, authority: &str) -> bool {
        let Some(name) = name_of(authority) else { return false };
        if let Ok(address) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return address.is_loopback() || self.any_address || self.names.contains(&address.to_string());
        }
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
    }
}

/// The name in `name:port`; `None` where that is not what it is.
fn name_of(authority: &str) -> Option<&str> {
    let (name, port) = match authority.rfind(']') {
        Some(end) => (&authority[..=end], authority[end + 1..].strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(name, port)| (name, Some(port))),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    let good_port = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    (!name.is_empty() && name.chars().all(plain) && good_port).then_some(name)
}

/// Compares without stopping at the first difference.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard::new(["parks.example".to_owned()], false, "secret".to_owned(), vec!["10.0.0.0/8".parse().unwrap()])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_our_own_names_are_answered() {
        let uri: Uri = "/".parse().unwrap();
        for ours in ["localhost:1111", "127.0.0.1", "[::1]:80", "LOCALHOST.", "a.localhost:1", "parks.example"] {
            assert_eq!(guard().host(&headers(&[("host", ours)]), &uri), Ok(()), "{ours}");
        }
        for foreign in
            ["evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example", "", "a b", "localhost:x"]
        {
            assert_eq!(guard().host(&headers(&[("host", foreign)]), &uri), Err(Refused::ForeignHost), "{foreign}");
        }
        assert_eq!(guard().host(&HeaderMap::new(), &uri), Err(Refused::NoHost));
        let absolute: Uri = "http://evil.example/".parse().unwrap();
        assert_eq!(guard().host(&headers(&[("host", "localhost")]), &absolute), Err(Refused::ForeignHost));
    }

    #[test]
    fn only_this_machine_and_whom_the_user_named_may_edit() {
        let ends = |peer: &str, local: &str| Ends {
            peer: format!("{peer}:4000").parse().unwrap(),
            local: format!("{local}:1111").parse().unwrap(),
        };
        let none = HeaderMap::new();
        for (peer, local) in [
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]"),
            ("192.168.1.5", "192.168.1.5"),
            ("10.1.2.3", "192.168.1.5"),
            ("[::ffff:10.1.2.3]", "[::ffff:192.168.1.5]"),
        ] {
            assert!(guard().may_edit(&ends(peer, local), &none), "{peer}");
        }
        for (peer, local) in
            [("192.168.1.7", "192.168.1.5"), ("11.0.0.1", "10.0.0.1"), ("[2001:db8::1]", "[2001:db8::2]")]
        {
            assert!(!guard().may_edit(&ends(peer, local), &none), "{peer}");
        }
        for name in FORWARDED {
            let forwarded = headers(&[(name, "203.0.113.7")]);
            assert!(!guard().may_edit(&ends("127.0.0.1", "127.0.0.1"), &forwarded), "{name}");
            assert!(guard().may_edit(&ends("10.1.2.3", "10.1.2.4"), &forwarded), "the user named the proxy");
        }
    }

    #[test]
    fn our_endpoints_answer_only_our_pages() {
        let host = ("host", "localhost:1111");
        let same = headers(&[host, ("origin", "http://localhost:1111")]);
        assert_eq!(guard().origin(&same, None), Ok(()));
        assert_eq!(guard().origin(&headers(&[host]), Some("secret")), Ok(()));
        for (pairs, token) in [
            (vec![host], None),
            (vec![host], Some("secre")),
            (vec![host, ("origin", "http://evil.example")], Some("secret")),
            (vec![host, ("origin", "http://localhost:2222")], None),
            (vec![host, ("origin", "null")], None),
            (vec![host, ("sec-fetch-site", "cross-site")], Some("secret")),
        ] {
            assert_eq!(guard().origin(&headers(&pairs), token), Err(Refused::ForeignOrigin), "{pairs:?}");
        }
    }
}

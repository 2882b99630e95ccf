//! Netlify and Cloudflare Pages: `_headers` and `_redirects`. Both hosts read the same two files, but
//! differ in what they make of a URL that fits several rules: at Cloudflare each adds its headers to
//! those before, unless it takes them away first (`! Name`); at Netlify the last one counts. At
//! Cloudflare a redirect goes before a file of its URL, at Netlify only one that is forced (`301!`).

use std::fmt::Write;

use super::{HEAD, Redirect, encoded, names, typed};
use crate::headers::{HeaderRules, IMMUTABLE, SHORT, fits};
use crate::paths::BasePath;

/// Whose way of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Netlify's.
    Netlify,
    /// Cloudflare Pages'.
    Cloudflare,
}

/// What Cloudflare Pages takes: redirects without wildcards, bytes of one of their lines, header
/// rules, bytes of one of their lines (developers.cloudflare.com/pages/configuration).
const CLOUDFLARE: (usize, usize, usize, usize) = (2_000, 1_000, 100, 2_000);

/// Files below `output/` by what is said of them, beyond what a host says of pages by itself: always to
/// be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// URL paths, a `*` at the end standing for all below, of files that are kept for ever.
    pub immutable: Vec<String>,
    /// The same for files that are kept for minutes. No URL is in both.
    pub short: Vec<String>,
}

/// A rule: a URL path in which `*` stands for anything, and headers.
type Rule<'r> = (String, Vec<(&'r str, &'r str)>);

/// `_headers`; an error where the host cannot be told so.
pub fn headers_file(dialect: Dialect, rules: &HeaderRules, kept: &Kept, base: &BasePath) -> Result<String, String> {
    let below = |path: String| format!("{}{path}", asked_for(base.decoded()));
    let mut all: Vec<Rule<'_>> = vec![(below("/*".to_owned()), rules.usual().collect())];
    all.extend(kept.immutable.iter().map(|path| (below(kept_path(path)), vec![("Cache-Control", IMMUTABLE)])));
    all.extend(kept.short.iter().map(|path| (below(kept_path(path)), vec![("Cache-Control", SHORT)])));
    for (path, name) in typed() {
        add(&mut all, (below(literal(&path)), vec![("Content-Type", name)]))?;
    }
    // Whatever comes later goes before, and the first pattern of the settings before all.
    let known = names(rules);
    let named = |name: &str| known.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    for own in rules.own().iter().rev() {
        let mut headers: Vec<(&str, &str)> = Vec::new();
        for (name, value) in &own.headers {
            let name = named(name).unwrap_or("Content-Type");
            if !headers.iter().any(|(known, _)| *known == name) {
                headers.push((name, value));
            }
        }
        add(&mut all, (below(pattern(dialect, &own.pattern)?), headers))?;
    }
    let mut out = HEAD.to_owned();
    for (index, (path, headers)) in all.iter().enumerate() {
        let _ = writeln!(out, "{path}");
        for (name, value) in headers {
            let earlier =
                |(other, headers): &Rule<'_>| may_meet(other, path) && headers.iter().any(|(one, _)| one == name);
            if dialect == Dialect::Cloudflare && all[..index].iter().any(earlier) {
                let _ = writeln!(out, "  ! {name}");
            }
            let _ = writeln!(out, "  {name}: {value}");
        }
    }
    if dialect == Dialect::Cloudflare {
        let (_, _, most, longest) = CLOUDFLARE;
        if all.len() > most {
            return Err(format!("{} rules for headers, Cloudflare Pages takes {most}", all.len()));
        }
        too_long(&out, longest)?;
    }
    Ok(out)
}

/// Adds a rule that goes before all that are there. Hosts take two rules for one path for one, in the
/// place of the first or the last: they must become one that says the same.
fn add<'r>(all: &mut Vec<Rule<'r>>, new: Rule<'r>) -> Result<(), String> {
    let Some(at) = all.iter().position(|(path, _)| *path == new.0) else {
        all.push(new);
        return Ok(());
    };
    let sets = |(_, headers): &Rule<'_>, name: &str| headers.iter().any(|(one, _)| *one == name);
    let between = |name: &str| all[at + 1..].iter().any(|rule| sets(rule, name) && may_meet(&rule.0, &new.0));
    let kept: Vec<(&str, &str)> = all[at].1.iter().filter(|(name, _)| !sets(&new, name)).copied().collect();
    if kept.iter().all(|(name, _)| !between(name)) {
        all.remove(at);
        all.push((new.0, [new.1, kept].concat()));
    } else if new.1.iter().all(|(name, _)| !between(name)) {
        all[at].1 = [new.1, kept].concat();
    } else {
        return Err(format!("what is said of `{}` here and there cannot be said in one place", new.0));
    }
    Ok(())
}

/// Whether some URL may fit both patterns; only where that is plain it is denied.
fn may_meet(one: &str, other: &str) -> bool {
    let start = |pattern: &str| pattern.split('*').next().unwrap_or_default().to_owned();
    match (one.contains('*'), other.contains('*')) {
        (true, true) => start(one).starts_with(&start(other)) || start(other).starts_with(&start(one)),
        (true, false) => fits(one, other),
        (false, true) => fits(other, one),
        (false, false) => one == other,
    }
}

/// `_redirects`; an error where the host takes no more.
pub fn redirects_file(dialect: Dialect, redirects: &[Redirect], base: &BasePath) -> Result<String, String> {
    let mut out = HEAD.to_owned();
    let base = base.decoded();
    let status = match dialect {
        Dialect::Netlify => "301!",
        Dialect::Cloudflare => "301",
    };
    for Redirect { from, to } in redirects {
        let _ = writeln!(out, "{} {} {status}", literal(&format!("{base}{from}")), encoded(&format!("{base}{to}")));
    }
    if dialect == Dialect::Cloudflare {
        let (most, longest, ..) = CLOUDFLARE;
        if redirects.len() > most {
            return Err(format!("{} redirects, Cloudflare Pages takes {most}", redirects.len()));
        }
        too_long(&out, longest)?;
    }
    Ok(out)
}

fn too_long(text: &str, longest: usize) -> Result<(), String> {
    match text.lines().find(|line| line.len() > longest) {
        None => Ok(()),
        Some(line) => {
            let start: String = line.chars().take(60).collect();
            Err(format!("a line has {} bytes, Cloudflare Pages takes {longest}: {start}…", line.len()))
        }
    }
}

/// A URL path as browsers ask for it. What the hosts would read as a wildcard or placeholder is written
/// so that it is none.
fn literal(path: &str) -> String {
    asked_for(path).replace('*', "%2A").replace(':', "%3A")
}

/// The same where a `*` at the end stands for all below.
fn kept_path(path: &str) -> String {
    path.strip_suffix('*').map_or_else(|| literal(path), |folder| format!("{}*", literal(folder)))
}

/// A pattern of the settings.
fn pattern(dialect: Dialect, pattern: &str) -> Result<String, String> {
    if pattern.contains(':') {
        return Err(format!("`{pattern}` cannot be said: the host reads `:` as the beginning of a placeholder"));
    }
    if dialect == Dialect::Cloudflare && pattern.matches('*').count() > 1 {
        return Err(format!("`{pattern}` has more than one `*`, of which Cloudflare Pages takes one"));
    }
    // Netlify makes a regular expression of a part with a `*` and words, without quoting the words.
    let odd =
        |part: &str| part != "*" && part.contains('*') && part.contains(['(', ')', '[', ']', '+', '$', '|', '\\']);
    if dialect == Dialect::Netlify && pattern.split('/').any(odd) {
        return Err(format!("`{pattern}` cannot be said: Netlify would read more in it than a name and a `*`"));
    }
    let slash = if pattern.starts_with('/') { "" } else { "/" };
    Ok(format!("{slash}{}", asked_for(pattern)))
}

/// The path percent-encoded just where browsers do so (the path percent-encode set of the WHATWG's URL
/// standard), since hosts compare it with what was asked for.
fn asked_for(path: &str) -> String {
    let encode = |b: u8| !(b'!'..=b'~').contains(&b) || b"\"#<>?^`{}".contains(&b);
    path.bytes().map(|b| if encode(b) { format!("%{b:02X}") } else { char::from(b).to_string() }).collect()
}

//! What a written reference means: which asset it leads to, and how it is written anew when that
//! asset has got its name. Knows nothing of the languages that references stand in.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A reference as it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its bytes in the text, without quotes.
    pub place: Range<usize>,
    /// What it says, with escapes undone.
    pub value: String,
    /// How it is written.
    pub form: Form,
}

/// How a reference is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Between double quotes.
    DoubleQuoted,
    /// Between single quotes.
    SingleQuoted,
    /// In `url()`, without quotes.
    Unquoted,
    /// In a comment, as it is.
    Bare,
}

/// Where a reference leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Away from the assets: data, another host, a fragment of the same file, another path of the
    /// site. Kept as written.
    Elsewhere,
    /// Out of the assets' folder, which no reference may.
    Outside,
    /// To an asset.
    Asset {
        /// The asset's path below `assets/`.
        path: String,
        /// Query and fragment, as written.
        suffix: String,
    },
}

/// Where `value`, written in the asset at `from`, leads.
pub fn target(from: &str, value: &str) -> Target {
    let at = value.find(['?', '#']).unwrap_or(value.len());
    let (path, suffix) = value.split_at(at);
    let has_scheme = path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    if path.is_empty() || has_scheme || path.starts_with("//") {
        return Target::Elsewhere;
    }
    let (mut parts, path) = match path.strip_prefix('/') {
        None => (from.split('/').rev().skip(1).collect::<Vec<_>>(), path),
        Some(absolute) => match absolute.strip_prefix("assets/") {
            Some(inside) => (Vec::new(), inside),
            None => return Target::Elsewhere,
        },
    };
    parts.reverse();
    let path = percent_decoded(path);
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                if parts.pop().is_none() {
                    return Target::Outside;
                }
            }
            part => parts.push(part),
        }
    }
    Target::Asset { path: parts.join("/"), suffix: suffix.to_owned() }
}

fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

/// A reference written anew for an asset whose file is now called `name`: the folder, the query
/// and the fragment stay as the author wrote them.
pub fn renamed(value: &str, name: &str) -> String {
    let at = value.find(['?', '#']).unwrap_or(value.len());
    let (path, suffix) = value.split_at(at);
    let folder = path.rfind('/').map_or(0, |slash| slash + 1);
    format!("{}{name}{suffix}", &path[..folder])
}

/// Whether a reference is a path of the site, wherever it stands.
pub fn is_path(value: &str) -> bool {
    value.starts_with('/') && !value.starts_with("//")
}

/// `text` with every reference in it that `write` has something for written anew.
pub fn rewrite(text: &str, found: &[Found], write: impl Fn(&Found) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() + 16 * found.len());
    let mut done = 0;
    for one in found {
        let Some(new) = write(one) else { continue };
        out.push_str(&text[done..one.place.start]);
        escape(&new, one.form, &mut out);
        done = one.place.end;
    }
    out.push_str(&text[done..]);
    out
}

fn escape(value: &str, form: Form, out: &mut String) {
    for c in value.chars() {
        let special = match form {
            Form::DoubleQuoted => matches!(c, '"' | '\\'),
            Form::SingleQuoted => matches!(c, '\'' | '\\'),
            Form::Unquoted => matches!(c, '"' | '\'' | '\\' | '(' | ')' | ' ' | '\t'),
            Form::Bare => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(from: &str, value: &str) -> Option<(String, String)> {
        match target(from, value) {
            Target::Asset { path, suffix } => Some((path, suffix)),
            _ => None,
        }
    }

    #[test]
    fn a_reference_is_relative_to_its_file() {
        let of = |value: &str| asset("css/a/site.css", value).map(|(path, suffix)| format!("{path} {suffix}"));
        assert_eq!(of("../../img/x.svg#a").as_deref(), Some("img/x.svg #a"));
        assert_eq!(of("./y.css?v=1").as_deref(), Some("css/a/y.css ?v=1"));
        assert_eq!(of("/assets/img/x%20y.svg").as_deref(), Some("img/x y.svg "));
        for kept in ["data:image/png;base64,AA", "https://x/y", "//x/y", "#iefix", "?x", "", "/photos/x.jpg"] {
            assert_eq!(target("css/site.css", kept), Target::Elsewhere, "{kept}");
        }
        assert_eq!(target("site.css", "../x.png"), Target::Outside);
        assert_eq!(target("css/site.css", "%2e%2e/%2e%2e/x.png"), Target::Outside);
    }

    #[test]
    fn only_the_name_changes() {
        assert_eq!(renamed("../img/x.svg?v=1#a", "x.1a.svg"), "../img/x.1a.svg?v=1#a");
        let found = [Found { place: 4..9, value: "b.png".into(), form: Form::Unquoted }];
        assert_eq!(rewrite("url(b.png)", &found, |_| Some("b c.png".into())), "url(b\\ c.png)");
    }
}

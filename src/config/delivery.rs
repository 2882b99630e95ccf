//! The settings that say how files are sent: `[headers]`. No page reads them. Knows nothing of
//! servers.

use std::ops::Range;

use crate::fields::{Fields, Findings, Node, Shape};

/// How files are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliverySettings {
    /// The site's own headers, in the order written; the first that fits a URL wins.
    pub headers: Vec<HeaderPattern>,
}

/// One line of `[headers]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderPattern {
    /// A URL path in which `*` stands for anything.
    pub pattern: String,
    /// Names as written, and values.
    pub headers: Vec<(String, String)>,
}

impl DeliverySettings {
    /// Takes its tables out of the settings file's.
    pub fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        if let Some(node) = fields.take("headers") {
            for (pattern, place, node) in Fields::of(node, findings).take_all() {
                if !pattern.starts_with(['/', '*']) || pattern.contains(|c: char| c.is_control() || c.is_whitespace()) {
                    let help = Some("for instance \"/feed.xml\", \"/photos/*\" or \"*.pdf\"".to_owned());
                    findings.note(place, format!("`{pattern}` is not a pattern of URL paths"), help);
                    continue;
                }
                let headers = headers_of(node, findings);
                self.headers.push(HeaderPattern { pattern, headers });
            }
        }
    }
}

/// A text alone is `Cache-Control`; a table has a line for each header.
fn headers_of(node: Node, findings: &mut Findings<'_>) -> Vec<(String, String)> {
    if let Shape::String(value) = node.shape {
        return header("Cache-Control", node.span.clone(), value, node.span, findings).into_iter().collect();
    }
    let mut headers = Vec::new();
    for (name, place, node) in Fields::of(node, findings).take_all() {
        match node.shape {
            Shape::String(value) => headers.extend(header(&name, place, value, node.span, findings)),
            other => findings.note(node.span, format!("`{name}` must be text, found {}", other.describe()), None),
        }
    }
    headers
}

/// A header, if its name is a token and its value is one line of visible ASCII (RFC 9110, 5.1 and
/// 5.5): no more can be sent through every server.
fn header(
    name: &str,
    place: Range<usize>,
    value: String,
    value_place: Range<usize>,
    findings: &mut Findings<'_>,
) -> Option<(String, String)> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        findings.note(place, format!("`{name}` is not the name of a header"), None);
        return None;
    }
    if !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        findings.note(value_place, format!("`{name}` must be one line of ASCII"), None);
        return None;
    }
    Some((name.to_owned(), value.trim().to_owned()))
}

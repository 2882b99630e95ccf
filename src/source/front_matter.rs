//! Front matter: the table before a Markdown body, in TOML between `+++` lines or YAML between
//! `---` lines. Knows nothing of field names.

use std::ops::Range;

use crate::fields::{self, Fields, Findings};

/// Splits a Markdown file into its front matter, parsed, and the byte range of its body.
/// Problems are noted; the result is then `None`.
pub fn split(findings: &mut Findings<'_>) -> Option<(Fields, Range<usize>)> {
    let source = findings.source;
    let first_line = source.lines().next().unwrap_or_default().trim_end();
    let fence = match first_line {
        "+++" | "---" => first_line,
        _ => {
            let help = "begin the file with a line `+++`, then `name = \"…\"`, then another `+++`".to_owned();
            findings.note(0..first_line.len(), "the file must begin with front matter", Some(help));
            return None;
        }
    };
    let start = source.find('\n').map_or(source.len(), |at| at + 1);
    let Some((end, body)) = closing_fence(source, start, fence) else {
        findings.note(0..3, format!("front matter is not closed: no second `{fence}` line"), None);
        return None;
    };
    let node = match fence {
        "+++" => fields::toml(findings, start..end)?,
        _ => fields::yaml(findings, start..end)?,
    };
    Some((Fields::of(node, findings), body..source.len()))
}

/// Where the closing fence's line begins, and where the text after it begins.
fn closing_fence(source: &str, start: usize, fence: &str) -> Option<(usize, usize)> {
    let mut line_start = start;
    for line in source[start..].split_inclusive('\n') {
        if line.trim_end() == fence {
            return Some((line_start, line_start + line.len()));
        }
        line_start += line.len();
    }
    None
}

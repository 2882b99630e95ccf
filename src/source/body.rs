//! References in Markdown bodies (`[Python](ride:efteling/python)`). Knows nothing of whether
//! what they name exists.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::model::{Kind, RecordId};
use crate::tags;

/// The path below `content/` that a relative address in the file at `path` leads to; `None` where it
/// leads out of `content/`, or is no relative address.
pub fn beside(path: &str, address: &str) -> Option<String> {
    if address.is_empty() || address.starts_with('/') || address.contains(':') {
        return None;
    }
    let address = percent_encoding::percent_decode_str(address).decode_utf8().ok()?;
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in address.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            "" => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Everything in `body` that looks like a reference, with its byte range in the file (`offset`
/// is where the body begins). A quick look that may take code for a link; a dangling one is
/// looked at again with [`confirmed_links`].
pub fn link_candidates(body: &str, offset: usize) -> Vec<(RecordId, Range<usize>)> {
    let mut found = Vec::new();
    for (colon, _) in body.match_indices(':') {
        let before = &body[..colon];
        let Some(kind) = Kind::ALL.into_iter().find(|kind| {
            let rest = before.strip_suffix(kind.word());
            rest.is_some_and(|rest| rest.ends_with(['(', '<']) || rest.ends_with("]: "))
        }) else {
            continue;
        };
        let start = colon - kind.word().len();
        // What begins another ends this one: else many in a row would each be looked through to the end.
        let length = body[colon + 1..]
            .find(|c: char| c.is_whitespace() || matches!(c, ')' | '>' | '"' | '(' | '<'))
            .unwrap_or(body.len() - colon - 1);
        let end = colon + 1 + length;
        let key = body[colon + 1..end].split('#').next().unwrap_or_default();
        if !key.is_empty() {
            found.push((RecordId::new(kind, key), offset + start..offset + end));
        }
    }
    found
}

/// Where in `body` there is more raw HTML, or more of it within each other, than parsers may be let at.
pub fn wild_html(body: &str) -> Option<usize> {
    // Nearly no body has as much as a suspicion of it, and what is code is none.
    if !tags::is_too_much(body) {
        return None;
    }
    let mut count = tags::Count::default();
    for (event, place) in Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES).into_offset_iter() {
        if let Event::Html(html) | Event::InlineHtml(html) = event {
            count.add(&html, place.start);
        }
    }
    count.too_much()
}

/// The records that links in `body` really name, as CommonMark reads it.
pub fn confirmed_links(body: &str) -> Vec<RecordId> {
    let events = Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES);
    events
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. }) => RecordId::parse(dest_url.split('#').next().unwrap_or_default()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_autolinks_and_definitions() {
        let body = "[A](ride:p/a) and <park:p>, [b][b] `(ride:p/code)`\n\n[b]: company:c\nratio 3:4 (note: no)";
        let found: Vec<String> = link_candidates(body, 0).iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(found, ["ride:p/a", "park:p", "ride:p/code", "company:c"]);
        let real: Vec<String> = confirmed_links(body).iter().map(RecordId::to_string).collect();
        assert_eq!(real, ["ride:p/a", "park:p", "company:c"]);
    }
}

//! Minifying. Template text is minified once, when it is loaded: every template tag is replaced
//! by a word that HTML allows in its place, the text is minified, and the tags are put back. Text
//! that does not survive this whole is left as written, and pages made with it are minified
//! whole. Knows nothing of templates beyond their delimiters.

use std::collections::BTreeMap;

use crate::tags::is_too_much;

/// What every minifying keeps: closing tags and the document's frame, which validators want.
fn configuration() -> minify_html::Cfg {
    minify_html::Cfg { keep_closing_tags: true, keep_html_and_head_opening_tags: true, ..minify_html::Cfg::default() }
}

/// A whole page, minified.
pub fn page(html: &str) -> String {
    // The minifier goes down as deep as what it reads.
    if is_too_much(html) {
        return html.to_owned();
    }
    String::from_utf8(minify_html::minify(html.as_bytes(), &configuration())).unwrap_or_else(|_| html.to_owned())
}

/// Template text, minified; `None` where that would change which tags it holds or their order.
pub fn template(text: &str) -> Option<String> {
    if is_too_much(text) {
        return None;
    }
    let (stand_in, hidden) = hide(text)?;
    let minified = String::from_utf8(minify_html::minify(stand_in.as_bytes(), &configuration())).ok()?;
    let restored = reveal(&minified, &hidden)?;
    (tags(text) == tags(&restored) && openings(text) == openings(&restored)).then_some(restored)
}

/// How often something begins that may be a template tag, ended or not: what does not load as it is written must
/// not load because of what the minifier leaves out.
fn openings(text: &str) -> usize {
    text.as_bytes().windows(2).filter(|pair| matches!(*pair, b"{{" | b"{%" | b"{#")).count()
}

/// Where in HTML a template tag stands.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    Text,
    /// Between the attributes of a tag.
    Tag,
    /// In an attribute's quoted value.
    Value(u8),
}

/// What a word stands for.
struct Hidden<'t> {
    text: &'t str,
    /// In the text, whose order must stay; attributes may change places.
    ordered: bool,
}

/// The text with a word for each template tag, and what the words stand for. All between the
/// first and the last template tag among an HTML tag's attributes is one word, since attributes
/// may change places. In a value the word holds `=`, so that the minifier keeps the quotes around
/// what the template will print there. `None` for a template tag in an HTML tag's name, in an
/// unquoted value, or opened in one value and closed in another.
fn hide(text: &str) -> Option<(String, Vec<Hidden<'_>>)> {
    let mut out = String::with_capacity(text.len());
    let mut hidden = Vec::new();
    let mut position = Position::Text;
    let mut depth_in_value = 0;
    let mut rest = text;
    loop {
        let (start, mut end) = next_brace(rest).unwrap_or((rest.len(), rest.len()));
        let before = position;
        position = position_after(&rest[..start], position);
        if before != position && depth_in_value != 0 {
            return None;
        }
        out.push_str(&rest[..start]);
        if start == end {
            return Some((out, hidden));
        }
        if position == Position::Tag {
            let joined_before = out.ends_with(|c: char| c.is_ascii_alphanumeric());
            if out.ends_with('=') || (rest[start..].starts_with("{{") && joined_before) {
                return None;
            }
            end = end_of_attributes(rest, end)?;
        }
        let index = hidden.len();
        let tag = &rest[start..end];
        hidden.push(Hidden { text: tag, ordered: position == Position::Text });
        rest = &rest[end..];
        match position {
            Position::Text => out.push_str(&format!("lhx{index}x")),
            Position::Value(_) => {
                depth_in_value += nesting(tag);
                out.push_str(&format!("lhx{index}=x"));
            }
            Position::Tag if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '=') => return None,
            Position::Tag => out.push_str(&format!(" lhx{index}x ")),
        }
    }
}

/// 1 for a template tag that opens something, -1 for one that closes it.
fn nesting(tag: &str) -> i32 {
    let word = tag[2..tag.len() - 2].trim_matches('-').split_whitespace().next().unwrap_or_default();
    match word {
        _ if !tag.starts_with("{%") => 0,
        "if" | "for" | "block" | "filter" => 1,
        word if word.starts_with("end") => -1,
        _ => 0,
    }
}

/// The end of the last template tag among the attributes of the HTML tag that `text[..end]` is
/// inside of; `None` where the HTML tag does not end.
fn end_of_attributes(text: &str, end: usize) -> Option<usize> {
    let mut last = end;
    let mut at = end;
    let mut position = Position::Tag;
    loop {
        let (start, stop) = next_brace(&text[at..])?;
        let closes = closing_angle(&text[at..at + start], &mut position);
        if closes {
            return Some(last);
        }
        at += stop;
        if position == Position::Tag {
            last = at;
        }
        if next_brace(&text[at..]).is_none() {
            return closing_angle(&text[at..], &mut position).then_some(last);
        }
    }
}

/// Whether the HTML tag ends within `text`; moves `position` along otherwise.
fn closing_angle(text: &str, position: &mut Position) -> bool {
    for (at, _) in text.char_indices() {
        *position = position_after(&text[at..=at + text[at..].chars().next().map_or(0, char::len_utf8) - 1], *position);
        if *position == Position::Text {
            return true;
        }
    }
    false
}

fn position_after(text: &str, mut position: Position) -> Position {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        position = match (position, byte) {
            (Position::Text, b'<')
                if bytes.get(at + 1).is_none_or(|next| next.is_ascii_alphabetic() || *next == b'/') =>
            {
                Position::Tag
            }
            (Position::Tag, b'>') => Position::Text,
            (Position::Tag, quote @ (b'"' | b'\'')) => Position::Value(*quote),
            (Position::Value(quote), byte) if quote == *byte => Position::Tag,
            (position, _) => position,
        };
    }
    position
}

/// Puts the template tags back; `None` where one is missing or those in the text changed places.
fn reveal(minified: &str, hidden: &[Hidden<'_>]) -> Option<String> {
    let mut out = String::with_capacity(minified.len() * 2);
    let mut rest = minified;
    let mut seen = 0;
    let mut last_ordered = None;
    while let Some(at) = rest.find("lhx") {
        let digits = &rest[at + 3..];
        let length = digits.find(|c: char| !c.is_ascii_digit())?;
        let index: usize = digits[..length].parse().ok()?;
        let what = hidden.get(index)?;
        if what.ordered && last_ordered.replace(index).is_some_and(|last| last > index) {
            return None;
        }
        out.push_str(&rest[..at]);
        out.push_str(what.text);
        let after = &digits[length..];
        rest = after.strip_prefix("=x").or_else(|| after.strip_prefix('x'))?;
        seen += 1;
    }
    out.push_str(rest);
    (seen == hidden.len()).then_some(out)
}

/// How often each tag is opened and closed, outside template tags.
fn tags(text: &str) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    let text = without_braces(text).to_ascii_lowercase();
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '/' || c == '-')).unwrap_or(rest.len());
        let name = &rest[..length];
        if name.trim_start_matches('/').starts_with(|c: char| c.is_ascii_alphabetic()) {
            *counts.entry(name.trim_end_matches('/').to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

fn without_braces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = next_brace(rest) {
        out.push_str(&rest[..start]);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Byte range of the first template tag.
pub(super) fn next_brace(text: &str) -> Option<(usize, usize)> {
    let start = text.match_indices('{').map(|(at, _)| at).find(|at| {
        let next = text.as_bytes().get(at + 1);
        matches!(next, Some(b'{' | b'%' | b'#'))
    })?;
    let close = match text.as_bytes()[start + 1] {
        b'{' => "}}",
        b'%' => "%}",
        _ => "#}",
    };
    let length = text[start..].find(close)?;
    Some((start, start + length + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_text_is_minified_around_its_tags() {
        let text = "<ul>\n  {% for x in xs %}\n  <li class=\"a b\">{{ x.name }}</li>\n  {% endfor %}\n</ul>\n";
        let minified = template(text).expect("balanced");
        assert!(minified.len() < text.len() && minified.contains("{{ x.name }}"), "{minified}");
    }

    #[test]
    fn what_a_template_prints_stays_in_quotes() {
        let minified =
            template("<a href=\"{{ url }}\" class=\"x{% if y %} z{% endif %}\"{% if c %} id=\"c\"{% endif %}>t</a>");
        let minified = minified.expect("balanced");
        assert!(minified.contains("href=\"{{ url }}\""), "{minified}");
        assert!(minified.contains("class=\"x{% if y %} z{% endif %}\""), "{minified}");
        assert!(minified.contains("{% if c %}") && minified.contains("{% endif %}>"), "{minified}");
    }

    #[test]
    fn text_that_would_not_survive_is_left_alone() {
        for text in ["<h{{ n }}>x</h{{ n }}>", "<a href={{ url }}>x</a>", "<!-- {{ x -->y", "<p>{{ x }}<!-- {% if -->"]
        {
            assert_eq!(template(text), None, "{text}");
        }
    }

    #[test]
    fn pages_keep_their_frame() {
        let html = page(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>x</title>\n</head>\n<body>\n<p> a  b </p>\n</body>\n</html>",
        );
        assert!(html.contains("</p>") && html.contains("<head>"), "{html}");
    }
}

//! Minifying. Template text is minified once, when it is loaded; a template whose text is not
//! balanced HTML by itself is left as written, and pages made with it are minified whole.
//! Knows nothing of templates beyond their delimiters.

use std::collections::BTreeMap;

/// What every minifying keeps: closing tags and the document's frame, which validators want.
fn configuration(template: bool) -> minify_html::Cfg {
    minify_html::Cfg {
        keep_closing_tags: true,
        keep_html_and_head_opening_tags: true,
        preserve_brace_template_syntax: template,
        ..minify_html::Cfg::default()
    }
}

/// A whole page, minified.
pub fn page(html: &str) -> String {
    String::from_utf8(minify_html::minify(html.as_bytes(), &configuration(false))).unwrap_or_else(|_| html.to_owned())
}

/// Template text, minified; `None` where minifying alone would change which tags it holds.
pub fn template(text: &str) -> Option<String> {
    let minified = String::from_utf8(minify_html::minify(text.as_bytes(), &configuration(true))).ok()?;
    let same = tags(text) == tags(&minified) && braces(text) == braces(&minified);
    same.then_some(minified)
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

/// Every template tag, in order, as written.
fn braces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((start, end)) = next_brace(rest) {
        if !rest[start..].starts_with("{#") {
            found.push(&rest[start..end]);
        }
        rest = &rest[end..];
    }
    found
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
    fn balanced_template_text_is_minified() {
        let text = "<ul>\n  {% for x in xs %}\n  <li class=\"a b\">{{ x.name }}</li>\n  {% endfor %}\n</ul>\n";
        let minified = template(text).expect("balanced");
        assert!(minified.len() < text.len() && minified.contains("{{ x.name }}"), "{minified}");
    }

    #[test]
    fn unbalanced_template_text_is_left_alone() {
        assert_eq!(template("{% if a %}<div>{% endif %}x{% if a %}</div>{% endif %}<p>").map(|_| ()), None);
    }

    #[test]
    fn pages_keep_their_frame() {
        let html = page("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>x</title>\n</head>\n<body>\n<p> a  b </p>\n</body>\n</html>");
        assert!(html.contains("</p>") && html.contains("<head>"), "{html}");
    }
}

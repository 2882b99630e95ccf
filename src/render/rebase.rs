//! HTML for a site that lies below a path: what its authors write as `/parks/`, the site's own path, becomes what the
//! outside is told. In the HTML of bodies and in the texts of templates. Knows nothing of which pages there are.

use super::minify::next_brace;
use crate::paths::BasePath;

/// Attributes whose value is one URL.
const URLS: [&str; 9] = ["href", "src", "action", "formaction", "poster", "cite", "data", "background", "xlink:href"];

/// Attributes whose value is a list of URLs, each with a size.
const LISTS: [&str; 2] = ["srcset", "imagesrcset"];

/// What a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// HTML; braces are braces.
    Html,
    /// A template, whose tags are passed over.
    Template,
}

/// The text with each of the site's own paths in an attribute or style as the outside is told it.
pub fn rebased(text: String, kind: Text, base: &BasePath) -> String {
    if base.is_root() {
        return text;
    }
    let mut scan = Scan { text: &text, kind, places: Vec::new() };
    scan.all();
    if scan.places.is_empty() {
        return text;
    }
    let mut out = String::with_capacity(text.len() + scan.places.len() * base.as_str().len());
    let mut done = 0;
    for place in scan.places {
        out.push_str(&text[done..place]);
        out.push_str(base.as_str());
        done = place;
    }
    out.push_str(&text[done..]);
    out
}

/// A walk through the text for the places where paths of the site begin, in order.
struct Scan<'t> {
    text: &'t str,
    kind: Text,
    places: Vec<usize>,
}

impl Scan<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Where the template tag at `at` ends, if there is one.
    fn template_tag(&self, at: usize) -> Option<usize> {
        if self.kind == Text::Html || self.byte(at) != Some(b'{') {
            return None;
        }
        next_brace(&self.text[at..]).filter(|(start, _)| *start == 0).map(|(_, end)| at + end)
    }

    /// Where `words` have ended, in whatever case, looked for from `at` on; the end of the text where they do not stand.
    fn behind(&self, at: usize, words: &str) -> usize {
        let rest = &self.text.as_bytes()[at..];
        let found = rest.windows(words.len()).position(|window| window.eq_ignore_ascii_case(words.as_bytes()));
        found.map_or(self.text.len(), |found| at + found + words.len())
    }

    fn all(&mut self) {
        let mut at = 0;
        while let Some(byte) = self.byte(at) {
            if let Some(end) = self.template_tag(at) {
                at = end;
            } else if self.text[at..].starts_with("<!--") {
                at = self.behind(at, "-->");
            } else if byte == b'<' && self.byte(at + 1).is_some_and(|next| next.is_ascii_alphabetic()) {
                at = self.tag(at + 1);
            } else {
                // No byte that is looked for is part of a longer character.
                at += 1;
                while !self.text.is_char_boundary(at) {
                    at += 1;
                }
            }
        }
    }

    /// Walks through the tag whose name begins at `at`, and through what may only end with its closing tag.
    fn tag(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let name_end = at + bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
        let name = self.text[at..name_end].to_ascii_lowercase();
        let end = self.attributes(name_end, &name);
        match name.as_str() {
            "script" => self.behind(end, "</script"),
            "style" => {
                let close = self.behind(end, "</style");
                self.styles(end, close);
                close
            }
            _ => end,
        }
    }

    fn attributes(&mut self, mut at: usize, tag: &str) -> usize {
        while let Some(byte) = self.byte(at) {
            if byte == b'>' {
                return at + 1;
            }
            if let Some(end) = self.template_tag(at) {
                at = end;
                continue;
            }
            let start = at;
            while self.byte(at).is_some_and(|b| !b.is_ascii_whitespace() && !b"=>/\"'{".contains(&b)) {
                at += 1;
            }
            if at == start {
                at += 1;
                continue;
            }
            let name_end = at;
            let spaces = |at: usize| self.text.as_bytes()[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            let equals = at + spaces(at);
            if self.byte(equals) != Some(b'=') {
                continue;
            }
            at = equals + 1 + spaces(equals + 1);
            let quote = self.byte(at).filter(|byte| matches!(byte, b'"' | b'\''));
            let value = at + usize::from(quote.is_some());
            let end = self.value_end(value, quote);
            let name = self.text.get(start..name_end).unwrap_or_default().to_ascii_lowercase();
            self.value(tag, &name, value, end);
            at = end + usize::from(quote.is_some());
        }
        self.text.len()
    }

    fn value_end(&self, mut at: usize, quote: Option<u8>) -> usize {
        while let Some(byte) = self.byte(at) {
            if let Some(end) = self.template_tag(at) {
                at = end;
                continue;
            }
            let ends = match quote {
                Some(quote) => byte == quote,
                None => byte.is_ascii_whitespace() || byte == b'>',
            };
            if ends {
                return at;
            }
            at += 1;
        }
        self.text.len()
    }

    fn value(&mut self, tag: &str, name: &str, start: usize, end: usize) {
        match name {
            name if URLS.contains(&name) => self.urls(start, end, false),
            name if LISTS.contains(&name) => self.urls(start, end, true),
            "style" => self.styles(start, end),
            "content" if tag == "meta" => {
                // `content="0; url=/parks/"`
                let value = &self.text[start..end];
                let refresh = value.trim_start().starts_with(|c: char| c.is_ascii_digit());
                let url = value.to_ascii_lowercase().find("url=").map(|at| at + 4).filter(|_| refresh);
                if let Some(at) = url {
                    let quotes = usize::from(value[at..].starts_with(['"', '\'']));
                    self.urls(start + at + quotes, end, false);
                }
            }
            _ => {}
        }
    }

    /// Notes where URLs in a value begin: the one, or each of a list. What a template puts before makes it no
    /// beginning, but for what it only decides.
    fn urls(&mut self, start: usize, end: usize, list: bool) {
        let mut at = start;
        let mut begins = true;
        let mut began_at_if = Vec::new();
        while at < end {
            if let Some(tag_end) = self.template_tag(at) {
                let word = self.text[at + 2..tag_end].trim_start_matches('-').split_whitespace().next();
                match word {
                    Some("if") if self.byte(at + 1) == Some(b'%') => began_at_if.push(begins),
                    Some("else" | "elif") => begins = began_at_if.last().copied().unwrap_or(begins),
                    Some("endif") => {
                        began_at_if.pop();
                    }
                    _ => begins = begins && self.byte(at + 1) != Some(b'{'),
                }
                at = tag_end;
                continue;
            }
            let byte = self.byte(at).unwrap_or_default();
            if begins && byte == b'/' && !matches!(self.byte(at + 1), Some(b'/' | b'\\')) {
                self.places.push(at);
            }
            begins = (begins && byte.is_ascii_whitespace()) || (list && byte == b',');
            at += 1;
        }
    }

    /// Notes where URLs in a style begin.
    fn styles(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            at = self.behind(at, "url(");
            if at >= end {
                return;
            }
            let quote = usize::from(matches!(self.byte(at), Some(b'"' | b'\'')));
            self.urls(at + quote, (at + quote + 1).min(end), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(text: &str, kind: Text) -> String {
        rebased(text.to_owned(), kind, &BasePath::of_url("https://u.example/repo").expect("a path"))
    }

    #[test]
    fn every_path_of_the_site_is_found() {
        for (text, expected) in [
            ("<a href=\"/parks/\">/x/</a>", "<a href=\"/repo/parks/\">/x/</a>"),
            ("<A HREF = '/'>", "<A HREF = '/repo/'>"),
            ("<a class=x href=/parks/>", "<a class=x href=/repo/parks/>"),
            (
                "<img src=\"/a.png\" srcset=\"/a.png 1x, /b.png 2x,/c.png 3x\">",
                "<img src=\"/repo/a.png\" srcset=\"/repo/a.png 1x, /repo/b.png 2x,/repo/c.png 3x\">",
            ),
            ("<p style=\"background:url('/a.png')\">", "<p style=\"background:url('/repo/a.png')\">"),
            ("<style>a{b:url(/c.png)}</style>", "<style>a{b:url(/repo/c.png)}</style>"),
            (
                "<meta http-equiv=refresh content=\"0; url=/parks/\">",
                "<meta http-equiv=refresh content=\"0; url=/repo/parks/\">",
            ),
            (
                "<video poster=\"/p.webp\"><source src='/v.mp4'></video>",
                "<video poster=\"/repo/p.webp\"><source src='/repo/v.mp4'></video>",
            ),
        ] {
            assert_eq!(below(text, Text::Html), expected);
            assert_eq!(below(text, Text::Template), expected);
            assert_eq!(rebased(text.to_owned(), Text::Html, &BasePath::default()), text);
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for text in [
            "<a href=\"//cdn.example/x\"><a href=\"https://x.example/\"><a href=\"x/\"><a href=\"#a\"><a href=\"\">",
            "<!-- <a href=\"/x/\"> -->",
            "<script>'<a href=\"/x/\">'</script>",
            "<p title=\"/x/\" data-url=\"/x/\">a < b href=\"/x/\"</p>",
            "<meta property=\"x\" content=\"/x/\">",
            "<a href=\"{{ p.url }}/x/\">",
            "é<a href=\"é/\">",
            "<a href=\"",
            "<a href",
            "<",
            "<a href='/\\evil'>",
        ] {
            assert_eq!(below(text, Text::Template), text);
        }
        assert_eq!(below("<p>{{ <a href=\"/x/\"> }}", Text::Html), "<p>{{ <a href=\"/repo/x/\"> }}");
        assert_eq!(below("<p>{{ <a href=\"/x/\" /> }}", Text::Template), "<p>{{ <a href=\"/x/\" /> }}");
    }

    #[test]
    fn what_templates_decide_begins_a_path_and_what_they_print_does_not() {
        for (text, expected) in [
            ("<a href=\"/{{ x }}/\">", "<a href=\"/repo/{{ x }}/\">"),
            ("<a{% if x == \"a\" %} href=\"/b/\"{% endif %}>", "<a{% if x == \"a\" %} href=\"/repo/b/\"{% endif %}>"),
            (
                "<a href=\"{% if x %}/a/{% else %}/b/{% endif %}{{ y }}/c/\">",
                "<a href=\"{% if x %}/repo/a/{% else %}/repo/b/{% endif %}{{ y }}/c/\">",
            ),
            ("<a href=\"{# why #}/a/\" title='{{ \"'\" }}'>", "<a href=\"{# why #}/repo/a/\" title='{{ \"'\" }}'>"),
        ] {
            assert_eq!(below(text, Text::Template), expected);
        }
    }
}

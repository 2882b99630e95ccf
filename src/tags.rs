//! How the tags of an HTML text lie within each other, counted without parsing it: whether the parsers may
//! be let at it, which go down as deep as it is nested, and some of which take the square of that. Counts
//! rather too much than too little. Knows nothing of what the tags mean.

use rustc_hash::FxHashMap;

/// Elements within each other, at most: more than any page has, and less than any parser's stack takes.
const DEEPEST: usize = 256;

/// Elements that a parser may make of all tags where it opens those of formatting again in every paragraph.
const MOST_ELEMENTS: usize = 500_000;

/// What never holds anything.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// What a parser opens again where it was not closed.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// What ends a drawing, and is then not closed by a slash of its own.
const BREAKS_OUT: [&str; 36] = [
    "b",
    "big",
    "blockquote",
    "body",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "i",
    "li",
    "listing",
    "menu",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "table",
    "tt",
    "ul",
];

/// A count of the tags of some pieces of one text.
#[derive(Default)]
pub struct Count {
    tags: usize,
    depth: usize,
    formatting: usize,
    deepest_formatting: usize,
    open: FxHashMap<String, usize>,
    /// Where it became too much.
    too_deep: Option<usize>,
}

/// What is too much of a text, in words.
pub const TOO_DEEP: &str = "HTML elements are nested too deeply here, or too many are opened and not closed";

/// Whether `html` is more than parsers may be let at.
pub fn is_too_much(html: &str) -> bool {
    let mut count = Count::default();
    count.add(html, 0);
    count.too_much().is_some()
}

impl Count {
    /// Adds a piece that begins at `offset` in the text.
    pub fn add(&mut self, html: &str, offset: usize) {
        let mut end = 0;
        for (at, _) in html.match_indices('<') {
            let rest = &html[at + 1..];
            let (closes, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
            if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                continue;
            }
            let length = rest.bytes().take(32).take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
            let name = rest[..length].to_ascii_lowercase();
            self.tags += 1;
            // Where one tag has no end, none after it has: each is looked for once.
            if end <= at {
                end = html[at..].find('>').map_or(usize::MAX, |end| at + end);
            }
            let slash = end != usize::MAX && html[..end].ends_with('/');
            self.tag(name, closes, slash, at + offset);
        }
    }

    fn tag(&mut self, name: String, closes: bool, slash: bool, at: usize) {
        let formatting = FORMATTING.contains(&name.as_str());
        if closes {
            if let Some(open) = self.open.get_mut(&name).filter(|open| **open > 0) {
                *open -= 1;
                self.depth -= 1;
                self.formatting -= usize::from(formatting);
            }
            return;
        }
        let in_drawing = ["svg", "math"].iter().any(|drawing| self.open.get(*drawing).is_some_and(|open| *open > 0));
        let closed = slash && in_drawing && !BREAKS_OUT.contains(&name.as_str());
        if closed || VOID.contains(&name.as_str()) {
            return;
        }
        *self.open.entry(name).or_default() += 1;
        self.depth += 1;
        self.formatting += usize::from(formatting);
        self.deepest_formatting = self.deepest_formatting.max(self.formatting);
        if self.depth > DEEPEST {
            self.too_deep.get_or_insert(at);
        }
    }

    /// Where the text is too much for parsers; `None` where it is not.
    pub fn too_much(&self) -> Option<usize> {
        let many = self.deepest_formatting > 1 && self.deepest_formatting.saturating_mul(self.tags) > MOST_ELEMENTS;
        self.too_deep.or(many.then_some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_is_not_deep() {
        for fine in [
            "<ul>".to_owned() + &"<li><p>a<br></p></li>".repeat(5_000) + "</ul>",
            "<svg>".to_owned() + &"<path d='x'/>".repeat(5_000) + "</svg>",
            "<p><b>x</b> <i>y</i></p>".repeat(100_000),
            "a < b ".repeat(100_000),
        ] {
            assert!(!is_too_much(&fine), "{}", &fine[..40]);
        }
    }

    #[test]
    fn what_parsers_choke_on_is_too_much() {
        for bad in [
            "<div>".repeat(300),
            "<DIV\n>".repeat(300),
            "<div/>".repeat(300),
            "<svg>".to_owned() + &"<div/>".repeat(300),
            "<div></span>".repeat(300),
            (0..100).map(|index| format!("<b class=x{index}>")).collect::<String>() + &"<p></p>".repeat(5_000),
            "<x".repeat(300),
        ] {
            assert!(is_too_much(&bad), "{}", &bad[..12]);
        }
    }
}

//! HTML that people wrote into bodies: what of it reaches visitors, and what is left out, with its
//! place. Nothing passes that a browser would run, fetch into a frame or style a page with. Knows
//! nothing of files or of who reads the page.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use ammonia::Builder;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use html5ever::{Attribute, TokenizerResult};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag as Element, TagEnd};

/// Schemes of addresses that lead somewhere and run nothing.
const SCHEMES: [&str; 15] = [
    "ftp", "ftps", "geo", "http", "https", "irc", "ircs", "mailto", "matrix", "sip", "sips", "sms", "tel", "webcal",
    "xmpp",
];

/// Attributes that hold the address of something.
const ADDRESSES: [&str; 3] = ["href", "src", "cite"];

/// What Markdown itself makes, and harmless phrasing; no style, no script, no SVG or MathML.
static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let picture = ["srcset", "sizes", "media", "type", "width", "height"];
    let mut builder = Builder::default();
    builder
        .add_tags(["input", "label", "section", "address", "search", "tfoot", "picture", "source", "rb"])
        .rm_tags(["svg", "math"])
        .add_generic_attributes(["id", "class", "dir", "lang", "title", "translate", "role", "hidden"])
        .add_generic_attribute_prefixes(["aria-"])
        .add_tag_attributes("input", ["checked", "disabled", "aria-label"])
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .add_tag_attributes("th", ["scope", "align", "abbr"])
        .add_tag_attributes("td", ["align"])
        .add_tag_attributes("a", ["rel"])
        .add_tag_attributes("ol", ["reversed", "type"])
        .add_tag_attributes("li", ["value"])
        .add_tag_attributes("details", ["open", "name"])
        .add_tag_attributes("time", ["datetime"])
        .add_tag_attributes("data", ["value"])
        .add_tag_attributes("source", picture)
        .add_tag_attributes("img", picture)
        .add_tag_attributes("img", ["loading", "decoding", "fetchpriority"])
        .link_rel(None)
        .url_schemes(HashSet::from(SCHEMES))
        .attribute_filter(kept_value);
    builder
});

/// The value of an attribute that is kept by its name; `None` where it leads to what is not.
fn kept_value<'v>(_: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let kept = match attribute {
        "srcset" => candidates(value).all(has_kept_scheme),
        attribute if ADDRESSES.contains(&attribute) => has_kept_scheme(value),
        _ => true,
    };
    kept.then_some(Cow::Borrowed(value))
}

/// The addresses in a `srcset`; the words after an address are as harmless as one.
fn candidates(srcset: &str) -> impl Iterator<Item = &str> {
    srcset.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|part| !part.is_empty())
}

/// The scheme of an address as a browser reads it: in lower case, white space before it, tabs, line breaks
/// and control characters within it left out. `None` where the address is relative.
pub fn scheme(address: &str) -> Option<String> {
    let end = address.find(':')?;
    let scheme: String = address[..end].chars().filter(|c| !c.is_control() && *c != ' ').collect();
    let plain = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    plain.then(|| scheme.to_ascii_lowercase())
}

/// Whether an address is relative, or of a scheme that is kept.
pub fn has_kept_scheme(address: &str) -> bool {
    scheme(address).is_none_or(|scheme| SCHEMES.contains(&scheme.as_str()))
}

/// What is kept of a body's HTML.
pub fn sanitized(html: &str) -> String {
    SANITIZER.clean(html).to_string()
}

/// Something in a body that visitors are not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Where it stands in the body.
    pub place: Range<usize>,
    /// What it is, as the subject of a sentence.
    pub what: String,
}

/// So much is named of one body.
const NAMED: usize = 20;

/// What in a Markdown body visitors are not given: the first of it, in order, and how much more there is.
pub fn dropped(body: &str) -> (Vec<Dropped>, usize) {
    let mut found = Found::default();
    if !is_plain(body) {
        look_through(body, &mut found);
    }
    (found.named, found.more)
}

/// What was found so far.
#[derive(Default)]
struct Found {
    named: Vec<Dropped>,
    more: usize,
}

impl Found {
    /// Adds one, which is only made where it is to be named.
    fn add(&mut self, one: impl FnOnce() -> Dropped) {
        if self.named.len() < NAMED {
            self.named.push(one());
        } else {
            self.more += 1;
        }
    }
}

fn look_through(body: &str, found: &mut Found) {
    let mut block: Option<(usize, String)> = None;
    for (event, place) in Parser::new_ext(body, options()).into_offset_iter() {
        match event {
            Event::Start(Element::HtmlBlock) => block = Some((place.start, String::new())),
            Event::End(TagEnd::HtmlBlock) => {
                if let Some((start, html)) = block.take() {
                    in_html(&html, &body[start..], start, found);
                }
            }
            Event::Html(html) => match &mut block {
                Some((_, text)) => text.push_str(&html),
                None => in_html(&html, &body[place.clone()], place.start, found),
            },
            Event::InlineHtml(html) => in_html(&html, &body[place.clone()], place.start, found),
            Event::Start(Element::Heading { attrs, .. }) => {
                for (name, _) in &attrs {
                    let what = format!("`{name}` of a heading");
                    found.add(|| named(&body[place.clone()], place.start, name, what));
                }
            }
            Event::Start(Element::Link { link_type, dest_url, .. }) if link_type != LinkType::Email => {
                address(&dest_url, "link", place, found);
            }
            Event::Start(Element::Image { dest_url, .. }) => address(&dest_url, "picture", place, found),
            _ => {}
        }
    }
}

/// The extensions of Markdown that a body may use, but for typography.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
}

/// Whether a body surely holds nothing that could be left out: no HTML, no attributes and no address of
/// an unusual scheme. Most do not, and need not be parsed for it.
fn is_plain(body: &str) -> bool {
    let bytes = body.as_bytes();
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
    let is_usual = |at: usize| {
        let start = bytes[..at].iter().rposition(|b| !is_word(b)).map_or(0, |before| before + 1);
        let word = &body[start..at];
        let kind = crate::model::Kind::ALL.iter().any(|kind| kind.word() == word);
        let before = start.checked_sub(1).map(|before| bytes[before]);
        let after = bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
        let is_scheme = word.starts_with(|c: char| c.is_ascii_alphabetic());
        kind || !is_scheme || SCHEMES.contains(&word) || (before != Some(b'\\') && after)
    };
    let is_tag = |at: usize| {
        let next = bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphabetic() || b"/!?".contains(b));
        let end = bytes[at + 1..].iter().position(|b| !is_word(b)).map_or(bytes.len(), |end| at + 1 + end);
        next && bytes.get(end) != Some(&b':')
    };
    memchr::memchr3_iter(b'<', b':', b'{', bytes).all(|at| match bytes[at] {
        b'<' => !is_tag(at),
        b':' => is_usual(at),
        _ => false,
    }) && memchr::memchr2_iter(b'&', b'\\', bytes).all(|at| match bytes[at] {
        b'&' => !["&#", "&colon", "&Tab"].iter().any(|entity| body[at..].starts_with(entity)),
        _ => bytes.get(at + 1) != Some(&b':'),
    })
}

/// Notes an address in Markdown that leads nowhere for visitors.
fn address(address: &str, what: &str, place: Range<usize>, found: &mut Found) {
    let kind = crate::model::RecordId::parse(address.split('#').next().unwrap_or_default());
    if kind.is_none() && !has_kept_scheme(address) {
        let scheme = scheme(address).unwrap_or_default();
        found.add(|| Dropped { place, what: format!("the address of a {what} (`{scheme}:`)") });
    }
}

/// What the last `word` in `text`, which begins at `start` of the body, stands for; the end of the text where there
/// is none.
fn named(text: &str, start: usize, word: &str, what: String) -> Dropped {
    let lower = text.to_ascii_lowercase();
    let at = lower.rfind(&word.to_ascii_lowercase()).unwrap_or(text.trim_end().len());
    Dropped { place: start + at..start + (at + word.len()).min(text.len()), what }
}

/// Notes what is not kept of a piece of HTML, whose text in the body is `text` from `start` on. In a quotation the
/// two differ, by what stands before each line.
fn in_html(html: &str, text: &str, start: usize, found: &mut Found) {
    let tokenizer = Tokenizer::new(Seen::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(html.into());
    while let TokenizerResult::Script(()) = tokenizer.feed(&input) {}
    tokenizer.end();
    found.more += tokenizer.sink.more.get();
    for Odd { line, word, what } in tokenizer.sink.found.into_inner() {
        // A tag ends in this line, and may begin in an earlier one.
        let end: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
        found.add(|| named(&text[..end], start, &word, what));
    }
}

/// What is not kept, with its line in a piece of HTML.
struct Odd {
    line: u64,
    word: String,
    what: String,
}

/// Looks at every tag of a piece of HTML.
#[derive(Default)]
struct Seen {
    found: RefCell<Vec<Odd>>,
    more: Cell<usize>,
}

impl Seen {
    fn note(&self, line: u64, word: &str, what: String) {
        let mut found = self.found.borrow_mut();
        if found.len() >= NAMED {
            self.more.set(self.more.get() + 1);
            return;
        }
        found.push(Odd { line, word: word.to_ascii_lowercase(), what });
    }

    fn tag(&self, tag: &Tag, line: u64) {
        let name = &*tag.name;
        if !RULES.tags.contains(name) {
            self.note(line, &format!("<{name}"), format!("`<{name}>`"));
            return;
        }
        for Attribute { name: attribute, value } in &tag.attrs {
            let attribute = &*attribute.local;
            let what = if name == "input" && attribute == "type" {
                (!value.eq_ignore_ascii_case("checkbox")).then(|| format!("`type=\"{value}\"` of `<input>`"))
            } else if !RULES.keeps(name, attribute) {
                Some(format!("`{attribute}` of `<{name}>`"))
            } else {
                kept_value(name, attribute, value)
                    .is_none()
                    .then(|| format!("the address in `{attribute}` of `<{name}>`"))
            };
            what.into_iter().for_each(|what| self.note(line, attribute, what));
        }
    }
}

impl TokenSink for Seen {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        if tag.kind == TagKind::EndTag {
            return TokenSinkResult::Continue;
        }
        self.tag(&tag, line);
        match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }
}

/// What the sanitiser keeps, asked of itself.
struct Rules {
    tags: HashSet<&'static str>,
    everywhere: HashSet<&'static str>,
    of_tag: std::collections::HashMap<&'static str, HashSet<&'static str>>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules {
    tags: SANITIZER.clone_tags(),
    everywhere: SANITIZER.clone_generic_attributes(),
    of_tag: SANITIZER.clone_tag_attributes(),
});

impl Rules {
    fn keeps(&self, tag: &str, attribute: &str) -> bool {
        let of_tag = self.of_tag.get(tag).is_some_and(|of_tag| of_tag.contains(attribute));
        of_tag || self.everywhere.contains(attribute) || attribute.starts_with("aria-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> Vec<(&str, String)> {
        dropped(body).0.into_iter().map(|one| (&body[one.place], one.what)).collect()
    }

    #[test]
    fn what_is_harmless_stays() {
        for kept in [
            "<p dir=\"rtl\" lang=\"ar\">سلام</p>",
            "<time datetime=\"2024-05-01\">May</time>",
            "<a href=\"tel:+31416537777\" rel=\"nofollow\">call</a>",
            "<a href=\"sms:+31\">text</a>",
            "<a href=\"geo:51.65,5.05\">there</a>",
            "<details open=\"\"><summary>More</summary>x</details>",
            "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
            "<kbd>Ctrl</kbd><abbr title=\"x\">y</abbr><mark>m</mark><bdi>b</bdi><bdo dir=\"rtl\">z</bdo>",
            "<picture><source srcset=\"/a.avif 1x, /b.avif 2x\" type=\"image/avif\"><img src=\"/a.jpg\" alt=\"\"></picture>",
            "<figure aria-label=\"f\"><figcaption>c</figcaption></figure>",
        ] {
            assert_eq!(sanitized(kept), kept);
            assert_eq!(said(kept), [], "{kept}");
        }
    }

    #[test]
    fn what_is_left_out_is_named_where_it_stands() {
        let body =
            "Text.\n\n<div>\n<iframe src=\"https://x.example/\"></iframe>\n</div>\n\na <video src=\"/a.mp4\"></video>";
        assert_eq!(said(body), [("<iframe", "`<iframe>`".into()), ("<video", "`<video>`".into())]);
        assert_eq!(said("## x {onclick=alert(1) #a .b}"), [("onclick", "`onclick` of a heading".into())]);
        assert_eq!(said("<p\nSTYLE=\"x\">"), [("STYLE", "`style` of `<p>`".into())]);
        assert_eq!(said("<input type=image>"), [("type", "`type=\"image\"` of `<input>`".into())]);
        assert_eq!(said("> <b>\n> <object></object>"), [("<object", "`<object>`".into())]);
        for harmful in [
            "javascript:x",
            "JaVaScript&colon;x",
            "&#1;javascript:x",
            "java&Tab;script:x",
            "vbscript:x",
            "data:text/html,x",
            "javascript\\:x",
        ] {
            let link = format!("[x]({harmful})");
            assert_eq!(dropped(&link).0.len(), 1, "{link}");
            assert_eq!(dropped(&format!("[x][y]\n\n[y]: {harmful}")).0.len(), 1, "{harmful}");
            assert_eq!(dropped(&format!("![x]({harmful})")).0.len(), 1, "{harmful}");
        }
        assert_eq!(said("<javascript:alert(1)>").len(), 1);
        assert_eq!(said("<img srcset=\"/a.png 1x, data:image/png;base64,AA 2x\">").len(), 1);
        assert_eq!(said("<a href=\"&#106;avascript:x\">y</a>").len(), 1);
    }

    #[test]
    fn plain_prose_is_not_parsed_and_code_is_no_html() {
        for prose in [
            "At 12:30, note: <ride:a/b>, [x](https://x.example/a:b) and <mailto:a@b.example>. 1 < 2: yes",
            "[x](ride:a/b#c) <a@b.example> a:b",
        ] {
            assert_eq!(said(prose), [], "{prose}");
        }
        assert!(is_plain("At 12:30: <ride:a/b>, [x](https://x.example/) and 1 < 2"));
        assert_eq!(said("`<iframe>` and\n\n    <script>\n\n```\n<video>\n```\n"), []);
    }
}

//! Markdown to HTML: CommonMark with tables, footnotes, strikethrough and task lists, heading
//! anchors, references between records. Raw HTML is sanitised unless trusted. Knows nothing of
//! what references lead to.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};
use rustc_hash::FxHashMap;

use super::anchors;
use super::ids::Ids;
use super::safe_html::{self, has_kept_scheme};
use super::tasks;
use crate::model::slug::slugify;
use crate::model::{Kind, RecordId};

/// How bodies are rendered.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Quotes and dashes become typographic ones.
    pub smart_punctuation: bool,
    /// Raw HTML is passed on as written.
    pub trust_html: bool,
}

/// What a reference leads to: name and URL.
pub type Target = (String, String);

/// The HTML of a Markdown body. `resolve` answers references; those it cannot answer are
/// returned as the error. `beside` tells the URL of what relative addresses lead to from the body's
/// file. Headings move one level down where the body has a first-level one,
/// since the page's own heading is the only `h1`. No anchor has a name that is `taken`.
pub fn to_html(
    body: &str,
    style: Style,
    taken: &Ids,
    mut resolve: impl FnMut(&RecordId) -> Option<Target>,
    beside: impl FnMut(&str) -> Option<String>,
) -> Result<String, Vec<RecordId>> {
    if body.is_empty() {
        return Ok(String::new());
    }
    let mut options = safe_html::options();
    options.set(Options::ENABLE_SMART_PUNCTUATION, style.smart_punctuation);
    let anchors = FxHashMap::default();
    let mut pass = Pass { resolve: &mut resolve, style, dangling: Vec::new(), anchors, raw: false };
    let mut events: Vec<Event<'_>> = Parser::new_ext(body, options).map(|event| pass.event(event)).collect();
    pass.replace_autolink_names(&mut events);
    pass.anchor_headings(&mut events);
    if !pass.dangling.is_empty() {
        return Err(pass.dangling);
    }
    let mut out = String::with_capacity(body.len() + body.len() / 3);
    html::push_html(&mut out, tasks::labelled(events).into_iter());
    let out = accessible(out);
    let out = if pass.raw && !style.trust_html { safe_html::sanitized(&out) } else { out };
    Ok(anchors::settle(out, taken, beside))
}

struct Pass<'r, F> {
    resolve: &'r mut F,
    style: Style,
    dangling: Vec<RecordId>,
    anchors: FxHashMap<String, u32>,
    /// Whether any HTML was written by hand, or any link is of an unusual scheme.
    raw: bool,
}

/// Marks, in an autolink's title while events are passed on, that its text is to be replaced.
const AUTOLINK: &str = "\u{0}";

impl<F: FnMut(&RecordId) -> Option<Target>> Pass<'_, F> {
    fn event<'e>(&mut self, event: Event<'e>) -> Event<'e> {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let Some((record, fragment)) = reference(&dest_url) else {
                    let dest_url = self.checked(dest_url);
                    return Event::Start(Tag::Link { link_type, dest_url, title, id });
                };
                let Some((name, url)) = (self.resolve)(&record) else {
                    self.dangling.push(record);
                    return Event::Start(Tag::Link { link_type, dest_url, title, id });
                };
                let title = if link_type == LinkType::Autolink { format!("{AUTOLINK}{name}").into() } else { title };
                let dest_url = CowStr::from(format!("{url}{fragment}"));
                Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, title, id })
            }
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                Event::Start(Tag::Image { link_type, dest_url: self.checked(dest_url), title, id })
            }
            // Of what may be written after a heading, attributes are HTML like any other.
            Event::Start(Tag::Heading { level, id, classes, attrs }) if !self.style.trust_html && !attrs.is_empty() => {
                Event::Start(Tag::Heading { level, id, classes, attrs: Vec::new() })
            }
            // An anchor of digits alone could be that of a heading.
            Event::FootnoteReference(label) => Event::FootnoteReference(format!("fn-{label}").into()),
            Event::Start(Tag::FootnoteDefinition(label)) => {
                Event::Start(Tag::FootnoteDefinition(format!("fn-{label}").into()))
            }
            Event::Html(_) | Event::InlineHtml(_) => {
                self.raw = true;
                event
            }
            other => other,
        }
    }

    /// An address, or one that the sanitiser takes away where it leads to what is not kept.
    fn checked<'e>(&mut self, address: CowStr<'e>) -> CowStr<'e> {
        if self.style.trust_html || has_kept_scheme(&address) {
            return address;
        }
        self.raw = true;
        CowStr::Borrowed("unkept:")
    }

    /// An autolink to a record shows the record's name instead of the reference.
    fn replace_autolink_names(&self, events: &mut [Event<'_>]) {
        for index in 0..events.len() {
            let Event::Start(Tag::Link { title, .. }) = &mut events[index] else { continue };
            let Some(name) = title.strip_prefix(AUTOLINK).map(str::to_owned) else { continue };
            *title = CowStr::Borrowed("");
            if let Some(Event::Text(text)) = events.get_mut(index + 1) {
                *text = name.into();
            }
        }
    }

    /// Gives every heading an anchor made from its text, unique in the body, and makes the
    /// highest heading of the body an `h2`.
    fn anchor_headings(&mut self, events: &mut [Event<'_>]) {
        let levels = events.iter().filter_map(|event| match event {
            Event::Start(Tag::Heading { level, .. }) => Some(*level as usize),
            _ => None,
        });
        let Some(highest) = levels.min() else { return };
        let shift = 2_usize.saturating_sub(highest);
        let mut open: Option<(usize, String)> = None;
        for index in 0..events.len() {
            match &mut events[index] {
                Event::Start(Tag::Heading { level, .. }) => {
                    *level = lower(*level, shift);
                    open = Some((index, String::new()));
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some((_, words)) = &mut open {
                        words.push_str(text);
                    }
                }
                Event::End(TagEnd::Heading(level)) => {
                    *level = lower(*level, shift);
                    let Some((start, words)) = open.take() else { continue };
                    let anchor = self.unique_anchor(&words);
                    if let Event::Start(Tag::Heading { id: id @ None, .. }) = &mut events[start] {
                        *id = Some(anchor.into());
                    }
                }
                _ => {}
            }
        }
    }

    fn unique_anchor(&mut self, words: &str) -> String {
        let slug = slugify(words);
        let count = self.anchors.entry(slug.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { slug } else { format!("{slug}-{count}") }
    }
}

fn lower(level: pulldown_cmark::HeadingLevel, by: usize) -> pulldown_cmark::HeadingLevel {
    (level as usize + by).min(6).try_into().unwrap_or(level)
}

/// The record that a link's destination names, and the fragment after it.
fn reference(destination: &str) -> Option<(RecordId, &str)> {
    let at = destination.find('#').unwrap_or(destination.len());
    let id = RecordId::parse(&destination[..at])?;
    (id.kind != Kind::Area || id.key.contains('/')).then_some((id, &destination[at..]))
}

/// Table headings name the column they stand over; columns are aligned by a class, since a strict
/// Content-Security-Policy forbids styles in pages.
fn accessible(mut html: String) -> String {
    if !html.contains("<th") {
        return html;
    }
    for side in ["left", "center", "right"] {
        html = html.replace(&format!(" style=\"text-align: {side}\""), &format!(" class=\"{side}\""));
    }
    html.replace("<th>", "<th scope=\"col\">").replace("<th class", "<th scope=\"col\" class")
}

/// Plain text (a review) as paragraphs.
pub fn plain_paragraphs(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        out.push_str("<p>");
        for (index, line) in paragraph.lines().enumerate() {
            if index > 0 {
                out.push_str("<br>");
            }
            escape_into(&mut out, line);
        }
        out.push_str("</p>");
    }
    out
}

fn escape_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(body: &str) -> String {
        let style = Style { smart_punctuation: true, trust_html: false };
        let resolve = |id: &RecordId| (&*id.key != "gone").then(|| (format!("«{}»", id.slug()), id.url()));
        to_html(body, style, &Ids::default(), resolve, |_| None)
            .unwrap_or_else(|dangling| format!("dangling: {dangling:?}"))
    }

    #[test]
    fn references_become_links() {
        assert_eq!(html("[P](ride:e/python#top)"), "<p><a href=\"/parks/e/rides/python/#top\">P</a></p>\n");
        assert_eq!(html("See <park:efteling>."), "<p>See <a href=\"/parks/efteling/\">«efteling»</a>.</p>\n");
        assert_eq!(html("[x](company:gone)"), "dangling: [company:gone]");
        assert_eq!(html("`[x](company:gone)`"), "<p><code>[x](company:gone)</code></p>\n");
    }

    #[test]
    fn headings_get_unique_anchors_below_the_page_heading() {
        assert_eq!(
            html("# History\n## History"),
            "<h2 id=\"history\">History</h2>\n<h3 id=\"history-2\">History</h3>\n"
        );
        assert_eq!(html("## A & B"), "<h2 id=\"a-and-b\">A &amp; B</h2>\n");
    }

    #[test]
    fn hostile_html_is_defused() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)>",
            "[x](javascript:alert(1))",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<div style=\"position:fixed\">x</div>",
            "<style>*{}</style>",
            "[x](data:text/html,<script>1</script>)",
            "# x {onclick=alert(1)}",
            "## x {#a .b style=\"position:fixed\" onmouseover=alert(1)}",
            "x {onfocus=alert(1) tabindex=1 autofocus}\n===",
            "> ### x { ONPOINTERENTER=alert(1) srcdoc=y }",
            "[x](java&Tab;script:alert(1))",
            "[x](&#1;JAVASCRIPT:alert(1))",
            "[x][y]\n\n[y]: javascript:alert(1)",
            "![x](vbscript:alert(1))",
            "<a href=\"java\nscript:alert(1)\">x</a>",
            "<input type=image src=x onerror=alert(1) formaction=javascript:alert(1)>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<form><button formaction=javascript:alert(1)>x</button></form>",
            "<img srcset=\"data:image/svg+xml,x 1x\">",
            "<q cite=javascript:alert(1)>x</q>",
        ] {
            let out = html(hostile);
            for bad in [
                "<script",
                "onerror",
                "onload",
                "javascript:",
                "style=",
                "<style",
                "data:",
                "onclick",
                "onmouse",
                "onfocus",
                "autofocus",
                "onpointer",
                "srcdoc",
                "script:",
                "formaction",
                "<form",
                "<button",
                "type=\"image",
                "<math",
            ] {
                let out = out.to_ascii_lowercase();
                assert!(!out.contains(bad), "{hostile} -> {out}");
            }
        }
    }

    #[test]
    fn of_what_follows_a_heading_the_name_and_classes_pass() {
        assert_eq!(html("## x {#a .b .c d=e}"), "<h2 id=\"a\" class=\"b c\">x</h2>\n");
        assert_eq!(html("## x {#\"onclick=y .\"z}"), "<h2 id=\"&quot;onclick=y\" class=\"&quot;z\">x</h2>\n");
        let style = Style { smart_punctuation: true, trust_html: true };
        let trusted = to_html("## x {data-y=z}", style, &Ids::default(), |_| None, |_| None).expect("no references");
        assert_eq!(trusted, "<h2 id=\"x\" data-y=\"z\">x</h2>\n");
    }

    #[test]
    fn everyday_extensions_work() {
        assert!(html("|a|\n|-|\n|b|").contains("<th scope=\"col\">a</th>"));
        assert!(html("~~x~~").contains("<del>x</del>"));
        assert!(html("- [x] done").contains("checkbox"));
        let sanitised = html("- [x] <b>done</b>");
        assert!(sanitised.contains("<label><input") && sanitised.contains("<b>done</b></label>"), "{sanitised}");
        assert!(html("a[^1]\n\n[^1]: note").contains("id=\"fn-1\""));
        assert!(html("\"q\" -- 'r'").contains("“q” – ‘r’"));
    }

    #[test]
    fn reviews_are_plain_text() {
        assert_eq!(plain_paragraphs("a < b\nc\n\n<b>d</b>"), "<p>a &lt; b<br>c</p><p>&lt;b&gt;d&lt;/b&gt;</p>");
    }
}

//! What in a site's own templates its Content-Security-Policy forbids, told before a visitor's browser does: scripts
//! and styles that are written into pages, and what is loaded from elsewhere. Read from the text, with what templates
//! put in left out; knows nothing of pages.

use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

use super::minify::next_brace;
use super::safe_html::scheme;
use crate::config::hosting::{PolicyMode, PolicySettings};
use crate::diagnostics::Diagnostic;

/// So much is told of one template.
const TOLD: usize = 20;

/// What is loaded from where, by directive.
const LOADED: [(&str, &str, &str); 8] = [
    ("script", "src", "script-src"),
    ("link", "href", "style-src"),
    ("img", "src", "img-src"),
    ("iframe", "src", "frame-src"),
    ("video", "src", "media-src"),
    ("audio", "src", "media-src"),
    ("object", "data", "object-src"),
    ("embed", "src", "object-src"),
];

/// Warns of everything in the template `text` of `file` that the policy of a site at `base_url` forbids.
pub fn against(file: &str, text: &str, policy: &PolicySettings, base_url: &str) -> Vec<Diagnostic> {
    if policy.mode == PolicyMode::Off {
        return Vec::new();
    }
    let plain = without_braces(text);
    let tokenizer = Tokenizer::new(Tags::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(plain.as_str().into());
    while let TokenizerResult::Script(()) = tokenizer.feed(&input) {}
    tokenizer.end();
    let mut look = Look { file, text, plain: &plain, policy, base_url, told: Vec::new() };
    let tags = tokenizer.sink.0.into_inner();
    for (number, (tag, line)) in tags.iter().enumerate() {
        if look.told.len() >= TOLD {
            break;
        }
        let later = tags[number + 1..].iter().take_while(|(_, other)| other == line);
        let later = later.filter(|(other, _)| other.name == tag.name).count();
        look.at(tag, *line as usize, later);
    }
    look.told.truncate(TOLD);
    look.told
}

/// The text with white space for all that templates put in or leave out; as long as it was, in bytes and lines.
fn without_braces(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    while let Some((start, end)) = next_brace(&text[plain.len()..]) {
        let (start, end) = (plain.len() + start, plain.len() + end);
        plain.push_str(&text[plain.len()..start]);
        plain.extend(text[start..end].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
    }
    plain.push_str(&text[plain.len()..]);
    plain
}

/// Every opening tag, with the line in which it ends.
#[derive(Default)]
struct Tags(RefCell<Vec<(Tag, u64)>>);

impl TokenSink for Tags {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        if tag.kind == TagKind::EndTag {
            return TokenSinkResult::Continue;
        }
        let inside = match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            _ => TokenSinkResult::Continue,
        };
        self.0.borrow_mut().push((tag, line));
        inside
    }
}

/// A template being looked through.
struct Look<'l> {
    file: &'l str,
    text: &'l str,
    /// The text without what templates put in.
    plain: &'l str,
    policy: &'l PolicySettings,
    base_url: &'l str,
    told: Vec<Diagnostic>,
}

impl Look<'_> {
    /// Looks at a tag that ends in a line, in which so many `later` ones have the same name.
    fn at(&mut self, tag: &Tag, line: usize, later: usize) {
        let name = &*tag.name;
        let of = (name, line, later);
        let value = |wanted: &str| {
            let attribute = tag.attrs.iter().find(|attribute| &*attribute.name.local == wanted);
            attribute.map(|attribute| attribute.value.trim().to_owned())
        };
        if (name == "style" || (name == "script" && value("src").is_none() && runs(value("type").as_deref())))
            && let Some(why) = self.is_forbidden_inside(name, line, later)
        {
            let help = "put it into a file below `assets/`, or write it with `inline(path=…)` and name it in `security.inline`";
            let place = self.place(line, &format!("<{name}"), later);
            self.tell_at(place, &why, help);
        }
        for attribute in &tag.attrs {
            let (attribute, value) = (&*attribute.name.local, &*attribute.value);
            if attribute.starts_with("on") && attribute.len() > 2 && !self.allows_inline("script-src") {
                let help = "add the listener in a script below `assets/`";
                self.tell(of, attribute, &format!("`{attribute}` is a script written into pages"), help);
            } else if attribute == "style" && !self.allows_inline("style-src") {
                self.tell(of, attribute, "`style` is a style written into pages", "give it a class");
            } else if scheme(value).is_some_and(|scheme| scheme == "javascript") && !self.allows_inline("script-src") {
                let help = "add a listener in a script below `assets/`";
                self.tell(of, attribute, &format!("`{attribute}` is an address that runs as a script"), help);
            }
        }
        let is_sheet =
            name != "link" || value("rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("stylesheet"));
        for (_, attribute, directive) in LOADED.iter().filter(|(of, ..)| *of == name && is_sheet) {
            let Some(address) = value(attribute).filter(|address| !self.allows(directive, address)) else { continue };
            let help =
                format!("keep a copy below `assets/`, or add its origin to `{directive}` in `[security.directives]`");
            let host = address.split('/').take(3).collect::<Vec<_>>().join("/");
            self.tell(of, attribute, &format!("`<{name}>` is loaded from {host}"), &help);
        }
    }

    /// Tells of an attribute of a tag, by the tag's name, its line and how many come later in that.
    fn tell(&mut self, (name, line, later): (&str, usize, usize), attribute: &str, what: &str, help: &str) {
        let start = self.place(line, &format!("<{name}"), later).start;
        let at = start + self.plain[start..].to_ascii_lowercase().find(attribute).unwrap_or_default();
        self.tell_at(at..(at + attribute.len()).min(self.plain.len()), what, help);
    }

    fn tell_at(&mut self, place: std::ops::Range<usize>, what: &str, help: &str) {
        let verb = if self.policy.mode == PolicyMode::Strict { "forbids" } else { "reports" };
        let message = format!("{what}, which the site's Content-Security-Policy {verb}");
        self.told.push(Diagnostic::at(self.file, self.text, place, message).help(help).warning());
    }

    /// Where `word` stands last before the end of a line, but for so many `later` ones.
    fn place(&self, line: usize, word: &str, later: usize) -> std::ops::Range<usize> {
        let end: usize = self.plain.split_inclusive('\n').take(line).map(str::len).sum();
        let before = self.plain[..end].to_ascii_lowercase();
        let at = before.rmatch_indices(word).nth(later).map_or(before.trim_end().len(), |(at, _)| at);
        at..(at + word.len()).min(self.plain.len())
    }

    /// Why the inside of a `<script>` or `<style>` is forbidden; `None` where it is empty, or what the settings list.
    fn is_forbidden_inside(&self, name: &str, line: usize, later: usize) -> Option<String> {
        let directive = if name == "style" { "style-src" } else { "script-src" };
        if self.allows_inline(directive) {
            return None;
        }
        let start = self.place(line, &format!("<{name}"), later).start;
        let start = start + self.plain[start..].find('>')? + 1;
        let end = self.plain[start..]
            .to_ascii_lowercase()
            .find(&format!("</{name}"))
            .map_or(self.plain.len(), |at| start + at);
        let what = if name == "style" { "a style sheet" } else { "a script" };
        if !self.plain[start..end].trim().is_empty() {
            return Some(format!("`<{name}>` holds {what} written into pages"));
        }
        let put_in = &self.text[start..end];
        let named: Vec<&str> =
            put_in.split("inline(").skip(1).filter_map(|call| call.split(['"', '\'', '`']).nth(1)).collect();
        let unlisted = named.iter().find(|path| !self.policy.inline.iter().any(|(listed, _)| listed == *path));
        match unlisted {
            Some(path) => Some(format!("`<{name}>` holds {path}, which `security.inline` does not name")),
            None if named.is_empty() && put_in.contains("{{") => {
                Some(format!("`<{name}>` holds what a template puts in"))
            }
            None => None,
        }
    }

    fn sources(&self, directive: &str) -> &str {
        let set =
            |name: &str| self.policy.directives.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
        set(directive).or_else(|| PolicySettings::strict(directive)).or_else(|| set("default-src")).unwrap_or("'none'")
    }

    fn allows_inline(&self, directive: &str) -> bool {
        self.sources(directive).contains("'unsafe-inline'")
    }

    /// Whether something may be loaded from an address; one that a template puts in may.
    fn allows(&self, directive: &str, address: &str) -> bool {
        let lower = address.to_ascii_lowercase();
        let foreign = lower.starts_with("//") || lower.starts_with("http://") || lower.starts_with("https://");
        let own = address.strip_prefix(self.base_url).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !foreign || own {
            return true;
        }
        let host = lower.split("//").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
        self.sources(directive).split_whitespace().any(|source| {
            let source = source.to_ascii_lowercase();
            let named = source.split("//").nth(1).unwrap_or(&source).split('/').next().unwrap_or_default();
            let below = named.strip_prefix("*.").is_some_and(|domain| host.ends_with(&format!(".{domain}")));
            source == "*" || (source == "https:" && !lower.starts_with("http:")) || named == host || below
        })
    }
}

/// Whether a script of a type runs; data does not.
fn runs(kind: Option<&str>) -> bool {
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    let other = ["module", "importmap", "speculationrules"];
    kind.is_empty() || kind.contains("javascript") || kind.contains("ecmascript") || other.contains(&kind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn told(settings: &str, text: &str) -> Vec<String> {
        let settings = Settings::parse(settings).expect("settings");
        let told = against("x.html", text, &settings.policy, "https://parks.example");
        told.into_iter()
            .map(|one| format!("{}:{} {}", one.line, one.column, one.message.split(',').next().unwrap_or_default()))
            .collect()
    }

    #[test]
    fn what_a_strict_policy_forbids_is_told_with_its_place() {
        let text = "<p>{{ a }}</p>\n<script>\nlet a = 1 < 2;\n</script>\n<p\n style=\"x\" onclick='y()'>\n\
                    <script src=\"https://cdn.example/x.js\"></script>{% if a %}<style>b{}</style>{% endif %}\n\
                    <link rel=stylesheet href=//fonts.example/a.css><a href=\"javascript:void(0)\">x</a><iframe src=\"https://v.example/1\">";
        assert_eq!(
            told("[security]\npolicy = 'strict'\n", text),
            [
                "2:1 `<script>` holds a script written into pages",
                "6:2 `style` is a style written into pages",
                "6:12 `onclick` is a script written into pages",
                "7:9 `<script>` is loaded from https://cdn.example",
                "7:59 `<style>` holds a style sheet written into pages",
                "8:22 `<link>` is loaded from //fonts.example",
                "8:52 `href` is an address that runs as a script",
                "8:91 `<iframe>` is loaded from https://v.example",
            ]
        );
        assert_eq!(told("", text), Vec::<String>::new());
    }

    #[test]
    fn what_the_settings_allow_is_not() {
        let settings = "[security]\npolicy = 'strict'\ninline = ['js/a.js']\n[security.directives]\nscript-src = \"'self' https://cdn.example\"\n\
                        style-src = \"'self' 'unsafe-inline'\"\nimg-src = \"* data:\"\n";
        let text = "<script>{{ inline(path=\"js/a.js\") | safe }}</script><script type=\"application/ld+json\">{\"a\": 1}</script>\n\
                    <script src=\"https://cdn.example/x.js\"></script><script src=\"{{ asset(path='js/x.js') }}\"></script>\n\
                    <p style=\"x\"><style>b{}</style><img src=\"https://any.example/x.png\"><a href=\"https://x.example\">x</a>\n\
                    <script src=\"https://parks.example/x.js\"></script>{# <script>no</script> #}<link rel=canonical href=\"https://x.example\">";
        assert_eq!(told(settings, text), Vec::<String>::new());
        let text = "<script>{{ inline(path=\"js/b.js\") | safe }}</script>\n<script>{{ words | safe }}</script>";
        assert_eq!(
            told(settings, text),
            ["1:1 `<script>` holds js/b.js", "2:1 `<script>` holds what a template puts in"]
        );
    }
}

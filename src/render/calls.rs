//! The calls that templates make of functions, filters and tests, and the names of the arguments that they give:
//! the engine ignores those that nobody takes. Read from the text; knows nothing of values.

use std::ops::Range;

use super::filters::FILTERS;
use super::functions::FUNCTIONS;
use super::sources::{Sources, place};
use crate::diagnostics::{Diagnostic, suggestion};

/// Callables by name, with the arguments that they take.
type Known = &'static [(&'static str, &'static [&'static str])];

/// The engine's own filters.
const ENGINE_FILTERS: Known = &[
    ("safe", &[]),
    ("default", &["value", "boolean"]),
    ("upper", &[]),
    ("lower", &[]),
    ("wordcount", &[]),
    ("escape", &[]),
    ("escape_html", &[]),
    ("escape_xml", &[]),
    ("newlines_to_br", &[]),
    ("pluralize", &["singular", "plural"]),
    ("trim", &["pat"]),
    ("trim_start", &["pat"]),
    ("trim_end", &["pat"]),
    ("replace", &["from", "to"]),
    ("capitalize", &[]),
    ("title", &[]),
    ("truncate", &["length", "end"]),
    ("indent", &["width", "indentation", "first", "blank"]),
    ("str", &[]),
    ("int", &["base"]),
    ("float", &[]),
    ("length", &[]),
    ("reverse", &[]),
    ("split", &["pat"]),
    ("abs", &[]),
    ("round", &["method", "precision"]),
    ("first", &[]),
    ("last", &[]),
    ("nth", &["n"]),
    ("join", &["sep"]),
    ("sort", &["attribute"]),
    ("unique", &[]),
    ("get", &["key", "default"]),
    ("values", &[]),
    ("keys", &[]),
    ("pairs", &[]),
    ("group_by", &["attribute"]),
];

/// The engine's own functions.
const ENGINE_FUNCTIONS: Known = &[("range", &["start", "end", "step_by"]), ("throw", &["message"]), ("super", &[])];

/// The engine's own tests.
const ENGINE_TESTS: Known = &[
    ("string", &[]),
    ("number", &[]),
    ("map", &[]),
    ("bool", &[]),
    ("array", &[]),
    ("integer", &[]),
    ("float", &[]),
    ("none", &[]),
    ("iterable", &[]),
    ("defined", &[]),
    ("undefined", &[]),
    ("odd", &[]),
    ("even", &[]),
    ("divisible_by", &["divisor"]),
    ("starting_with", &["pat"]),
    ("ending_with", &["pat"]),
    ("containing", &["pat"]),
];

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callable {
    Function,
    Filter,
    Test,
}

impl Callable {
    /// The names of all of a kind.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        self.known().into_iter().flatten().map(|(name, _)| *name)
    }

    fn known(self) -> [Known; 2] {
        match self {
            Self::Function => [&FUNCTIONS, ENGINE_FUNCTIONS],
            Self::Filter => [&FILTERS, ENGINE_FILTERS],
            Self::Test => [&[], ENGINE_TESTS],
        }
    }

    fn arguments(self, name: &str) -> Option<&'static [&'static str]> {
        self.known().into_iter().flatten().find(|(known, _)| *known == name).map(|(_, arguments)| *arguments)
    }
}

/// Every argument in any template that what is called does not take.
pub(super) fn mistakes(sources: &Sources) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, text) in sources.iter() {
        for call in calls(text) {
            let Some(taken) = call.callable.arguments(call.name) else { continue };
            for given in call.arguments.iter().filter(|given| !taken.contains(&&text[(*given).clone()])) {
                let word = &text[given.clone()];
                let message = format!("`{}` takes no argument `{word}`", call.name);
                let problem = Diagnostic::at(&place(name), text, given.clone(), message);
                found.push(match suggestion(word, taken.iter().copied()) {
                    Some(help) => problem.help(help),
                    None => problem.help("it takes none"),
                });
            }
        }
    }
    found
}

/// A call with arguments in brackets.
struct Call<'t> {
    callable: Callable,
    name: &'t str,
    /// Where the names of its arguments stand.
    arguments: Vec<Range<usize>>,
}

/// A piece of what stands in a template tag.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Word,
    Text,
    Sign(u8),
    /// Two signs that belong together, or a number.
    Other,
}

/// Every call in a template's text, in order.
fn calls(text: &str) -> Vec<Call<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((start, kind)) = next_tag(text, at) {
        at = start + 2;
        if kind == b'#' {
            at = text[at..].find("#}").map_or(text.len(), |end| at + end + 2);
            continue;
        }
        let (tokens, end) = tokens(text, at, if kind == b'{' { b'}' } else { b'%' });
        at = end;
        let word = |index: usize| tokens.get(index).filter(|one| one.0 == Token::Word).map(|one| &text[one.1.clone()]);
        let first = if tokens.first().is_some_and(|one| one.0 == Token::Sign(b'-')) { 1 } else { 0 };
        match word(first).filter(|_| kind == b'%') {
            Some("raw") => at = end_of_raw(text, at),
            // What stands in brackets there declares arguments.
            Some("component") => {}
            _ => calls_among(text, &tokens, &mut found),
        }
    }
    found
}

/// Where the next tag begins, and its second sign.
fn next_tag(text: &str, from: usize) -> Option<(usize, u8)> {
    let bytes = text.as_bytes();
    let at = (from..bytes.len().saturating_sub(1))
        .find(|at| bytes[*at] == b'{' && matches!(bytes[at + 1], b'{' | b'%' | b'#'))?;
    Some((at, bytes[at + 1]))
}

/// Where raw text that begins at `from` has ended: behind its closing tag.
fn end_of_raw(text: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(start) = text[at..].find("{%").map(|start| at + start + 2) {
        let rest = text[start..].trim_start_matches('-').trim_start();
        if let Some(after) = rest.strip_prefix("endraw") {
            return text.len() - after.len();
        }
        at = start;
    }
    text.len()
}

/// What stands in a tag from `at` on, and where the tag ends: with `closing` and a brace, outside texts.
fn tokens(text: &str, mut at: usize, closing: u8) -> (Vec<(Token, Range<usize>)>, usize) {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    while let Some(byte) = bytes.get(at).copied() {
        let next = bytes.get(at + 1).copied();
        if byte == closing && next == Some(b'}') {
            return (found, at + 2);
        }
        let run = |keep: fn(u8) -> bool| at + bytes[at..].iter().take_while(|byte| keep(**byte)).count();
        let (token, end) = match byte {
            b'"' | b'\'' | b'`' => (Token::Text, end_of_text(bytes, at)),
            _ if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                (Token::Word, run(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80))
            }
            _ if byte.is_ascii_digit() => (Token::Other, run(|byte| byte.is_ascii_digit())),
            b'=' | b'!' | b'<' | b'>' if next == Some(b'=') => (Token::Other, at + 2),
            sign => (Token::Sign(sign), at + 1),
        };
        found.push((token, at..end));
        at = end;
    }
    (found, text.len())
}

/// Where a text in quotes that begins at `at` has ended.
fn end_of_text(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 2,
            byte if *byte == bytes[at] => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

fn calls_among<'t>(text: &'t str, tokens: &[(Token, Range<usize>)], found: &mut Vec<Call<'t>>) {
    let token = |index: Option<usize>| index.and_then(|index| tokens.get(index)).map(|one| one.0);
    let word = |index: Option<usize>| {
        index.and_then(|index| tokens.get(index)).filter(|one| one.0 == Token::Word).map(|one| &text[one.1.clone()])
    };
    // What is open: a call by its place among those found, or a bracket of another kind.
    let mut open: Vec<Option<usize>> = Vec::new();
    for (index, (kind, _)) in tokens.iter().enumerate() {
        let before = |count: usize| index.checked_sub(count);
        match kind {
            Token::Sign(b'(') => {
                let callable = word(before(1)).and_then(|_| match (token(before(2)), word(before(2))) {
                    (Some(Token::Sign(b'|')), _) | (_, Some("filter")) => Some(Callable::Filter),
                    (Some(Token::Sign(b'.')), _) => None,
                    (_, Some("is")) => Some(Callable::Test),
                    (_, Some("not")) if word(before(3)) == Some("is") => Some(Callable::Test),
                    _ => Some(Callable::Function),
                });
                open.push(callable.map(|_| found.len()));
                if let (Some(callable), Some(name)) = (callable, word(before(1))) {
                    found.push(Call { callable, name, arguments: Vec::new() });
                }
            }
            Token::Sign(b'[' | b'{') => open.push(None),
            Token::Sign(b')' | b']' | b'}') => drop(open.pop()),
            Token::Sign(b'=') if matches!(token(before(2)), Some(Token::Sign(b'(' | b','))) => {
                if let (Some(Some(call)), Some(name)) = (open.last(), before(1).and_then(|at| tokens.get(at))) {
                    found[*call].arguments.push(name.1.clone());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tera::Tera;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let show = |call: &Call<'_>| {
            let arguments: Vec<&str> = call.arguments.iter().map(|range| &text[range.clone()]).collect();
            format!("{:?} {}({})", call.callable, call.name, arguments.join(","))
        };
        calls(text).iter().map(show).collect()
    }

    #[test]
    fn calls_are_found_with_their_arguments() {
        assert_eq!(
            shown("{{ f(a=1, b=g(c=[h(d=2), 3]), e=x == y) | i(j=\"(k=1)\") }}"),
            ["Function f(a,b,e)", "Function g(c)", "Function h(d)", "Filter i(j)"]
        );
        assert_eq!(shown("{%- if x is not divisible_by(divisor=2) and y is starting_with(pat='%}') -%}").len(), 2);
        assert_eq!(shown("{% filter truncate(length=3) %}x{% endfilter %}"), ["Filter truncate(length)"]);
        assert_eq!(shown("{{ <c d={f(a=1)} e=\"f(b=1)\" /> }}"), ["Function f(a)"]);
        assert_eq!(shown("{% set x = f(a={\"b\": g(c=1)}) %}"), ["Function f(a)", "Function g(c)"]);
    }

    #[test]
    fn what_only_looks_like_a_call_is_none() {
        for text in [
            "{# f(a=1) #}",
            "f(a=1)",
            "{% raw %}{{ f(a=1) }}{% endraw %}",
            "{% component f(a: string = \"x\") %}{% endcomponent %}",
            "{{ \"f(a=1)\" ~ 'f(b=1)' }}",
        ] {
            assert_eq!(shown(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(shown("{{ \"\\\" f(a=1)\" ~ g(b=1) }}"), ["Function g(b)"]);
        for text in ["{{ f(a=1", "{{ \"", "{{ )]} f(", "{%", "{# x", "{% raw %}", "{{ \"\\"] {
            calls(text);
        }
    }

    /// The lists of the engine's own are those that it has.
    #[test]
    fn the_engine_knows_its_own() {
        let loads = |text: String| {
            Tera::new().add_raw_template("t", &text).unwrap_or_else(|error| panic!("{text}: {error}"));
        };
        ENGINE_FILTERS.iter().for_each(|(name, _)| loads(format!("{{{{ x | {name} }}}}")));
        ENGINE_TESTS.iter().for_each(|(name, _)| loads(format!("{{{{ x is {name} }}}}")));
        ENGINE_FUNCTIONS
            .iter()
            .for_each(|(name, _)| loads(format!("{{% block b %}}{{{{ {name}() }}}}{{% endblock %}}")));
    }
}

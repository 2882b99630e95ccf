//! What in a drawing runs or is fetched when somebody opens it by itself: it is published as it is, and shows
//! no more than itself only where a page shows it as a picture. Knows nothing of how drawings look.

use crate::diagnostics::Diagnostic;

/// What is looked for, in lower case, and what it is.
const ACTIVE: [(&str, &str); 8] = [
    ("<script", "a script"),
    ("<foreignobject", "a piece of a page (`<foreignObject>`)"),
    ("<!entity", "an entity of its own"),
    ("<iframe", "a frame"),
    ("<handler", "a script (`<handler>`)"),
    ("javascript:", "an address that runs as a script"),
    ("vbscript:", "an address that runs as a script"),
    ("data:text/html", "an address that runs as a script"),
];

/// So much is told of one drawing.
const TOLD: usize = 5;

/// Warns of what is active in the drawing `text` of `file`.
pub fn active(file: &str, text: &str) -> Vec<Diagnostic> {
    let lower = text.to_ascii_lowercase();
    let words = ACTIVE.iter().filter_map(|(word, what)| Some((lower.find(word)?, word.len(), (*what).to_owned())));
    let mut found: Vec<(usize, usize, String)> = words.chain(handler(&lower)).collect();
    found.sort();
    found.truncate(TOLD);
    let warn = |(at, length, what): (usize, usize, String)| {
        let message = format!("holds {what}: whoever opens the drawing by itself runs it");
        let help = "take it out; drawings in photos are not read at all";
        Diagnostic::at(file, text, at..at + length, message).help(help).warning()
    };
    found.into_iter().map(warn).collect()
}

/// The first attribute that is a script (`onload="…"`), in a text in lower case.
fn handler(lower: &str) -> Option<(usize, usize, String)> {
    let bytes = lower.as_bytes();
    lower.match_indices("on").find_map(|(at, _)| {
        let before = at.checked_sub(1).map(|before| bytes[before])?;
        let name = bytes[at..].iter().take_while(|b| b.is_ascii_lowercase()).count();
        let rest = lower[at + name..].trim_start();
        let value = rest.strip_prefix('=').is_some_and(|rest| rest.trim_start().starts_with(['"', '\'']));
        let begins = before.is_ascii_whitespace() || matches!(before, b'"' | b'\'' | b'/');
        let is_handler = begins && name > 2 && value;
        is_handler.then(|| (at, name, format!("a script (`{}`)", &lower[at..at + name])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(u32, u32, String)> {
        active("x.svg", text).into_iter().map(|one| (one.line, one.column, one.message)).collect()
    }

    #[test]
    fn what_runs_is_named_and_drawings_are_not() {
        for (text, column) in [
            ("<svg><script>alert(1)</script></svg>", 6),
            ("<svg ONLOAD = 'alert(1)'/>", 6),
            ("<svg><a xlink:href=\"javascript:alert(1)\"/></svg>", 21),
            ("<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>", 16),
            ("<svg><foreignObject><body/></foreignObject></svg>", 6),
        ] {
            let told = told(text);
            assert_eq!((told.len(), told[0].0, told[0].1), (1, 1, column), "{text}: {told:?}");
        }
        assert_eq!(
            told("<svg><title>on = \"x\"</title><path d=\"M0 0\" stop-color=\"x\"/><a href=\"#on\"/></svg>"),
            []
        );
    }
}

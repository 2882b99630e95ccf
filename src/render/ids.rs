//! The ids that templates use, read from their texts, so that nothing else on their pages takes
//! one of them. Knows nothing of rendering.

use std::collections::BTreeSet;

/// Ids that are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    whole: BTreeSet<String>,
    /// Beginnings of ids whose ends only rendering tells.
    starts: BTreeSet<String>,
}

impl Ids {
    /// None.
    pub const fn new() -> Self {
        Self { whole: BTreeSet::new(), starts: BTreeSet::new() }
    }

    /// Adds the ids in a template's text: those of its tags, and those that it hands to components.
    pub fn add(&mut self, text: &str) {
        for (at, _) in text.match_indices("id=") {
            let before = text[..at].chars().next_back();
            if before.is_none_or(|c| c.is_whitespace() || c == '"' || c == '\'') {
                self.add_value(&text[at + 3..]);
            }
        }
    }

    /// Adds the value with which `text` begins.
    fn add_value(&mut self, text: &str) {
        let (value, closed) = match text.chars().next() {
            Some(quote @ ('"' | '\'')) => (&text[1..], quote),
            _ => (text, '>'),
        };
        let ends = |c: char| c == closed || c.is_whitespace() || c == '>' || c == '<';
        let whole = &value[..value.find(ends).unwrap_or(value.len())];
        match whole.find('{') {
            Some(0) => {}
            Some(at) => drop(self.starts.insert(whole[..at].to_owned())),
            None if !whole.is_empty() => drop(self.whole.insert(whole.trim_end_matches('/').to_owned())),
            None => {}
        }
    }

    /// Whether an id is taken, or may be.
    pub fn hold(&self, id: &str) -> bool {
        self.whole.contains(id) || self.begin(id)
    }

    /// Whether an id begins as those do whose ends only rendering tells.
    pub fn begin(&self, id: &str) -> bool {
        self.starts.iter().any(|start| id.starts_with(start.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_tags_and_of_calls_are_known() {
        let mut ids = Ids::default();
        ids.add(
            "<h2 id=\"rides\">{{ <table id=\"top-table\" quiet={true} /> }}<main id=main><li id='area-{{ a.slug }}'>",
        );
        ids.add("<caption id=\"{{ id }}\"><p data-id=\"no\" grid=\"no\">");
        for taken in ["rides", "top-table", "main", "area-51"] {
            assert!(ids.hold(taken), "{taken}: {ids:?}");
        }
        for free in ["facts", "no", "", "areas"] {
            assert!(!ids.hold(free), "{free}: {ids:?}");
        }
    }
}

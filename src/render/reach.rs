//! What a template reaches: templates that it extends or includes, components that it calls, and
//! what those reach in turn. Read from the text; where the text is ambiguous, more is taken to be
//! reached rather than less. Knows nothing of rendering.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::Ids;
use super::minify::next_brace;
use super::names::{THEME, label};
use crate::digest::{Digest, Digester};

/// A piece of template text that can change by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// A file, without the components defined in it.
    File(String),
    /// A component.
    Component(String),
}

/// What one template file reaches.
pub struct Reach {
    /// The digest of everything reached, itself included.
    pub digest: Digest,
    /// The files that hold what is reached, itself included.
    pub files: BTreeSet<String>,
    /// The ids that what is reached uses.
    pub ids: Ids,
}

/// What every template file reaches, by label.
pub fn of(sources: &BTreeMap<String, String>) -> BTreeMap<String, Reach> {
    let mut texts: BTreeMap<Piece, (String, &str)> = BTreeMap::new();
    // A component of the site's goes before the theme's of that name, so it comes after it here.
    let (theme, own): (Vec<_>, Vec<_>) = sources.iter().partition(|(name, _)| name.starts_with(THEME));
    for (name, source) in theme.into_iter().chain(own) {
        let name = label(sources, name);
        let (rest, components) = split_components(source);
        texts.insert(Piece::File(name.to_owned()), (rest, name));
        for (component, text) in components {
            texts.insert(Piece::Component(component), (text, name));
        }
    }
    let calls: BTreeMap<&Piece, Vec<Piece>> =
        texts.iter().map(|(piece, (text, _))| (piece, called(text, sources))).collect();
    let reach = |name: &str| {
        let mut reached = BTreeSet::new();
        let mut open = vec![Piece::File(name.to_owned())];
        while let Some(piece) = open.pop() {
            if let Some(next) = calls.get(&piece)
                && reached.insert(piece)
            {
                open.extend(next.iter().cloned());
            }
        }
        let mut digester = Digester::default();
        for piece in &reached {
            digester.part(format!("{piece:?}").as_bytes());
            digester.part(texts[piece].0.as_bytes());
        }
        let files = reached.iter().map(|piece| texts[piece].1.to_owned()).collect();
        let mut ids = Ids::default();
        reached.iter().for_each(|piece| ids.add(&texts[piece].0));
        Reach { digest: digester.finish(), files, ids }
    };
    sources.keys().map(|name| label(sources, name)).map(|name| (name.to_owned(), reach(name))).collect()
}

/// The text outside component definitions, and each definition by name.
pub(super) fn split_components(source: &str) -> (String, Vec<(String, String)>) {
    let mut rest = String::new();
    let mut components = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut at = 0;
    let mut kept_from = 0;
    while let Some((start, end)) = next_brace(&source[at..]) {
        let (start, end) = (at + start, at + end);
        let mut words = tag_words(&source[start..end]);
        match (words.next(), words.next(), &open) {
            (Some("component"), Some(name), None) => {
                rest.push_str(&source[kept_from..start]);
                open = Some((name.split('(').next().unwrap_or(name).to_owned(), start));
            }
            (Some("endcomponent"), _, Some((name, from))) => {
                components.push((name.clone(), source[*from..end].to_owned()));
                open = None;
                kept_from = end;
            }
            _ => {}
        }
        at = end;
    }
    rest.push_str(&source[kept_from..]);
    (rest, components)
}

fn tag_words(tag: &str) -> impl Iterator<Item = &str> {
    tag[2..tag.len() - 2].trim_matches('-').split_whitespace()
}

/// Everything that a piece of text extends, includes or calls.
fn called(text: &str, sources: &BTreeMap<String, String>) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((start, end)) = next_brace(rest) {
        let tag = &rest[start..end];
        if matches!(tag_words(tag).next(), Some("extends" | "include")) {
            let parts = tag.split(['"', '\'', '`']).skip(1).step_by(2);
            found.extend(parts.map(|name| Piece::File(label(sources, name).to_owned())));
        }
        for (at, _) in tag.match_indices('<') {
            let name = tag[at + 1..].trim_start_matches(['/', ' ']);
            let length = name.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(name.len());
            found.push(Piece::Component(name[..length].to_owned()));
        }
        rest = &rest[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed_by(edited: &str, text: &str) -> Vec<String> {
        let mut sources: BTreeMap<String, String> = [
            ("base.html", "<html>{% block main %}{% endblock %}</html>"),
            ("park.html", "{% extends \"base.html\" %}{% block main %}{{ <table rows={x} /> }}{% endblock %}"),
            ("ride.html", "{%- extends 'base.html' -%}{% block main %}{% include \"facts.html\" %}{% endblock %}"),
            ("facts.html", "{% if a <b %}{{ <date d={y} /> }}{% endif %}"),
            ("parts.html", "{% component table(rows) %}{{ <date d={rows} /> }}{% endcomponent table %} {% component date(d) %}{{ d }}{% endcomponent date %}"),
            ("feed.xml", "<feed/>"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into();
        let before = of(&sources);
        sources.insert(edited.to_owned(), text.to_owned());
        let after = of(&sources);
        after.into_iter().filter(|(name, reach)| before[name].digest != reach.digest).map(|(name, _)| name).collect()
    }

    #[test]
    fn an_edit_reaches_what_extends_includes_or_calls_it() {
        assert_eq!(changed_by("base.html", "<html></html>"), ["base.html", "park.html", "ride.html"]);
        assert_eq!(changed_by("facts.html", "x"), ["facts.html", "ride.html"]);
        assert_eq!(changed_by("feed.xml", "x"), ["feed.xml"]);
    }

    #[test]
    fn what_is_hidden_is_reached_only_by_its_full_name() {
        let texts = |own: &[(&str, &str)]| -> BTreeMap<String, String> {
            let theme = [
                ("theme/base.html", "<html>"),
                ("theme/ride.html", "{% extends \"base.html\" %}{{ <date /> }}"),
                ("theme/parts.html", "{% component date() %}a{% endcomponent %}"),
            ];
            theme.iter().chain(own).map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let of = |own: &[(&str, &str)]| of(&texts(own));
        let plain = of(&[]);
        assert!(plain["ride.html"].files.contains("base.html") && !plain.contains_key("theme/ride.html"));
        // The same text in another place is the same.
        assert_eq!(of(&[("base.html", "<html>")])["ride.html"].digest, plain["ride.html"].digest);
        let over = of(&[("ride.html", "{% extends \"theme/ride.html\" %}")]);
        assert_eq!(
            over["ride.html"].files.iter().map(String::as_str).collect::<Vec<_>>(),
            ["base.html", "parts.html", "ride.html", "theme/ride.html"]
        );
        let component = of(&[("own.html", "{% component date() %}b{% endcomponent %}")]);
        assert!(component["ride.html"].files.contains("own.html"));
        assert_ne!(component["ride.html"].digest, plain["ride.html"].digest);
    }

    #[test]
    fn an_edited_component_reaches_only_its_callers() {
        let only_table = "{% component table(rows) %}new{% endcomponent table %} {% component date(d) %}{{ d }}{% endcomponent date %}";
        assert_eq!(changed_by("parts.html", only_table), ["park.html"]);
    }
}

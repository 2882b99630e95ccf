//! Anchors and addresses in the HTML of a body. Each anchor is given a name that nothing else on its page
//! has, and links within the body follow: a name that is free stays as written; one that the page's templates
//! use, or that stands in the body before, is given a number, which depends on nothing but the body and the
//! templates. Addresses of files beside the body's own become those of what is published.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::attributes::{Attribute, Role, attributes, decoded, is_really_there};
use super::ids::Ids;

/// Bytes before a name in which its tag says what it is of.
const NEAR: usize = 100;

/// What a name is changed by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    before: &'static str,
    number: u32,
}

impl Change {
    fn of(&self, name: &str) -> String {
        let Self { before, number } = self;
        if *number == 0 { format!("{before}{name}") } else { format!("{before}{name}-{number}") }
    }
}

/// The body with anchors that are its own, where `taken` are those of its page. `beside` is asked for the URL of
/// what a relative address without its fragment leads to from the body's file.
pub fn settle(html: String, taken: &Ids, mut beside: impl FnMut(&str) -> Option<String>) -> String {
    let found: Vec<Attribute<'_>> = attributes(&html).filter(|one| is_really_there(&html, one)).collect();
    let changes = changes(&html, &found, taken);
    if changes.is_empty() && !found.iter().any(|one| one.role == Role::Address && is_relative(one.value)) {
        return html;
    }
    // A link leads to the first anchor of a name.
    let mut moved: FxHashMap<Cow<'_, str>, &Change> = FxHashMap::default();
    let mut stayed: FxHashSet<&str> = FxHashSet::default();
    for (index, anchor) in found.iter().enumerate().filter(|(_, one)| one.role == Role::Anchor) {
        match changes.get(&index) {
            Some(change) if !stayed.contains(anchor.value) => {
                moved.entry(decoded(anchor.value)).or_insert(change);
            }
            Some(_) => {}
            None => drop(stayed.insert(anchor.value)),
        }
    }
    moved.retain(|name, _| !stayed.contains(&**name));
    let mut out = String::with_capacity(html.len() + 16 * changes.len());
    let mut copied = 0;
    for (index, attribute) in found.iter().enumerate() {
        let changed = match attribute.role {
            Role::Anchor => changes.get(&index).map(|change| change.of(attribute.value)),
            Role::Address if is_relative(attribute.value) => published(attribute.value, &mut beside),
            Role::Address => link(attribute.value, &moved),
            Role::Addresses => None,
        };
        if let Some(changed) = changed {
            out.push_str(&html[copied..attribute.start]);
            out.push_str(&changed);
            copied = attribute.start + attribute.value.len();
        }
    }
    out.push_str(&html[copied..]);
    out
}

/// Whether an address may be that of a file beside the body's own.
fn is_relative(address: &str) -> bool {
    !address.is_empty() && !address.starts_with(['/', '#', '?']) && !address.contains(':')
}

/// The address of what is published of a file beside the body's own.
fn published(address: &str, beside: &mut impl FnMut(&str) -> Option<String>) -> Option<String> {
    let (file, fragment) = address.split_at(address.find('#').unwrap_or(address.len()));
    Some(format!("{}{fragment}", beside(&decoded(file))?))
}

/// A link to an anchor that has moved.
fn link(address: &str, moved: &FxHashMap<Cow<'_, str>, &Change>) -> Option<String> {
    let fragment = address.strip_prefix('#')?;
    let plain = decoded(fragment);
    let name = percent_encoding::percent_decode_str(&plain).decode_utf8().ok()?;
    Some(format!("#{}", moved.get(&*name)?.of(fragment)))
}

/// Which anchors need another name, by their place among the attributes that were found.
fn changes(html: &str, found: &[Attribute<'_>], taken: &Ids) -> FxHashMap<usize, Change> {
    let mut anchors: Vec<(usize, &Attribute<'_>)> =
        found.iter().enumerate().filter(|(_, one)| one.role == Role::Anchor && !one.value.is_empty()).collect();
    // The name of a footnote is written nowhere: it stays, and a heading of the same name moves.
    let is_note = |one: &Attribute<'_>| {
        let before = &html.as_bytes()[one.tag.unwrap_or_default().max(one.start.saturating_sub(NEAR))..one.start];
        memchr::memmem::find(before, b"\"footnote-definition\"").is_some()
    };
    anchors.sort_by_key(|(_, one)| !is_note(one));
    let written: FxHashSet<&str> = anchors.iter().map(|(_, one)| one.value).collect();
    let mut given: FxHashSet<Cow<'_, str>> = FxHashSet::default();
    let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
    let mut changes = FxHashMap::default();
    for (index, anchor) in anchors {
        let name = anchor.value;
        if !taken.hold(name) && given.insert(Cow::Borrowed(name)) {
            continue;
        }
        let before = if taken.begin(&format!("{name}-")) { "text-" } else { "" };
        // A beginning that takes in even these leaves none that is free.
        let hopeless = taken.begin(&format!("{before}{name}-"));
        let number = numbers.entry(name).or_insert(u32::from(before.is_empty()));
        loop {
            let change = Change { before, number: *number };
            let new = change.of(name);
            *number += 1;
            let free = !taken.hold(&new) || (hopeless && taken.begin(&new));
            if free && !written.contains(&*new) && given.insert(Cow::Owned(new)) {
                changes.insert(index, change);
                break;
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique_in(templates: &str, html: &str) -> String {
        let mut taken = Ids::default();
        taken.add(templates);
        settle(html.to_owned(), &taken, |file| file.strip_suffix(".md").map(|name| format!("/{name}/")))
    }

    #[test]
    fn what_a_template_uses_is_given_a_number_and_links_follow() {
        let html = "<h2 id=\"rides\">R</h2><p><a href=\"#rides\">r</a> <a href=\"#facts\">f</a></p>";
        assert_eq!(
            unique_in("<h2 id=\"rides\"><h2 id=\"facts\">", html),
            "<h2 id=\"rides-1\">R</h2><p><a href=\"#rides-1\">r</a> <a href=\"#facts\">f</a></p>"
        );
        assert_eq!(unique_in("", html), html);
    }

    #[test]
    fn numbers_are_those_that_nobody_has() {
        let html = "<h2 id=\"rides\">R</h2><h2 id=\"rides-1\">R</h2><h2 id=\"rides-2\">R</h2>";
        assert_eq!(
            unique_in("<h2 id=\"rides\"><h2 id=\"rides-3\">", html),
            "<h2 id=\"rides-4\">R</h2><h2 id=\"rides-1\">R</h2><h2 id=\"rides-2\">R</h2>"
        );
        let twice = "<p id=\"a\"></p><p id=\"a\"></p><a href=\"#a\">x</a>";
        assert_eq!(unique_in("", twice), "<p id=\"a\"></p><p id=\"a-1\"></p><a href=\"#a\">x</a>");
    }

    #[test]
    fn an_id_with_an_open_end_takes_all_that_begin_like_it() {
        let html = "<h2 id=\"area-51\">A</h2><a href=\"#area-51\">x</a><h2 id=\"text-area-51\">A</h2>";
        assert_eq!(
            unique_in("<li id=\"area-{{ a.slug }}\">", html),
            "<h2 id=\"text-area-51-1\">A</h2><a href=\"#text-area-51-1\">x</a><h2 id=\"text-area-51\">A</h2>"
        );
        assert!(unique_in("<li id=\"t{{ a }}\">", "<h2 id=\"t\">A</h2>").contains("id=\"text-t"));
    }

    #[test]
    fn a_footnote_keeps_its_name_before_a_heading() {
        let html = "<h2 id=\"fn-1\">Fn 1</h2><a href=\"#fn-1\">1</a><div class=\"footnote-definition\" id=\"fn-1\">";
        let unique = unique_in("", html);
        assert!(unique.starts_with("<h2 id=\"fn-1-1\">") && unique.ends_with("id=\"fn-1\">"), "{unique}");
        assert!(unique.contains("<a href=\"#fn-1\">"), "{unique}");
    }

    #[test]
    fn an_address_of_a_file_becomes_that_of_its_page() {
        let html = "<a href=\"x.md#a\">x</a><a href='x.html'>y</a><a href=\"/x.md\">z</a><a href=\"mailto:x.md\">m</a>";
        assert_eq!(unique_in("", html), html.replacen("x.md#a", "/x/#a", 1));
    }

    #[test]
    fn many_of_one_name_take_no_long_time() {
        let html = "<p id=\"a\">".repeat(20_000);
        let unique = unique_in("<p id=\"a\">", &html);
        assert!(unique.contains("id=\"a-20000\""));
    }
}

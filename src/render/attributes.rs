//! Addresses and anchors in HTML: the values of `href`, `src`, `srcset`, `poster`, `id` and of an
//! `<a>`'s `name`, found by their `=` without reading the rest of a page. Knows nothing of what
//! they lead to.

use std::borrow::Cow;

/// What an attribute's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One address.
    Address,
    /// Addresses with what they are for, between commas (`srcset`).
    Addresses,
    /// A name that fragments of addresses may lead to.
    Anchor,
}

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'h> {
    /// What its value is.
    pub role: Role,
    /// Its value as written, entities and all.
    pub value: &'h str,
    /// Where the value begins.
    pub start: usize,
    /// Where its tag begins, if somebody has looked.
    pub tag: Option<usize>,
}

/// The attributes of a page, or of a part of one, in order. A quick look: what stands in another attribute's value
/// may be taken for one, and an address in no tag at all; [`is_really_there`] looks closer.
pub fn attributes(html: &str) -> impl Iterator<Item = Attribute<'_>> {
    let mut place = Place { seen: 0, tag: None };
    let bytes = html.as_bytes();
    // Most attributes are others, by the end of their names.
    let may_be = |at: &usize| {
        let Some(end) = at.checked_sub(2).map(|start| [bytes[start] | 0x20, bytes[start + 1] | 0x20]) else {
            return false;
        };
        matches!(&end, b"ef" | b"rc" | b"id" | b"et" | b"er" | b"me") || bytes[*at - 1].is_ascii_whitespace()
    };
    memchr::memchr_iter(b'=', bytes).filter(move |at| may_be(at)).filter_map(move |at| attribute(html, at, &mut place))
}

/// Where a look for tags is.
struct Place {
    /// So many bytes were looked through for tags.
    seen: usize,
    /// The tag that is open there.
    tag: Option<usize>,
}

impl Place {
    /// The tag in which a byte stands that was not looked at before.
    fn tag_at(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        if let Some(last) = memchr::memrchr2(b'<', b'>', &bytes[self.seen..at]) {
            self.tag = opening(bytes, self.seen + last);
        }
        self.seen = at;
        self.tag
    }
}

/// The tag that the angle bracket at a place opens.
fn opening(bytes: &[u8], at: usize) -> Option<usize> {
    (bytes[at] == b'<' && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic)).then_some(at)
}

const NAMES: [(&[u8], Role); 6] = [
    (b"href", Role::Address),
    (b"src", Role::Address),
    (b"id", Role::Anchor),
    (b"srcset", Role::Addresses),
    (b"poster", Role::Address),
    (b"name", Role::Anchor),
];

/// The attribute whose `=` stands at `at`.
fn attribute<'h>(html: &'h str, at: usize, place: &mut Place) -> Option<Attribute<'h>> {
    let bytes = html.as_bytes();
    let mut end = at;
    while end > 0 && bytes[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    let named = match bytes.get(end.checked_sub(1)?)? | 0x20 {
        b'f' => 0,
        b'c' => 1,
        b'd' => 2,
        b't' => 3,
        b'r' => 4,
        b'e' => 5,
        _ => return None,
    };
    let (name, role) = NAMES[named];
    let begin = end.checked_sub(name.len())?;
    let written = &bytes[begin..end];
    if written != name && !written.eq_ignore_ascii_case(name) {
        return None;
    }
    let before = bytes[begin.checked_sub(1)?];
    let begins = before.is_ascii_whitespace() || matches!(before, b'"' | b'\'' | b'/' | b':');
    if !begins && !bytes[..begin].ends_with(b"image") {
        return None;
    }
    // Most addresses turn out to lead somewhere, and nobody asks where they stand.
    let tag = if role == Role::Anchor { Some(place.tag_at(bytes, begin)?) } else { None };
    let is_a = |tag: usize| bytes[tag + 1] | 0x20 == b'a' && bytes.get(tag + 2).is_some_and(u8::is_ascii_whitespace);
    if name == b"name" && !tag.is_some_and(is_a) {
        return None;
    }
    let (start, end) = value(bytes, at + 1)?;
    Some(Attribute { role, value: html.get(start..end)?, start, tag })
}

/// Where the value after an attribute's `=` begins and ends.
fn value(bytes: &[u8], mut start: usize) -> Option<(usize, usize)> {
    while bytes.get(start)?.is_ascii_whitespace() {
        start += 1;
    }
    let quote = bytes[start];
    if quote == b'"' || quote == b'\'' {
        let length = memchr::memchr(quote, &bytes[start + 1..])?;
        return Some((start + 1, start + 1 + length));
    }
    let length = bytes[start..].iter().take(LONGEST_BARE).position(|b| b.is_ascii_whitespace() || *b == b'>')?;
    Some((start, start + length))
}

/// Bytes of a value without quotes at most: no path and no name is as long.
const LONGEST_BARE: usize = 4096;

/// Bytes of a tag that are looked through for each of its attributes.
const LONGEST_TAG: usize = 1 << 16;

/// Whether an attribute is one, and not only the text of another's value or of no tag at all.
pub fn is_really_there(html: &str, attribute: &Attribute<'_>) -> bool {
    let bytes = html.as_bytes();
    let from = attribute.start.saturating_sub(LONGEST_TAG);
    let bracket = || memchr::memrchr2(b'<', b'>', &bytes[from..attribute.start]);
    let Some(tag) = attribute.tag.or_else(|| opening(bytes, from + bracket()?)) else { return false };
    if tag < from {
        return false;
    }
    let mut at = tag + 1;
    while at < attribute.start {
        match bytes[at] {
            b'>' => return false,
            b'=' => {
                let Some((start, end)) = value(bytes, at + 1) else { return false };
                if start == attribute.start {
                    return true;
                }
                at = end + usize::from(bytes[start - 1] != b'=');
            }
            _ => at += 1,
        }
    }
    false
}

/// The addresses of a `srcset`.
pub fn addresses(srcset: &str) -> impl Iterator<Item = &str> {
    let mut rest = srcset;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        let whole = address.trim_end_matches(',');
        // What follows an address, up to the next comma, says what it is for.
        rest = if whole.len() < address.len() { after } else { after.split_once(',').map_or("", |(_, next)| next) };
        (!whole.is_empty()).then_some(whole)
    })
}

/// A value with its entities resolved: numbers, and the names that serialisers write.
pub fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = rest.bytes().take(12).position(|b| b == b';');
        match length.and_then(|length| Some((entity(&rest[1..length])?, length + 1))) {
            Some((c, length)) => {
                out.push(c);
                rest = &rest[length..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<(Role, &str)> {
        attributes(html).filter(|one| is_really_there(html, one)).map(|one| (one.role, one.value)).collect()
    }

    #[test]
    fn attributes_are_found_however_they_are_written() {
        use Role::{Address, Addresses, Anchor};
        assert_eq!(
            found("<a class=x href=/a/>b</a><IMG SRC='/c' srcset=\"/d 1x, /e 2x\" id = f><video poster=\"/g\">"),
            [(Address, "/a/"), (Address, "/c"), (Addresses, "/d 1x, /e 2x"), (Anchor, "f"), (Address, "/g")]
        );
        assert_eq!(
            found("<use xlink:href=\"#x\"/><a name=top></a><meta name=viewport>"),
            [(Address, "#x"), (Anchor, "top")]
        );
        assert_eq!(found("<link imagesrcset=\"/a 1x\" data-href=/no>"), [(Addresses, "/a 1x")]);
    }

    #[test]
    fn text_is_no_attribute() {
        for text in
            ["a href=/b", "<p>say href=\"/b\"</p>", "<script>if (x) el.src=\"/b\"</script>", "<a title=' href=/b'>"]
        {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn hostile_text_takes_no_long_time_and_does_no_harm() {
        for text in [
            " href=".repeat(200_000),
            "<a href=".repeat(100_000),
            "<a id='".repeat(100_001),
            "=".repeat(500_000),
            "/href=".repeat(20_000),
        ] {
            attributes(&text).for_each(drop);
        }
        for text in ["=", "<a href=", "<a href=\"", "<a href='é", "<a id", "<", "é=é"] {
            attributes(text).for_each(drop);
        }
    }

    #[test]
    fn a_srcset_has_addresses() {
        let all = |text| addresses(text).collect::<Vec<_>>();
        assert_eq!(all("/a.webp 400w, /b.webp 800w"), ["/a.webp", "/b.webp"]);
        assert_eq!(all(" /a,b.webp, /c 2x ,"), ["/a,b.webp", "/c"]);
        assert!(all(" , ").is_empty());
    }

    #[test]
    fn entities_are_resolved() {
        assert_eq!(decoded("/a?b=1&amp;c=2&#x2F;&#47;&nope;&"), "/a?b=1&c=2//&nope;&");
    }
}

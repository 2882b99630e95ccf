//! Text from files: UTF-8 with or without a byte order mark, and which characters may stand in it. Knows
//! nothing of what the text says.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::diagnostics::Diagnostic;

/// The byte order mark, as a character; in UTF-8 it says nothing.
const MARK: char = '\u{feff}';

/// The text of a file without its byte order mark; where it is no UTF-8, what it is instead.
pub fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Diagnostic>> {
    if let Some(encoding) = other_encoding(bytes) {
        let problem = Diagnostic::of_file(file, format!("is {encoding} text, and only UTF-8 is read"));
        return Err(Box::new(problem.help("save the file as UTF-8")));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix(MARK).unwrap_or(text)),
        Err(error) => Err(Box::new(not_utf8(file, bytes, error.valid_up_to()))),
    }
}

/// Bytes without the byte order mark of UTF-8 before them.
pub fn unmarked(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    const BYTES: &[u8] = "\u{feff}".as_bytes();
    match bytes {
        Cow::Borrowed(bytes) => bytes.strip_prefix(BYTES).unwrap_or(bytes).into(),
        Cow::Owned(bytes) if bytes.starts_with(BYTES) => bytes[BYTES.len()..].to_vec().into(),
        owned => owned,
    }
}

/// The encoding of text that begins with another's byte order mark, or in which every other byte is zero.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    let begins = |mark: &[u8]| bytes.starts_with(mark);
    let zeros = |at: usize| bytes.len() >= 4 && bytes.iter().skip(at).step_by(2).take(16).all(|b| *b == 0);
    match () {
        () if begins(&[0xff, 0xfe, 0, 0]) || begins(&[0, 0, 0xfe, 0xff]) => Some("UTF-32"),
        () if begins(&[0xff, 0xfe]) || begins(&[0xfe, 0xff]) => Some("UTF-16"),
        () if zeros(0) != zeros(1) => Some("UTF-16"),
        () => None,
    }
}

fn not_utf8(file: &str, bytes: &[u8], at: usize) -> Diagnostic {
    let before = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let line_end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |end| at + end);
    let text = format!("{before}{}", String::from_utf8_lossy(&bytes[at..line_end]));
    let message = format!("byte 0x{:02x} is not UTF-8", bytes[at]);
    Diagnostic::at(file, &text, at..at + 1, message).help("save the file as UTF-8")
}

/// A name as names are compared: accents composed with their letters (NFC), however a file system or an
/// editor writes them.
pub fn composed(name: &str) -> Cow<'_, str> {
    if is_nfc(name) { Cow::Borrowed(name) } else { name.nfc().collect::<String>().into() }
}

/// Whether a character has no place in text: one that XML or HTML forbids.
pub fn is_forbidden(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    control || (u32::from(c) & 0xfffe) == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c)
}

/// Bytes looked at together: whether any of them may begin a forbidden character is found without a branch.
const STRIDE: usize = 64;

/// The first character of a text that is forbidden, and where it stands.
pub fn forbidden(text: &str) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = bytes.len().min(at + STRIDE);
        // With the byte behind them, which decides about some.
        let may_begin = bytes[at..].first_chunk::<{ STRIDE + 1 }>().is_none_or(is_suspicious);
        if may_begin && let Some(found) = (at..end).find(|at| begins_forbidden(&bytes[*at..])) {
            return Some((found, text[found..].chars().next()?));
        }
        at = end;
    }
    None
}

/// Whether any of these bytes but the last may begin a forbidden character.
fn is_suspicious(bytes: &[u8; STRIDE + 1]) -> bool {
    // Numbers rather than conditions, so that many are worked on side by side: those below the space and those
    // from 0xef on lie side by side when the space is nought.
    let suspicious = |at: usize| {
        let (b, next) = (bytes[at], bytes[at + 1]);
        let control = u8::from(b.wrapping_sub(b' ') >= 0xef - b' ') & u8::from(b != b'\n');
        control | u8::from(b == 0x7f) | (u8::from(b == 0xc2) & u8::from(next < 0xa0))
    };
    (0..STRIDE).fold(0, |found, at| found | suspicious(at)) != 0
}

/// Whether the first character of a text, by its bytes in UTF-8, is forbidden.
fn begins_forbidden(bytes: &[u8]) -> bool {
    match bytes {
        [b'\n' | b'\r' | b'\t', ..] => false,
        [..=0x1f | 0x7f, ..] | [0xc2, 0x80..=0x9f, ..] => true,
        [0xef, 0xb7, 0x90..=0xaf, ..] | [0xef, 0xbf, 0xbe..=0xbf, ..] => true,
        [0xf0..=0xf4, second, 0xbf, 0xbe..=0xbf, ..] => second & 0x0f == 0x0f,
        _ => false,
    }
}

/// A character as it can be shown.
pub fn shown(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// The text with every forbidden character replaced.
pub fn without_forbidden(text: &str) -> Cow<'_, str> {
    match forbidden(text) {
        None => Cow::Borrowed(text),
        Some(_) => text.chars().map(|c| if is_forbidden(c) { '\u{fffd}' } else { c }).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(bytes: &[u8]) -> String {
        decode("f", bytes).expect_err("no UTF-8").message
    }

    #[test]
    fn a_byte_order_mark_says_nothing_and_another_encoding_is_named() {
        assert_eq!(decode("f", "\u{feff}a".as_bytes()).expect("text"), "a");
        assert_eq!(decode("f", b"").expect("text"), "");
        assert_eq!(wrong(b"\xff\xfea\0"), "is UTF-16 text, and only UTF-8 is read");
        assert_eq!(wrong(b"\xfe\xff\0a"), "is UTF-16 text, and only UTF-8 is read");
        assert_eq!(wrong(b"+\0+\0+\0\n\0"), "is UTF-16 text, and only UTF-8 is read");
        assert_eq!(wrong(b"\0+\0+\0+\0\n"), "is UTF-16 text, and only UTF-8 is read");
        assert_eq!(wrong(b"\xff\xfe\0\0a\0\0\0"), "is UTF-32 text, and only UTF-8 is read");
        assert_eq!(wrong(b"caf\xe9"), "byte 0xe9 is not UTF-8");
    }

    #[test]
    fn what_xml_and_html_forbid_is_found() {
        for c in [
            '\0',
            '\u{b}',
            '\u{c}',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{fdd0}',
            '\u{fffe}',
            '\u{ffff}',
            '\u{1ffff}',
            '\u{10fffe}',
        ] {
            assert_eq!(forbidden(&format!("é{c}")), Some((2, c)), "{c:?}");
            assert_eq!(without_forbidden(&format!("é{c}x")), "é\u{fffd}x");
        }
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = format!("{}{c}y", "x".repeat(STRIDE - 1));
            assert_eq!(forbidden(&text).is_some(), is_forbidden(c), "{c:?}");
        }
        assert_eq!(forbidden("a\tb\r\n «é» 花 🎢 \u{fffd} \u{feff} \u{200f}"), None);
    }
}

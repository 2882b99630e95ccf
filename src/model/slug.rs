//! From a name to the part of a URL. One function for the whole project, so that files, rows and
//! commands cannot disagree. Knows nothing of scopes or collisions.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::digest::Digest;

/// A slug is at most this long: it becomes a folder name, and a ride's URL holds two.
pub const MAX_LEN: usize = 100;

/// The slug of `name`: lower-case ASCII letters, digits and single hyphens. Letters that no
/// decomposition folds are written as people write them (`æ` ae, `ø` o, `ł` l, `đ` d, `ß` ss).
/// A name without a Latin letter or digit gets `n-` and ten digits of its digest, which depends
/// on nothing but the name.
pub fn slugify(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        let mut buffer = [0; 4];
        let letters: &str = match c {
            'a'..='z' | '0'..='9' => c.encode_utf8(&mut buffer),
            '\'' | '’' | '‘' | 'ʼ' | '.' => continue,
            '&' => "and",
            _ => match transliterate(c) {
                Some(letters) => letters,
                None => {
                    gap = true;
                    continue;
                }
            },
        };
        if (gap || c == '&') && !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(letters);
        gap = c == '&';
    }
    slug.truncate(MAX_LEN);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        let name: String = name.nfc().collect();
        return format!("n-{}", Digest::of(name.as_bytes()).hex(10));
    }
    slug.to_owned()
}

/// Whether `text` is a slug as `slugify` makes them.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_LEN
        && text
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

fn transliterate(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' | 'ǽ' => "ae",
        'œ' => "oe",
        'ø' | 'ǿ' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ß' => "ss",
        'ħ' => "h",
        'ı' => "i",
        'ŋ' => "ng",
        'ŧ' => "t",
        'ə' => "e",
        'ĸ' => "k",
        'ƒ' => "f",
        _ => return None,
    })
}

/// Text by which names sort: folded to lower case without marks, letters as in `slugify`.
/// Names in other scripts sort after Latin ones, by code point.
pub fn sort_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for c in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match transliterate(c) {
            Some(letters) => key.push_str(letters),
            None if c.is_alphanumeric() => key.push(c),
            None if !key.is_empty() && !key.ends_with(' ') => key.push(' '),
            None => {}
        }
    }
    let mut end = key.trim_end().len().min(MAX_LEN);
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    key.truncate(end);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_names_readable() {
        let cases = [
            ("Baron 1898", "baron-1898"),
            ("Ærøskøbing Express", "aeroskobing-express"),
            ("Łódź", "lodz"),
            ("Đà Lạt", "da-lat"),
            ("Straße", "strasse"),
            ("#LikeMe Coaster", "likeme-coaster"),
            ("21° & Colder", "21-and-colder"),
            ("F.L.Y.", "fly"),
            ("Dæmonen – the “Demon”", "daemonen-the-demon"),
            ("Joker’s Jinx / Joker's", "jokers-jinx-jokers"),
            ("Tom & Jerry", "tom-and-jerry"),
            ("R&B", "r-and-b"),
            ("İstanbul", "istanbul"),
            ("../../etc/passwd", "etc-passwd"),
        ];
        for (name, slug) in cases {
            assert_eq!(slugify(name), slug, "{name}");
            assert!(is_slug(&slugify(name)), "{name}");
        }
    }

    #[test]
    fn names_without_latin_letters_differ_and_stay() {
        let (valley, world) = (slugify("欢乐谷"), slugify("欢乐世界"));
        assert_ne!(valley, world);
        assert!(valley.starts_with("n-") && is_slug(&valley), "{valley}");
        assert_eq!(valley, slugify("欢乐谷"));
    }

    #[test]
    fn composed_and_decomposed_names_agree() {
        assert_eq!(slugify("Cafe\u{301}"), slugify("Café"));
        assert_eq!(slugify("한국"), slugify(&"한국".nfd().collect::<String>()));
    }

    #[test]
    fn names_sort_as_people_expect() {
        let mut names = ["Éclair", "zebra", "Ångström", "The Bat", "42nd", "花"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["42nd", "Ångström", "Éclair", "The Bat", "zebra", "花"]);
    }
}

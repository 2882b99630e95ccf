//! From a name to the part of a URL. One function for the whole project, so that files, rows and
//! commands cannot disagree. Knows nothing of scopes or collisions.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::digest::Digest;

/// A slug is at most this long: it becomes a folder name, and a ride's URL holds two.
pub const MAX_LEN: usize = 100;

/// The slug of `name`: lower-case ASCII letters, digits and single hyphens. Letters that no
/// decomposition folds are written as people write them (`æ` ae, `ø` o, `ł` l, `đ` d, `ß` ss).
/// A name in other letters than Latin ones is transliterated: 欢乐谷 is `huan-le-gu`. One of which
/// nothing is left gets `n-` and ten digits of its digest, which depends on nothing but the name.
pub fn slugify(name: &str) -> String {
    let (slug, has_latin) = folded(name);
    if !slug.is_empty() && (has_latin || !name.chars().any(char::is_alphabetic)) {
        return slug;
    }
    let name: String = name.nfc().collect();
    let (transliterated, _) = folded(&deunicode::deunicode_with_tofu(&name, ""));
    if transliterated.is_empty() { format!("n-{}", Digest::of(name.as_bytes()).hex(10)) } else { transliterated }
}

/// A name in letters that a slug may hold, and whether any was a Latin one.
fn folded(name: &str) -> (String, bool) {
    let mut has_latin = false;
    let mut slug = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        let mut buffer = [0; 4];
        let letters: &str = match c {
            '0'..='9' => c.encode_utf8(&mut buffer),
            'a'..='z' => {
                has_latin = true;
                c.encode_utf8(&mut buffer)
            }
            '\'' | '’' | '‘' | 'ʼ' | '.' => continue,
            '&' => "and",
            _ => match transliterate(c) {
                Some(letters) => {
                    has_latin = true;
                    letters
                }
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
    (slug.trim_end_matches('-').to_owned(), has_latin)
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
    fn names_in_other_letters_are_transliterated() {
        let cases = [
            ("欢乐谷", "huan-le-gu"),
            ("Колесо обозрения", "koleso-obozreniia"),
            ("東京ディズニーランド", "dong-jing-deizunirando"),
            ("한국민속촌", "hangugminsogcon"),
            ("Αλάντιν 2", "alantin-2"),
            ("花 & 鳥", "hua-and-niao"),
            ("1898", "1898"),
            ("Efteling 艾夫特琳", "efteling"),
        ];
        for (name, slug) in cases {
            assert_eq!(slugify(name), slug, "{name}");
            assert!(is_slug(&slugify(name)), "{name}");
        }
        let nothing = slugify("…");
        assert!(nothing.starts_with("n-") && is_slug(&nothing), "{nothing}");
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

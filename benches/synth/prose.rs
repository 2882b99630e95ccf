//! Running text, made word by word. It does not know which record it describes.

use super::dice::Dice;
use super::words::WORDS;

/// Appends sentences of together `words` words, without a final space.
pub fn text(out: &mut String, dice: &mut Dice, words: u32) {
    let mut left = words;
    while left > 0 {
        let mut length = dice.between(7..=17).min(left);
        if left - length < 4 {
            length = left;
        }
        if left < words {
            out.push(' ');
        }
        sentence(out, dice, length);
        left -= length;
    }
}

/// Appends a paragraph and the blank line below it.
pub fn paragraph(out: &mut String, dice: &mut Dice, words: u32) {
    text(out, dice, words);
    out.push_str("\n\n");
}

/// Appends a bullet list and the blank line below it.
pub fn list(out: &mut String, dice: &mut Dice, items: u32, words_each: u32) {
    for _ in 0..items {
        out.push_str("- ");
        text(out, dice, words_each);
        out.push('\n');
    }
    out.push('\n');
}

/// One plain sentence or two for a description; some hold an ampersand, which HTML must escape.
pub fn description(dice: &mut Dice) -> String {
    let mut plain = String::new();
    text(&mut plain, dice, 12);
    if dice.one_in(3) {
        plain = plain.replacen(" and ", " & ", 1);
    }
    plain
}

fn sentence(out: &mut String, dice: &mut Dice, length: u32) {
    for at in 0..length {
        let word = WORDS[dice.skewed(WORDS.len() as u32) as usize];
        if at == 0 {
            capitalised(out, word);
            continue;
        }
        out.push(' ');
        out.push_str(word);
        if length > 11 && at == length / 2 {
            out.push(',');
        }
    }
    out.push(if dice.one_in(5) { '!' } else { '.' });
}

pub fn capitalised(out: &mut String, word: &str) {
    let mut letters = word.chars();
    out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
    out.push_str(letters.as_str());
}

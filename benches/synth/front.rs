//! Writing TOML front matter. It does not know which keys a record may have.

use super::dice::Dice;
use std::fmt::{Display, Write};

pub struct Front(String);

impl Front {
    pub fn new() -> Front {
        Front(String::from("+++\n"))
    }

    pub fn text(&mut self, key: &str, value: &str) -> &mut Front {
        self.raw(key, quoted(value))
    }

    pub fn texts<S: AsRef<str>>(&mut self, key: &str, values: &[S]) -> &mut Front {
        let list: Vec<String> = values.iter().map(|value| quoted(value.as_ref())).collect();
        self.raw(key, format_args!("[{}]", list.join(", ")))
    }

    /// A value that is TOML already: a number, a boolean, a date.
    pub fn raw(&mut self, key: &str, value: impl Display) -> &mut Front {
        writeln!(self.0, "{key} = {value}").expect("writing to a String cannot fail");
        self
    }

    /// Opens `[[name]]`; what follows belongs to it, so the record's own keys come before.
    pub fn element(&mut self, name: &str) -> &mut Front {
        writeln!(self.0, "\n[[{name}]]").expect("writing to a String cannot fail");
        self
    }

    pub fn table(&mut self, name: &str) -> &mut Front {
        writeln!(self.0, "\n[{name}]").expect("writing to a String cannot fail");
        self
    }

    /// The whole file: front matter, blank line, `body`.
    pub fn with_body(mut self, body: &str) -> String {
        self.0.push_str("+++\n\n");
        self.0.push_str(body);
        self.0
    }
}

/// A TOML basic string, which is also a JSON string.
pub fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a String cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A date of that year as a TOML value, in one of the precisions and spellings a content file may use.
pub fn date_in(dice: &mut Dice, year: u32) -> String {
    match dice.below(20) {
        0..=8 => format!("\"{}\"", day_in(dice, year)),
        9 | 10 => day_in(dice, year),
        11..=13 => format!("\"{year}-{:02}\"", dice.between(1..=12)),
        14..=16 => format!("\"{year}\""),
        17 => year.to_string(),
        _ => format!("\"{}0s\"", year / 10),
    }
}

pub fn day_in(dice: &mut Dice, year: u32) -> String {
    format!("{year}-{:02}-{:02}", dice.between(1..=12), dice.between(1..=28))
}

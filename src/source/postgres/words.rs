//! What a text in SQL may name: the identifiers in it, those that are called, its operators; and
//! what in it changes by itself whatever it names. Reads as Postgres' own scanner does, and
//! understands no grammar: it finds too many names rather than too few.

use std::collections::BTreeSet;

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

/// What SQL texts may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Every identifier, as the catalog would have it.
    pub names: BTreeSet<String>,
    /// Those that a parenthesis follows.
    pub called: BTreeSet<String>,
    /// Every sequence of operator characters that may be one.
    pub operators: BTreeSet<String>,
    /// Something that makes it unknowable what the text says next time.
    pub open: Option<String>,
}

/// Words that stand for the moment.
const MOMENTS: [&str; 5] = ["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"];

/// Columns that every table has and that change without any row being written.
const SYSTEM_COLUMNS: [&str; 5] = ["ctid", "xmin", "xmax", "cmin", "cmax"];

/// Words that a date may be written with, and that mean another one every day.
const DAYS: [&str; 4] = ["now", "today", "tomorrow", "yesterday"];

/// Operators that Postgres puts where none is written: `IN`, `BETWEEN`, `LIKE`, `ORDER BY`, `USING`.
const UNWRITTEN: [&str; 11] = ["=", "<", ">", "<=", ">=", "<>", "~~", "!~~", "~~*", "!~~*", "~"];

/// A longer identifier is cut to this by Postgres.
const MAX_NAME: usize = 63;

/// A longer text is not a date.
const MAX_DATE: usize = 40;

impl Words {
    /// No words yet; the operators that need not be written.
    pub fn new() -> Self {
        Self { operators: UNWRITTEN.map(str::to_owned).into(), ..Self::default() }
    }

    /// Adds what a text may name.
    pub fn read(&mut self, sql: &str) {
        let mut run = String::new();
        let mut last: Option<String> = None;
        for (kind, text) in tokens(sql) {
            if operator(kind) {
                run.push_str(text);
            } else {
                self.add_operators(&std::mem::take(&mut run));
            }
            let named = match kind {
                TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { terminated: true } => {
                    continue;
                }
                TokenKind::Ident => Some(self.keyword(text)),
                TokenKind::QuotedIdent { terminated: true, uescape: false } => {
                    Some(text[1..text.len() - 1].replace("\"\"", "\""))
                }
                TokenKind::QuotedIdent { .. } => {
                    self.opens(format!("{text} is an identifier that is not read here"));
                    None
                }
                TokenKind::Literal { kind } => {
                    self.literal(kind, text);
                    None
                }
                TokenKind::OpenParen => {
                    self.called.extend(last.take());
                    None
                }
                TokenKind::Unknown | TokenKind::BlockComment { .. } => {
                    self.opens(format!("{text} is not understood"));
                    None
                }
                _ => None,
            };
            last = named.map(|name| cut(&name).to_owned());
            self.names.extend(last.clone());
        }
        self.add_operators(&run);
    }

    fn opens(&mut self, why: String) {
        self.open.get_or_insert(why);
    }

    /// An identifier that is not quoted, and so may be a key word.
    fn keyword(&mut self, text: &str) -> String {
        // Only ASCII is folded in UTF-8; elsewhere it may be more.
        let name = text.to_ascii_lowercase();
        if !name.is_ascii() {
            self.names.insert(cut(&text.to_lowercase()).to_owned());
        }
        match name.as_str() {
            word if MOMENTS.contains(&word) => self.opens(format!("{word} changes by itself")),
            word if SYSTEM_COLUMNS.contains(&word) => self.opens(format!("the column {word} changes by itself")),
            "tablesample" => self.opens("a sample of a table is another one every time".to_owned()),
            "standard_conforming_strings" => self.opens("it changes how SQL is read".to_owned()),
            _ => {}
        }
        name
    }

    fn literal(&mut self, kind: LiteralKind, text: &str) {
        let lower = text.to_ascii_lowercase();
        let day = lower.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| DAYS.contains(word));
        if let Some(day) = day.filter(|_| text.len() <= MAX_DATE) {
            self.opens(format!("'{day}' may be a date that changes by itself"));
        }
        let whole = match kind {
            LiteralKind::Str { terminated }
            | LiteralKind::NationalStr { terminated }
            | LiteralKind::EscStr { terminated }
            | LiteralKind::UnicodeEscStr { terminated }
            | LiteralKind::DollarQuotedString { terminated } => terminated,
            _ => true,
        };
        if !whole {
            self.opens("a text that does not end".to_owned());
        }
    }

    /// Which of the characters make one operator depends on rules; each part of them may.
    fn add_operators(&mut self, run: &str) {
        for start in 0..run.len() {
            self.operators.extend((start + 1..=run.len()).map(|end| run[start..end].to_owned()));
        }
    }
}

/// The tokens of a text, each with what stands there.
fn tokens(sql: &str) -> impl Iterator<Item = (TokenKind, &str)> {
    let mut start = 0;
    tokenize(sql).map(move |token| {
        let text = &sql[start..start + token.len as usize];
        start += token.len as usize;
        (token.kind, text)
    })
}

fn operator(kind: TokenKind) -> bool {
    use TokenKind::{
        And, At, Backtick, Bang, Caret, Eq, Gt, Lt, Minus, Or, Percent, Plus, Pound, Question, Slash, Star, Tilde,
    };
    matches!(
        kind,
        And | At
            | Backtick
            | Bang
            | Caret
            | Eq
            | Gt
            | Lt
            | Minus
            | Or
            | Percent
            | Plus
            | Pound
            | Question
            | Slash
            | Star
            | Tilde
    )
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// The one statement in a text, from its beginning, without what may follow it: a semicolon, and
/// comments. The error is where a second one begins, in bytes, or that there is none.
pub fn statement(sql: &str) -> Result<&str, Option<usize>> {
    let (mut at, mut end, mut ended) = (0, None, false);
    for (kind, text) in tokens(sql) {
        match kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {}
            TokenKind::Semi => ended = end.is_some(),
            _ if ended => return Err(Some(at)),
            _ => end = Some(at + text.len()),
        }
        at += text.len();
    }
    end.map(|end| &sql[..end]).ok_or(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sql: &str) -> Words {
        let mut words = Words::default();
        words.read(sql);
        words
    }

    fn list(names: &BTreeSet<String>) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    #[test]
    fn names_are_as_the_catalog_has_them() {
        let found =
            words("SELECT Lab ( x), \"Odd \"\"name\"\"\" FROM a.B -- c()\n/* d /* e */ f */ WHERE 'g()' <> $$h()$$");
        assert_eq!(list(&found.names), ["Odd \"name\"", "a", "b", "from", "lab", "select", "where", "x"]);
        assert_eq!(list(&found.called), ["lab"]);
        assert_eq!(list(&found.operators), ["<", "<>", ">"]);
        assert_eq!(found.open, None);
    }

    #[test]
    fn what_changes_by_itself_is_found_in_code_and_in_dates_only() {
        for open in [
            "Current_Date",
            "CURRENT_TIMESTAMP(0)",
            "'today'::date",
            "x <= ' Tomorrow 10:00'",
            "t.ctid",
            "E'now'",
            "U&\"a\"",
        ] {
            assert!(words(open).open.is_some(), "{open}");
        }
        for known in [
            "-- now\nx",
            "/* today */ 1",
            "'nowhere'",
            "todays",
            "current_dates",
            "'It is said that now and then a ride closes for good'",
        ] {
            assert_eq!(words(known).open, None, "{known}");
        }
    }

    #[test]
    fn a_statement_ends_where_its_last_word_does() {
        assert_eq!(statement("SELECT 1; -- done\n"), Ok("SELECT 1"));
        assert_eq!(statement("-- first\nSELECT ';' /* ; */;; "), Ok("-- first\nSELECT ';'"));
        assert_eq!(statement("SELECT 1 -- done"), Ok("SELECT 1"));
        assert_eq!(statement("SELECT 1; SELECT 2"), Err(Some(10)));
        assert_eq!(statement(" -- nothing"), Err(None));
        assert_eq!(statement(";"), Err(None));
    }
}

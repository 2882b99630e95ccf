//! References in style sheets, found with a CSS tokenizer, so that none is seen in a comment or a
//! string and none is missed behind an escape. Knows nothing of files.

use std::ops::Range;

use cssparser::{Parser, ParserInput, Token};

use super::references::{Form, Found};

/// Every reference in a style sheet, in order: `url()`, `src()`, both forms of `@import`, the
/// strings of `image-set()`, and the comment that names a source map.
pub fn references(text: &str) -> Vec<Found> {
    let mut input = ParserInput::new(text);
    let mut parser = Parser::new(&mut input);
    let mut found = Vec::new();
    walk(&mut parser, text, Inside::Rules, &mut found);
    found
}

/// What a string means depends on what is around it.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    /// Rules, declarations, or anything else in which a string is only a string.
    Rules,
    /// `url()` or `src()`: the first string is a URL.
    Url,
    /// `image-set()`: every string is a URL, but for those in functions of its own.
    ImageSet,
}

fn walk(parser: &mut Parser<'_, '_>, text: &str, inside: Inside, found: &mut Vec<Found>) {
    let mut statement = Statement::Other;
    let mut first = true;
    loop {
        let start = parser.position().byte_index();
        let Ok(token) = parser.next_including_whitespace_and_comments() else { return };
        let prefix = statement == Statement::Namespace && matches!(token, Token::Ident(_));
        let nested = match token {
            Token::WhiteSpace(_) => continue,
            Token::Comment(comment) => {
                found.extend(source_map(comment, start));
                continue;
            }
            Token::QuotedString(value) => {
                let is_url = match inside {
                    Inside::Rules => statement == Statement::Import,
                    Inside::Url => first,
                    Inside::ImageSet => true,
                };
                if is_url {
                    let value = value.to_string();
                    let place = start + 1..parser.position().byte_index().saturating_sub(1).max(start + 1);
                    let form = if text.as_bytes()[start] == b'"' { Form::DoubleQuoted } else { Form::SingleQuoted };
                    found.push(Found { place, value, form });
                }
                None
            }
            Token::UnquotedUrl(value) => {
                if statement != Statement::Namespace {
                    let value = value.to_string();
                    let place = unquoted(text, start..parser.position().byte_index());
                    found.push(Found { place, value, form: Form::Unquoted });
                }
                None
            }
            Token::AtKeyword(name) => {
                statement = Statement::of(name);
                first = false;
                continue;
            }
            Token::Function(name) => Some(match &*name.to_ascii_lowercase() {
                "url" | "src" if statement != Statement::Namespace => Inside::Url,
                "image-set" | "-webkit-image-set" => Inside::ImageSet,
                _ => Inside::Rules,
            }),
            Token::ParenthesisBlock | Token::SquareBracketBlock | Token::CurlyBracketBlock => Some(Inside::Rules),
            _ => None,
        };
        first = false;
        if !prefix {
            statement = Statement::Other;
        }
        if let Some(inside) = nested {
            // What is in a block is walked to its end; there is nothing to fail.
            let _ = parser.parse_nested_block(|parser| -> Result<(), cssparser::ParseError<'_, ()>> {
                walk(parser, text, inside, found);
                Ok(())
            });
        }
    }
}

/// What the at-keyword just before says of the next token.
#[derive(Clone, Copy, PartialEq)]
enum Statement {
    Import,
    Namespace,
    Other,
}

impl Statement {
    fn of(keyword: &str) -> Self {
        match &*keyword.to_ascii_lowercase() {
            "import" => Self::Import,
            // `@namespace svg url(…)` names a thing, not a file; a prefix may stand between.
            "namespace" => Self::Namespace,
            _ => Self::Other,
        }
    }
}

/// The URL within `url( … )`.
fn unquoted(text: &str, token: Range<usize>) -> Range<usize> {
    let inner = &text[token.clone()];
    let open = inner.find('(').map_or(0, |at| at + 1);
    let close = if inner.ends_with(')') { inner.len() - 1 } else { inner.len() };
    let url = &inner[open..close];
    let start = token.start + open + (url.len() - url.trim_start().len());
    start..start + url.trim().len()
}

/// The URL in `/*# sourceMappingURL=site.css.map */`.
fn source_map(comment: &str, start: usize) -> Option<Found> {
    let rest = comment.strip_prefix(['#', '@'])?;
    let at = rest.trim_start().strip_prefix("sourceMappingURL=")?;
    let value = at.trim();
    let from = start + 2 + (comment.len() - at.len()) + (at.len() - at.trim_start().len());
    Some(Found { place: from..from + value.len(), value: value.to_owned(), form: Form::Bare })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let all = references(text);
        for one in &all {
            assert!(!text[one.place.clone()].contains(['(', '"', '\'']), "{:?}", &text[one.place.clone()]);
        }
        all.into_iter().map(|one| one.value).collect()
    }

    #[test]
    fn every_form_is_found() {
        let text = r#"@import "a.css" layer(x); @import url(b.css); @import url( 'c.css' );
            .x { background: url(d.png), URL( "e.png" ), image-set("f.avif" type("image/avif"), 'g.png' 2x);
                 --x: url(h.png); cursor: src("i.cur"), auto; background: -webkit-image-set(url(j.png) 1x) }
            @media print { @font-face { src: url("k.woff2?#iefix") format("woff2"), local("Not Me") } }
            .y { background: u\72l(l.png); } /*# sourceMappingURL=m.css.map */"#;
        let expected = [
            "a.css",
            "b.css",
            "c.css",
            "d.png",
            "e.png",
            "f.avif",
            "g.png",
            "h.png",
            "i.cur",
            "j.png",
            "k.woff2?#iefix",
            "l.png",
            "m.css.map",
        ];
        assert_eq!(found(text), expected);
    }

    #[test]
    fn what_only_looks_like_a_reference_is_none() {
        let text = r#"/* url(a.png) */ .x::before { content: "url(b.png)"; } @namespace url(http://x/);
            @charset "c.css"; .y { content: 'sourceMappingURL=d' } .z { background: url(bad"quote.png) }"#;
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn escapes_are_undone_and_places_are_exact() {
        let text = r"a{b:url(  x\20 y.png  )}";
        let one = &references(text)[0];
        assert_eq!((one.value.as_str(), &text[one.place.clone()]), ("x y.png", r"x\20 y.png"));
    }
}

//! Scripts: minified, and the modules that they import by a relative path found, both through a
//! JavaScript parser. Nothing is guessed from the text: what no parser can see (`new URL("…",
//! import.meta.url)`, paths put together from strings) is left as written. Knows nothing of files.

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_minifier::{CompressOptions, MangleOptions, Minifier, MinifierOptions};
use oxc_parser::{Parser, ParserReturn};
use oxc_span::{SourceType, Span};

use super::references::{Form, Found};

/// A syntax error: where, as bytes, and what.
pub type Mistake = (std::ops::Range<usize>, String);

/// Whether it is a module: by its name, or where only a module may be written so.
fn kind(path: &str, text: &str) -> SourceType {
    let reads_as = |kind| {
        let allocator = Allocator::default();
        Parser::new(&allocator, text, kind).parse().errors.is_empty()
    };
    match path.ends_with(".mjs") {
        false if reads_as(SourceType::unambiguous()) => SourceType::unambiguous(),
        false if !reads_as(SourceType::mjs()) => SourceType::unambiguous(),
        _ => SourceType::mjs(),
    }
}

/// Every reference in a script to another file: imports and re-exports of modules, `import()` of a
/// plain string, and the comment that names a source map. None where the script has a syntax error.
pub fn references(path: &str, text: &str) -> Vec<Found> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, kind(path, text)).parse();
    if parsed.panicked || !parsed.errors.is_empty() {
        return Vec::new();
    }
    let record = &parsed.module_record;
    let statics = record.requested_modules.values().flatten().map(|module| module.span);
    let dynamics = record.dynamic_imports.iter().map(|import| import.module_request);
    let mut found: Vec<Found> = statics.chain(dynamics).filter_map(|span| specifier(text, span)).collect();
    found.extend(parsed.program.comments.iter().filter_map(|comment| source_map(text, comment.span)));
    found.sort_by_key(|one| one.place.start);
    found.dedup();
    found
}

/// A relative module specifier that is a plain string; bare ones name packages, not files.
fn specifier(text: &str, span: Span) -> Option<Found> {
    let (start, end) = (span.start as usize, span.end as usize);
    let quoted = text.get(start..end)?;
    let form = match quoted.chars().next()? {
        '"' => Form::DoubleQuoted,
        '\'' => Form::SingleQuoted,
        '`' => Form::Bare,
        _ => return None,
    };
    let value = quoted.get(1..quoted.len().checked_sub(1)?)?;
    let relative = ["./", "../", "/assets/"].iter().any(|start| value.starts_with(start));
    let plain = !value.contains(['\\', '"', '\'', '`', '$']);
    (relative && plain).then(|| Found { place: start + 1..end - 1, value: value.to_owned(), form })
}

fn source_map(text: &str, comment: Span) -> Option<Found> {
    let whole = text.get(comment.start as usize..comment.end as usize)?;
    let rest = whole.strip_prefix("//").or_else(|| whole.strip_prefix("/*"))?.trim_end_matches("*/");
    let value = rest.strip_prefix(['#', '@'])?.trim_start().strip_prefix("sourceMappingURL=")?;
    let from = comment.start as usize + (value.as_ptr() as usize - whole.as_ptr() as usize);
    let value = value.trim_end();
    Some(Found { place: from..from + value.len(), value: value.to_owned(), form: Form::Bare })
}

/// The script, minified. Names that other scripts may see keep their names.
pub fn minify(path: &str, text: &str) -> Result<String, Mistake> {
    let allocator = Allocator::default();
    let ParserReturn { mut program, errors, panicked, .. } = Parser::new(&allocator, text, kind(path, text)).parse();
    if let Some(error) = errors.first() {
        let label = error.labels.iter().flatten().next();
        let place = label.map_or(0..0, |label| label.offset()..label.offset() + label.len());
        return Err((place, error.message.to_string()));
    }
    if panicked {
        return Err((0..0, "it is not JavaScript".to_owned()));
    }
    let options = MinifierOptions { mangle: Some(MangleOptions::default()), compress: Some(CompressOptions::safest()) };
    let names = Minifier::new(options).minify(&allocator, &mut program).scoping;
    let comments = CommentOptions { normal: false, jsdoc: false, ..CommentOptions::default() };
    let options = CodegenOptions { minify: true, comments, ..CodegenOptions::default() };
    Ok(Codegen::new().with_options(options).with_scoping(names).build(&program).code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_and_nothing_else() {
        let text = "import a from './a.js'; import '../b.js'; export * from \"./c.js\"; import d from 'd';\n\
                    const e = await import('./e.js'), f = import(`./${x}.js`), g = './g.js'; // import './h.js'\n\
                    //# sourceMappingURL=i.js.map\n";
        let found: Vec<(String, &str)> =
            references("x.js", text).into_iter().map(|one| (one.value, &text[one.place])).collect();
        let expected = ["./a.js", "../b.js", "./c.js", "./e.js", "i.js.map"];
        assert_eq!(found, expected.map(|one| (one.to_owned(), one)));
    }

    #[test]
    fn a_script_keeps_its_globals_and_loses_the_rest() {
        let small =
            minify("x.js", "// hello\nfunction ride(height) { const twice = height * 2; return twice + height; }\n");
        let small = small.expect("a script");
        assert!(small.contains("function ride(") && !small.contains("height") && !small.contains("hello"), "{small}");
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let (place, message) = minify("x.js", "let a = 1;\nlet = = 2;").expect_err("no script");
        assert!(place.start >= 11, "{place:?} {message}");
    }
}

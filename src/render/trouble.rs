//! What is wrong with templates, as the engine tells it, with the place in the file and a suggestion. Knows
//! nothing of pages.

use std::ops::Range;

use tera::{ErrorKind, ReportError, Tera};

use super::calls::Callable;
use super::names::THEME;
use super::reach;
use super::sources::{FOLDER, Sources, place};
use crate::diagnostics::{Diagnostic, suggestion};

/// Names that are listed where none is near to the one that was meant.
const LISTED: usize = 80;

/// What went wrong while the template called `name` was rendered.
pub fn of_rendering(error: &tera::Error, name: &str, sources: &Sources) -> Diagnostic {
    match error.kind() {
        ErrorKind::RenderingError(report) | ErrorKind::SyntaxError(report) => of_report(report, sources),
        _ => Diagnostic::of_file(&place(known_as(name, sources).unwrap_or(name)), in_full(error)),
    }
}

/// Everything that keeps templates from being loaded.
pub fn of_loading(error: &tera::Error, sources: &Sources) -> Vec<Diagnostic> {
    match error.kind() {
        // The engine stops at the first file that it cannot parse.
        ErrorKind::SyntaxError(_) => sources.iter().filter_map(|(name, text)| syntax(name, text, sources)).collect(),
        ErrorKind::MissingParent { current, parent } => {
            let message = format!("there is no template `{parent}` to extend");
            let problem = at_text(current, parent, message, sources);
            vec![helped(problem, suggestion(parent, sources.names()))]
        }
        ErrorKind::CircularExtend { tpl, inheritance_chain } => {
            let (shown, short) = (inheritance_chain.join("`, which extends `"), tpl.trim_start_matches(THEME));
            let problem = at_text(tpl, "extends", format!("extends `{shown}`, and so itself"), sources);
            let theme = sources.text(&format!("{THEME}{short}")).is_some();
            let help = theme.then(|| format!("the theme's own is called `{THEME}{short}`"));
            vec![helped(problem, help)]
        }
        ErrorKind::CircularInclude { tpl, include_chain } => {
            let message = format!("includes itself: `{}`", include_chain.join("`, `"));
            vec![at_text(include_chain.first().unwrap_or(tpl), "include", message, sources)]
        }
        ErrorKind::Msg(reports) => of_reports(reports, sources),
        _ => vec![Diagnostic::of_file(FOLDER, in_full(error))],
    }
}

fn in_full(error: &tera::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!("\ncaused by: {inner}"));
        source = inner.source();
    }
    text
}

fn helped(problem: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// The own name of the template that `name` means.
fn known_as<'s>(name: &str, sources: &'s Sources) -> Option<&'s str> {
    let themes = format!("{THEME}{name}");
    let find = |wanted: &str| sources.iter().map(|(own, _)| own).find(|own| *own == wanted);
    find(name).or_else(|| find(&themes))
}

fn syntax(name: &str, text: &str, sources: &Sources) -> Option<Diagnostic> {
    match Tera::new().add_raw_template(name, text).err()?.kind() {
        ErrorKind::SyntaxError(report) => Some(of_report(report, sources)),
        _ => None,
    }
}

/// A problem at the first place where a template says `words`.
fn at_text(name: &str, words: &str, message: String, sources: &Sources) -> Diagnostic {
    let text = sources.text(name).unwrap_or_default();
    match text.find(words) {
        Some(at) => Diagnostic::at(&place(name), text, at..at + words.len(), message),
        None => Diagnostic::of_file(&place(name), message),
    }
}

fn of_report(report: &ReportError, sources: &Sources) -> Diagnostic {
    of_place(report.filename(), report.span().range.clone(), report.message(), sources)
}

/// A problem with a suggestion: the names that there are, which the engine lists, or those that we know.
fn of_place(name: &str, range: Range<usize>, message: &str, sources: &Sources) -> Diagnostic {
    let (said, help) = match message.split_once(". Available ").or_else(|| message.split_once(" Available ")) {
        Some((said, listed)) => {
            let names: Vec<&str> = listed.split_once(": ").map_or(listed, |(_, names)| names).split(", ").collect();
            (said, near_or_listed(quoted(said), &names))
        }
        None => (message, unknown(message, sources)),
    };
    let said = said.trim_end_matches('.');
    let problem = match sources.text(name) {
        Some(text) => Diagnostic::at(&place(name), text, range, said),
        None => Diagnostic::of_file(&place(name), said),
    };
    helped(problem, help)
}

/// The first word of a message between backticks.
fn quoted(message: &str) -> &str {
    message.split('`').nth(1).unwrap_or_default()
}

fn near_or_listed(word: &str, names: &[&str]) -> Option<String> {
    suggestion(word, names.iter().copied())
        .or_else(|| Some(format!("known here: {}", names.iter().copied().take(LISTED).collect::<Vec<_>>().join(", "))))
}

/// A suggestion for whatever a message says is unknown.
fn unknown(message: &str, sources: &Sources) -> Option<String> {
    let rest = message.strip_prefix("Unknown ")?;
    let word = quoted(rest);
    match rest.split(' ').next()? {
        "filter" => suggestion(word, Callable::Filter.names()),
        "function" => suggestion(word, Callable::Function.names()),
        "test" => suggestion(word, Callable::Test.names()),
        "template" => suggestion(word, sources.names()),
        "component" => {
            let components = sources.iter().flat_map(|(_, text)| reach::split_components(text).1);
            let names: Vec<String> = components.map(|(name, _)| name).collect();
            suggestion(word, names.iter().map(String::as_str))
        }
        _ => None,
    }
}

/// What the engine reports of several places in one text: each begins with `error: …`, then `--> NAME:LINE:COLUMN`.
fn of_reports(reports: &str, sources: &Sources) -> Vec<Diagnostic> {
    let lines: Vec<&str> = reports.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(message) = line.strip_prefix("error: ") else { continue };
        let Some((name, line, column)) = lines.get(index + 1).and_then(|line| place_of_report(line)) else { continue };
        let width = lines.get(index + 4).map_or(1, |line| line.bytes().filter(|byte| *byte == b'^').count());
        let range = sources.text(name).map_or(0..0, |text| range_at(text, line, column, width));
        found.push(of_place(name, range, message, sources));
    }
    if found.is_empty() {
        found.push(Diagnostic::of_file(FOLDER, reports));
    }
    found
}

fn place_of_report(line: &str) -> Option<(&str, usize, usize)> {
    let mut parts = line.trim_start().strip_prefix("--> ")?.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?, line, column))
}

/// The bytes of so many characters from a line and column on, both from 1.
fn range_at(text: &str, line: usize, column: usize, width: usize) -> Range<usize> {
    let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let offset = |from: usize, chars: usize| {
        text[from..].char_indices().nth(chars).map_or(text.len(), |(offset, _)| from + offset)
    };
    let start = offset(start, column.saturating_sub(1));
    start..offset(start, width)
}

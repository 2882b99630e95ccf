//! What is told of links that lead nowhere: one problem a target, with its place, the pages that
//! have it, and what was probably meant. Bounded, and the same after any build of the same site.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;

use super::places::{Texts, Writer, origin};
use super::table::{Head, Judge, Verdict, after, file_at, first_page, next_head};
use crate::config::{LinkCheck, Settings};
use crate::diagnostics::{Diagnostic, nearest, suggestion};
use crate::headers::url_of;
use crate::render::Sources;
use crate::report::Report;
use crate::source;
use crate::state::{Store, Table};

/// Targets told one by one; the rest is counted.
const TOLD: u64 = 100;

/// Names looked through for one that was meant.
const NAMES: usize = 2_000;

/// Reports every target that leads nowhere. `home` is the folder around `output/`.
pub fn report(
    store: &impl Store,
    root: &Path,
    home: &Path,
    settings: &Settings,
    templates: &Sources,
    report: &mut Report,
) -> Result<()> {
    let check = settings.links.check;
    if check == LinkCheck::Off || store.count(Table::Links)? == 0 {
        return Ok(());
    }
    let texts = Texts { root, templates, base: &settings.site.base_path };
    let mut judge = Judge::at(home);
    let (mut start, mut dead) = (Vec::new(), 0);
    while let Some((target, head)) = next_head(store, &start)? {
        start = after(&target);
        if head.verdict != Verdict::Nowhere {
            continue;
        }
        dead += 1;
        if dead <= TOLD
            && let Some(problem) = problem(store, &texts, &mut judge, &target, head)?
        {
            report.diagnostics.push(settle(problem, check));
        }
    }
    if dead > TOLD {
        let message = format!("{} more links lead nowhere", dead - TOLD);
        report.diagnostics.push(settle(Diagnostic::of_file(source::FOLDER, message), check));
    }
    report.settle_diagnostics();
    Ok(())
}

fn settle(problem: Diagnostic, check: LinkCheck) -> Diagnostic {
    if check == LinkCheck::Error { problem } else { problem.warning() }
}

fn problem(
    store: &impl Store,
    texts: &Texts<'_>,
    judge: &mut Judge<'_>,
    target: &str,
    head: Head,
) -> Result<Option<Diagnostic>> {
    let Some((file, in_page)) = first_page(store, target)? else { return Ok(None) };
    // In files an address stands without the path that the site lies below.
    let written = texts.base.stripped(&in_page).unwrap_or(&in_page).to_owned();
    let (mut message, help) = match target.split_once('#') {
        Some(("", id)) => {
            let help = "give one of them another; links can lead to the first one only";
            (format!("the id `{id}` stands twice on {}", url_of(&file)), Some(help.to_owned()))
        }
        Some((path, fragment)) => match file_at(store, path)? {
            Some(page) => {
                let names = judge.names(&page);
                let help = names.and_then(|names| suggestion(fragment, names.iter().map(String::as_str)));
                (format!("`{written}` leads nowhere: nothing on {path} has the id `{fragment}`"), help)
            }
            None => (no_page(&written, path), meant(store, path)?),
        },
        None if target.ends_with(".md") => {
            let content = content_file(store, &file, &written)?;
            let none = content.as_ref().map(|path| format!("{}/{path} has no page", source::FOLDER));
            let message =
                none.map_or_else(|| no_page(&written, target), |none| format!("`{written}` leads nowhere: {none}"));
            (message, content.map_or(Ok(None), |path| meant_file(store, &path))?)
        }
        None => {
            let picture = || is_picture(&written).then(|| PICTURES.to_owned());
            (no_page(&written, target), meant(store, target)?.or_else(picture))
        }
    };
    match head.pages - 1 {
        0 => {}
        1 => message.push_str(" (and on 1 other page)"),
        more => message.push_str(&format!(" (and on {more} other pages)")),
    }
    let writer = if head.pages > 1 { Writer::Template } else { Writer::Content };
    let mut problem = texts.mistake(store, &file, &written, writer, &message)?;
    problem.help = help;
    Ok(Some(problem))
}

fn no_page(written: &str, path: &str) -> String {
    let what = if path.rsplit('/').next().is_some_and(|name| name.contains('.')) { "file" } else { "page" };
    format!("`{written}` leads nowhere: this site has no {what} {path}")
}

/// What is said where a picture is not where it is linked to.
const PICTURES: &str = "a picture lies in the `photos/` folder of its park, and is linked to by its place there";

/// Whether an address is that of a picture beside the file that has it.
fn is_picture(written: &str) -> bool {
    let extension = written.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    !written.starts_with('/') && matches!(&*extension, "jpg" | "jpeg" | "png" | "gif" | "webp")
}

/// The path below `content/` of a file that a page's own file links to.
fn content_file(store: &impl Store, file: &str, written: &str) -> Result<Option<String>> {
    let Some(origin) = origin(store, file)?.filter(|origin| source::row_unit(origin).is_none()) else {
        return Ok(None);
    };
    let written = written.split(['#', '?']).next().unwrap_or_default();
    Ok(source::beside(&origin, written))
}

/// The content file that was probably meant.
fn meant_file(store: &impl Store, path: &str) -> Result<Option<String>> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let known: Vec<crate::engine::scan::KnownFile> =
        store.value(Table::Sources, folder.as_bytes())?.unwrap_or_default();
    let names = known.iter().map(|file| file.name.as_str()).filter(|other| *other != name && other.ends_with(".md"));
    Ok(nearest(name, names).map(|meant| format!("did you mean `{meant}`?")))
}

/// The path that was probably meant: of the first folder or file on the way that is not there, the
/// nearest that is.
fn meant(store: &impl Store, path: &str) -> Result<Option<String>> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut folder = String::new();
    for (index, part) in parts.iter().enumerate() {
        if is_folder(store, &format!("{folder}{part}/"))? {
            folder.push_str(part);
            folder.push('/');
            continue;
        }
        let names = names_in(store, &folder, part)?;
        let Some(name) = nearest(part, names.iter().map(String::as_str)) else { break };
        let rest = &parts[index + 1..];
        let end = if path.ends_with('/') || !name.contains('.') { "/" } else { "" };
        let whole = format!("/{folder}{}{end}", [&[name], rest].concat().join("/"));
        if file_at(store, &whole)?.is_some() {
            return Ok(Some(format!("did you mean `{whole}`?")));
        }
        break;
    }
    Ok(None)
}

fn is_folder(store: &impl Store, prefix: &str) -> Result<bool> {
    let mut any = false;
    store.scan_prefix(Table::Outputs, prefix.as_bytes(), |_, _| {
        any = true;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(any)
}

/// Names of what is in a folder below `output/`: at first those that begin as `like` does.
fn names_in(store: &impl Store, folder: &str, like: &str) -> Result<Vec<String>> {
    let first = like.chars().next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    let mut names = Vec::new();
    for begin in [first.as_str(), ""] {
        let mut start = format!("{folder}{begin}").into_bytes();
        let prefix = start.clone();
        while names.len() < NAMES {
            let mut found = None;
            store.scan(Table::Outputs, &start, |key, _| {
                let name = key.starts_with(&prefix).then(|| key[folder.len()..].split(|b| *b == b'/').next());
                found = name.flatten().and_then(|name| String::from_utf8(name.to_vec()).ok());
                Ok(ControlFlow::Break(()))
            })?;
            let Some(name) = found else { break };
            // After everything that is in a folder of this name.
            start = format!("{folder}{name}0").into_bytes();
            names.push(name);
        }
        if !names.is_empty() && nearest(like, names.iter().map(String::as_str)).is_some() {
            break;
        }
    }
    Ok(names)
}

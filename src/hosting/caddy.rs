//! Caddy: what a site's block imports. Tried with Debian's 2.6.
//!
//! A Caddyfile has three readers: environment variables are put in for `{$NAME}` wherever it stands;
//! tokens are split, quotes and backquotes taken off; and when a request is answered, `{name}` in a
//! value stands for something of the request, unless a backslash is before the brace.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{HEAD, Redirect, encoded, expression, extensions, fingerprinted, literal, names, said, typed, usual};
use crate::config::hosting::{HostFile, HostingSettings};
use crate::headers::{HeaderRules, IMMUTABLE, REVALIDATE, SHORT};
use crate::paths::{BasePath, RelPath};

/// A text as one token; an error where there is no way to write it.
fn token(text: &str) -> Result<String, String> {
    if text.contains("{$") {
        return Err(format!("`{text}` cannot stand in a Caddyfile, which puts environment variables in for `{{$…`"));
    }
    if !text.contains('`') {
        return Ok(format!("`{text}`"));
    }
    // Between double quotes a backslash stands for itself, but not before one.
    if text.contains("\\\"") || text.ends_with('\\') {
        return Err(format!("`{text}` cannot stand in a Caddyfile, which has no quotes for it"));
    }
    Ok(format!("\"{}\"", text.replace('"', "\\\"")))
}

/// The value of a header as one token; an error where Caddy would put something else in. It does so
/// more than once, so that no backslash helps; those in JSON it leaves alone.
fn value(text: &str) -> Result<String, String> {
    let inner = text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(inner, _)| inner));
    let odd = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
    if let Some(name) = inner.into_iter().find(|inner| !inner.contains(odd)) {
        return Err(format!("`{text}` cannot stand in a Caddyfile: Caddy would put something in for `{{{name}}}`"));
    }
    token(&text.replace('{', "\\{").replace('}', "\\}"))
}

/// What a site's block imports; an error where the settings say what a Caddyfile cannot.
pub fn caddyfile(
    word: &str,
    rules: &HeaderRules,
    redirects: &[Redirect],
    hosting: &HostingSettings,
    packed: bool,
    base: &BasePath,
) -> Result<String, String> {
    let mut out = format!("{HEAD}# Import it in the site's block, beside root.\n");
    if let Some(root) = &hosting.root {
        let _ = writeln!(out, "root * {}", token(root)?);
    }
    out.push_str("route {\n");
    below(&mut out, base)?;
    let hidden = [HostFile::Headers.url(), HostFile::Redirects.url()].join(" ");
    let _ = writeln!(out, "\t@hidden path {hidden}\n\terror @hidden 404\n");
    out.push_str("\t# A folder's page is told of by the folder's address.\n");
    out.push_str("\t@page path_regexp page `(?s)^(.*/)index\\.html\\z`\n\trewrite @page {re.page.1}\n\n");
    let own = rules.own().iter().map(|own| own.pattern.clone());
    let own: BTreeSet<String> = own.chain(typed().map(|(path, _)| path.into_owned())).collect();
    for (number, pattern) in own.iter().enumerate() {
        let _ = writeln!(out, "\t@own{number} path_regexp {}", token(&format!("(?s)^{}\\z", expression(pattern)))?);
    }
    let own = |pattern: &str| own.iter().position(|one| *one == pattern).unwrap_or_default();
    let headers = |out: &mut String, name: &str| -> Result<(), String> {
        // The last one that is set is sent, and the first pattern wins.
        for (pattern, text) in said(rules, name).collect::<Vec<_>>().into_iter().rev() {
            let _ = writeln!(out, "\theader @own{} {name} {}", own(&pattern), value(text)?);
        }
        Ok(())
    };
    for name in names(rules).into_iter().skip(1) {
        if let Some(text) = usual(rules, name) {
            let _ = writeln!(out, "\theader {name} {}", value(text)?);
        }
        headers(&mut out, name)?;
    }
    let _ = writeln!(out, "\n\theader Cache-Control {}", value(REVALIDATE)?);
    redirects_of(&mut out, word, redirects, base)?;
    let _ = writeln!(out, "\n\theader Cache-Control {}", value(SHORT)?);
    let _ = writeln!(out, "\t@html path_regexp {}", token(r"(?s)(?:/|\.html)\z")?);
    let _ = writeln!(out, "\theader @html Cache-Control {}", value(REVALIDATE)?);
    let _ = writeln!(out, "\t@kept path_regexp {}", token(&format!("(?s)^/{}", fingerprinted()))?);
    let _ = writeln!(out, "\theader @kept Cache-Control {}", value(IMMUTABLE)?);
    headers(&mut out, "Cache-Control")?;

    out.push_str("\n\theader Content-Type application/octet-stream\n");
    for (number, (name, extensions)) in extensions().into_iter().enumerate() {
        let folder = if extensions.contains(&"html") { "/|" } else { "" };
        let expression = format!(r"(?s)(?:{folder}\.(?i:{}))\z", extensions.join("|"));
        let _ = writeln!(out, "\t@type{number} path_regexp {}", token(&expression)?);
        let _ = writeln!(out, "\theader @type{number} Content-Type {}", value(name)?);
    }
    headers(&mut out, "Content-Type")?;
    if !packed {
        out.push_str("\n\tencode gzip zstd\n");
    }
    out.push_str("\n\tfile_server {\n\t\tprecompressed br zstd gzip\n\t}\n}\n\n");
    out.push_str("handle_errors {\n\t@nothing expression {http.error.status_code} in [403, 404]\n");
    out.push_str("\thandle @nothing {\n\t\troute {\n\t\t\trewrite * /404.html\n");
    nothing(&mut out, rules)?;
    out.push_str(
        "\t\t\tfile_server {\n\t\t\t\tprecompressed br zstd gzip\n\t\t\t\tstatus 404\n\t\t\t}\n\t\t}\n\t}\n}\n",
    );
    Ok(out)
}

/// What is said of the page for what is not there, whatever was said of the address before.
fn nothing(out: &mut String, rules: &HeaderRules) -> Result<(), String> {
    let page = RelPath::new("404.html").ok_or("404.html is no file")?;
    let said = rules.of_file(&page);
    let _ = writeln!(out, "\t\t\theader Content-Type {}", value(&said.content_type)?);
    let _ = writeln!(out, "\t\t\theader Cache-Control {}", value(REVALIDATE)?);
    for name in names(rules).into_iter().skip(1) {
        let _ = match said.more.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)) {
            Some((_, text)) => writeln!(out, "\t\t\theader {name} {}", value(text)?),
            None => writeln!(out, "\t\t\theader -{name}"),
        };
    }
    Ok(())
}

/// What lies elsewhere is nothing of the site's; within it everything goes by the site's own paths.
fn below(out: &mut String, base: &BasePath) -> Result<(), String> {
    if base.is_root() {
        return Ok(());
    }
    let path = encoded(base.decoded());
    let _ = writeln!(out, "\t@way_in path / {}\n\tredir @way_in {path}/ 302", token(base.decoded())?);
    let expression = token(&format!("(?s)^{}/", literal(base.decoded())))?;
    let _ = writeln!(out, "\t@elsewhere not path_regexp {expression}\n\terror @elsewhere 404");
    let _ = writeln!(out, "\turi strip_prefix {path}\n");
    Ok(())
}

/// Redirects, asked for with or without a slash at the end.
fn redirects_of(out: &mut String, word: &str, redirects: &[Redirect], base: &BasePath) -> Result<(), String> {
    if redirects.is_empty() {
        return Ok(());
    }
    let _ = writeln!(out, "\tmap {{path}} {{{word}_redirect}} {{");
    for Redirect { from, to } in redirects {
        let bare = from.strip_suffix('/').unwrap_or(from);
        for from in [format!("{bare}/"), bare.to_owned()] {
            let plain = from.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._".contains(&b)) && from != "/";
            let key = if plain { from } else { token(&format!("~^{}\\z", literal(&from)))? };
            let _ = writeln!(out, "\t\t{key} {}", encoded(&format!("{}{to}", base.decoded())));
        }
    }
    let _ = writeln!(out, "\t\tdefault \"\"\n\t}}\n\t@moved expression {{{word}_redirect}} != \"\"");
    let _ = writeln!(out, "\tredir @moved {{{word}_redirect}} 301");
    Ok(())
}

//! nginx: the part of a site's configuration for the `http` block (maps, which know redirects and
//! headers) and the part for a `server` block, and the same two for a balancer in front of several
//! servers. Tried with Debian's 1.22.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{HEAD, Redirect, encoded, expression, extensions, fingerprinted, literal, names, said, usual};
use crate::config::hosting::{Balancer, HostFile, HostingSettings};
use crate::headers::{HeaderRules, IMMUTABLE, Packing, REVALIDATE, SHORT, TYPES};
use crate::paths::BasePath;

/// Bytes of a file below which it is not worth compressing, as beside files.
const MIN_BYTES: usize = 1024;

/// Bytes of a key in nginx' maps, which take up to 46 where `map_hash_bucket_size` is not set; to set it
/// is for whoever writes the whole configuration, since nginx takes it only before the first map.
const KEY: usize = 40;

/// A text in double quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text in double quotes where nginx looks for variables. It has no other way to write a `$` than
/// a variable that holds one.
fn value(word: &str, text: &str) -> String {
    quoted(text).replace('$', &format!("${{{word}_dollar}}"))
}

/// The part for the `http` block.
pub fn nginx_http(word: &str, rules: &HeaderRules, redirects: &[Redirect], base: &BasePath) -> String {
    let mut out = format!("{HEAD}# Include it in the http block; Debian does so with what lies in conf.d.\n");
    let public = |path: &str| format!("{}{path}", base.decoded());
    let redirects: Vec<Redirect> =
        redirects.iter().map(|one| Redirect { from: public(&one.from), to: public(&one.to) }).collect();
    redirects_of(&mut out, word, &redirects);
    let below = literal(base.decoded());
    let _ =
        write!(out, "\n# A dollar sign, which nginx cannot quote.\ngeo ${word}_dollar {{\n    default \"$\";\n}}\n");
    for (number, name) in names(rules).into_iter().enumerate() {
        let _ = write!(out, "\n# {name}\nmap \"$status:$uri\" ${word}_header_{number} {{\n");
        if number == 0 {
            line(&mut out, r"(?:30[1278]|404):", &value(word, REVALIDATE));
        }
        for (pattern, text) in said(rules, name) {
            line(&mut out, &format!("[0-9]+:{below}{}", whole(&pattern)), &value(word, text));
        }
        if number == 0 {
            line(&mut out, &format!("[0-9]+:{below}/{}", fingerprinted()), &value(word, IMMUTABLE));
            line(&mut out, r".*\.html\z", &value(word, REVALIDATE));
        }
        let usual = if number == 0 { Some(SHORT) } else { usual(rules, name) };
        let _ = write!(out, "    default {};\n}}\n", value(word, usual.unwrap_or_default()));
    }
    out
}

/// One line of a map: whoever begins with the expression.
fn line(out: &mut String, expression: &str, value: &str) {
    let _ = writeln!(out, "    {} {value};", quoted(&format!("~(?s)^{expression}")));
}

/// The paths of files whose URLs fit a pattern: nginx knows a folder's page as `…/index.html`.
fn whole(pattern: &str) -> String {
    format!(r"{}(?<!/index\.html)(?:(?<=/)index\.html)?\z", expression(pattern))
}

/// The maps that know redirects. nginx compares without regard to case, and by keys as short as its
/// tables take unasked: the end of a path. Hence each entry says what it is for, and is believed only
/// if that is what was asked for. Paths that have no key of their own are asked for one by one.
fn redirects_of(out: &mut String, word: &str, redirects: &[Redirect]) {
    let bare = |redirect: &'_ Redirect| redirect.from.strip_suffix('/').map_or(redirect.from.len(), str::len);
    let mut alike: BTreeMap<String, Vec<&Redirect>> = BTreeMap::new();
    for redirect in redirects {
        let path = &redirect.from[..bare(redirect)];
        alike.entry(key(path).unwrap_or_default().to_ascii_lowercase()).or_default().push(redirect);
    }
    let named = |text: &str| text.replace("WORD", word);
    let entry = |from: &str, to: &str| value(word, &format!("{from}>{}", encoded(to)));
    let mut apart = Vec::new();
    out.push_str(&named(PATH));
    for (name, all) in &alike {
        match &all[..] {
            [one] if !name.is_empty() => {
                let path = &one.from[..bare(one)];
                let _ = writeln!(out, "    {} {};", quoted(key(path).unwrap_or_default()), entry(path, &one.to));
            }
            all => apart.extend(all.iter().map(|one| (&one.from[..bare(one)], &one.to))),
        }
    }
    out.push_str(&named(APART));
    for (path, to) in apart {
        line(out, &format!(r"{}\z", literal(path)), &entry(path, to));
    }
    out.push_str(&named(CHECKED));
}

/// The key of a path; `None` where its end is none that nginx would take for one.
fn key(path: &str) -> Option<&str> {
    let start = path.len().saturating_sub(KEY);
    path.get(start..).filter(|key| !key.starts_with(['~', '\\']))
}

/// The path without a slash at its end, its key, and the beginning of the list by keys.
const PATH: &str = r#"
# Redirects, asked for with or without a slash at the end.
map $uri $WORD_path {
    "~(?s)^(?<WORD_bare>.+)/\\z" $WORD_bare;
    default $uri;
}

map $WORD_path $WORD_key {
    "~(?s)(?<WORD_end>.{40})\\z" $WORD_end;
    default $WORD_path;
}

map $WORD_key $WORD_listed {
"#;

/// The end of that list, and the beginning of the one by paths.
const APART: &str = r#"    default "";
}

map $WORD_path $WORD_entry {
"#;

/// The end of that, and where an entry leads if it is one for the path.
const CHECKED: &str = r#"    default $WORD_listed;
}

map "$WORD_path>$WORD_entry" $WORD_redirect {
    "~(?s)^(?<WORD_from>.*)>\\k<WORD_from>>(?<WORD_to>[^>]+)\\z" $WORD_to;
    default "";
}
"#;

/// The part for the `server` block. `packed` says whether pages have compressed variants. An error where nginx
/// must be told more to know where the files of a site below a path are.
pub fn nginx_server(
    word: &str,
    rules: &HeaderRules,
    hosting: &HostingSettings,
    packed: bool,
    base: &BasePath,
) -> Result<String, String> {
    let mut out = format!("{HEAD}# Include it in the site's server block, beside listen, server_name and root.\n");
    // Below a path, what lies outside is no business of ours.
    if let Some(root) = hosting.root.as_ref().filter(|_| base.is_root()) {
        let _ = writeln!(out, "root {};", quoted(root));
    }
    out.push_str("index index.html;\nabsolute_redirect off;\netag on;\n");
    out.push_str("\n# What lies beside a file is sent in place of it to whoever takes it.\n");
    if hosting.brotli {
        out.push_str("brotli_static on;\n");
    }
    out.push_str("gzip_static on;\ngzip_vary on;\ngzip_proxied any;\n");
    if packed {
        out.push_str("gzip off;\n");
    } else {
        let loose = TYPES.iter().filter(|(_, _, packing)| *packing == Packing::Loose);
        let mut types: Vec<&str> =
            loose.map(|(_, name, _)| *name).filter(|name| !name.starts_with("text/html")).collect();
        types.sort_unstable();
        types.dedup();
        let types: Vec<String> = types.into_iter().map(quoted).collect();
        let html = quoted("text/html; charset=utf-8");
        let types = types.join("\n    ");
        let _ = write!(out, "gzip on;\ngzip_min_length {MIN_BYTES};\ngzip_types\n    {html}\n    {types};\n");
    }
    out.push_str("\ncharset off;\ndefault_type application/octet-stream;\ntypes {\n");
    for (name, extensions) in extensions() {
        let _ = writeln!(out, "    {} {};", quoted(name), extensions.join(" "));
    }
    out.push_str("}\n\n");
    for (number, name) in names(rules).into_iter().enumerate() {
        let _ = writeln!(out, "add_header {name} ${word}_header_{number} always;");
    }
    let _ = write!(out, "\nif (${word}_redirect) {{\n    return 301 ${word}_redirect;\n}}\n\n");
    if base.is_root() {
        locations(&mut out, rules, base, "");
    } else {
        let root = hosting
            .root
            .as_ref()
            .ok_or("below a path nginx must be told where the files are: say so as `root` in `[hosting]`")?;
        let (path, encoded) = (base.decoded(), encoded(base.decoded()));
        let _ = write!(
            out,
            "location = / {{\n    return 302 {encoded}/;\n}}\nlocation = {} {{\n    return 301 {encoded}/;\n}}\n",
            quoted(path)
        );
        let alias = quoted(&format!("{}/", root.trim_end_matches('/')));
        let _ = write!(out, "location {} {{\n    alias {alias};\n", quoted(&format!("{path}/")));
        let mut inner = String::new();
        locations(&mut inner, rules, base, path);
        for line in inner.lines() {
            let _ = writeln!(out, "{}{line}", if line.is_empty() { "" } else { "    " });
        }
        out.push_str("}\n");
    }
    Ok(out)
}

/// Which files are sent, and what of them is not: in the server's block, or in the location of the site's path.
fn locations(out: &mut String, rules: &HeaderRules, base: &BasePath, path: &str) {
    let nothing = encoded(&format!("{path}/404.html"));
    let _ = write!(
        out,
        "# A folder without a page is none that visitors should know of.\nerror_page 403 404 =404 {nothing};\n\n"
    );
    if base.is_root() {
        out.push_str("location / {\n    try_files $uri $uri/ =404;\n}\n");
    } else {
        out.push_str("try_files $uri $uri/ =404;\n");
    }
    for file in [HostFile::Headers, HostFile::Redirects] {
        let hidden = format!("{path}{}", file.url());
        let hidden = if base.is_root() { hidden } else { quoted(&hidden) };
        let _ = write!(out, "location = {hidden} {{\n    return 404;\n}}\n");
    }
    for (pattern, text) in said(rules, "content-type") {
        let _ = write!(
            out,
            "location {} {{\n    types {{ }}\n    default_type {};\n    try_files $uri $uri/ =404;\n}}\n",
            format_args!("~ {}", quoted(&format!("(?s)^{}{}", literal(path), whole(&pattern)))),
            quoted(text)
        );
    }
}

/// The balancer's part for the `http` block.
pub fn balancer_http(word: &str, balancer: &Balancer) -> String {
    let mut out =
        format!("{HEAD}# Include it in the balancer's http block.\nupstream {word}_servers {{\n    least_conn;\n");
    let Balancer { backends, max_fails, fail_timeout_s, keepalive } = balancer;
    for backend in backends {
        let _ = writeln!(out, "    server {backend} max_fails={max_fails} fail_timeout={fail_timeout_s}s;");
    }
    let _ = write!(out, "    keepalive {keepalive};\n}}\n");
    out
}

/// The balancer's part for the `server` block. What one server does not answer, the next is asked.
pub fn balancer_server(word: &str, balancer: &Balancer, base: &BasePath) -> String {
    let tries = balancer.backends.len();
    let (path, encoded) = (base.decoded(), encoded(base.decoded()));
    let location = if base.is_root() { "/".to_owned() } else { quoted(&format!("{path}/")) };
    let way_in = match base.is_root() {
        true => String::new(),
        false => format!("location = {} {{\n    return 301 {encoded}/;\n}}\n", quoted(path)),
    };
    format!(
        "{HEAD}# Include it in the balancer's server block, beside listen and server_name.\n{way_in}\
         location {location} {{\n    proxy_pass http://{word}_servers;\n    proxy_http_version 1.1;\n    \
         proxy_set_header Connection \"\";\n    proxy_set_header Host $host;\n    \
         proxy_set_header X-Real-IP $remote_addr;\n    \
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n    \
         proxy_set_header X-Forwarded-Proto $scheme;\n    proxy_connect_timeout 2s;\n    proxy_read_timeout 10s;\n    \
         proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;\n    \
         proxy_next_upstream_tries {tries};\n}}\n"
    )
}

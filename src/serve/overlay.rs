//! The page that is shown over a page when something is wrong: made here whole, with all text
//! escaped and no script in it. It is shown in a frame that belongs to no site, and asks for nothing
//! more: its styles are in it. Knows nothing of who shows it.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::diagnostics::{Diagnostic, Severity};

/// Its styles.
const STYLE: &str = include_str!("client/overlay.css");

/// What the overlay itself may do: nothing but be styled by what stands in it.
pub fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
}

/// Problems shown at once.
const SHOWN: usize = 20;

/// The overlay for what is wrong with the site.
pub fn problems(problems: &[Diagnostic]) -> String {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).map(|problem| problem.number);
    let errors: u64 = errors.sum();
    let title = format!("{errors} mistake{} in the site", if errors == 1 { "" } else { "s" });
    let mut body =
        format!("<h1>{title}</h1><p>Beneath is the last good page. This goes away when the mistakes do.</p>");
    for problem in problems.iter().take(SHOWN) {
        body.push_str(&one(problem));
    }
    if problems.len() > SHOWN {
        let _ = write!(body, "<p>and {} more</p>", problems.len() - SHOWN);
    }
    page(&title, &body)
}

/// The overlay for a page that is no longer part of the site.
pub fn gone(path: &str) -> String {
    let body = format!(
        "<h1>404: this page is gone</h1><p><code>{}</code> is no longer part of the site. Beneath is what it last showed.</p>",
        escaped(path)
    );
    page("404", &body)
}

fn one(problem: &Diagnostic) -> String {
    let word = if problem.severity == Severity::Error { "error" } else { "warning" };
    let mut lines = problem.message.lines();
    let first = lines.next().unwrap_or_default();
    let rest: Vec<&str> = lines.collect();
    let place = match problem.line {
        0 => problem.file.clone(),
        line => format!("{}:{line}:{}", problem.file, problem.column),
    };
    let mut html = format!(
        "<section class=\"{word}\"><h2>{}</h2><p class=\"place\"><code>{}</code></p>",
        escaped(first),
        escaped(&place)
    );
    if !rest.is_empty() {
        let _ = write!(html, "<pre>{}</pre>", escaped(&rest.join("\n")));
    }
    if let Some(excerpt) = &problem.excerpt {
        let from = problem.indent as usize;
        let before: String = excerpt.chars().take(from).collect();
        let meant: String = excerpt.chars().skip(from).take(problem.width as usize).collect();
        let after: String = excerpt.chars().skip(from + problem.width as usize).collect();
        let _ = write!(
            html,
            "<pre><span class=\"line\">{}</span> {}<mark>{}</mark>{}</pre>",
            problem.line,
            escaped(&before),
            escaped(&meant),
            escaped(&after)
        );
    }
    if let Some(help) = &problem.help {
        let _ = write!(html, "<p class=\"help\">{}</p>", escaped(help));
    }
    if let Some(pages) = &problem.pages {
        let _ = write!(html, "<p class=\"help\">fails: {}</p>", escaped(pages));
    }
    html + "</section>"
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        escaped(title)
    )
}

/// Text that means nothing but itself, in elements and in quoted attributes.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_diagnostic_becomes_markup() {
        let source = "name = '<script>alert(1)</script>'";
        let problem = Diagnostic::at("a<b>.md", source, 8..16, "unknown `<img src=x onerror=alert(1)>`\n<b>more</b>")
            .help("did you mean \"<i>\"?");
        let html = problems(&[problem]);
        for bad in ["<script>alert", "<img", "<b>", "<i>"] {
            assert!(!html.contains(bad), "{bad} in {html}");
        }
        assert!(html.contains("a&lt;b&gt;.md:1:9"), "{html}");
        assert!(html.contains("<mark>&lt;script&gt;</mark>"), "{html}");
        assert!(!gone("/<script>").contains("<script>"));
    }
}

//! The console: talk on standard error, data on standard output, colour and progress bars only
//! on a terminal. Knows nothing of what is said.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::global::{Color, Global};
use crate::diagnostics::{Diagnostic, Severity};
use crate::engine::Progress;

/// Where a command speaks.
pub struct Console {
    quiet: bool,
    verbose: bool,
    color: bool,
    bars: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Console {
    /// A console that speaks as `global` asks.
    pub fn new(global: &Global) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none(),
        };
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            color,
            bars: terminal && !global.quiet,
            bar: Mutex::default(),
        }
    }

    /// Says something, unless asked to be quiet.
    pub fn say(&self, words: &str) {
        if !self.quiet {
            self.print(words);
        }
    }

    /// Says something only when asked for more.
    pub fn detail(&self, words: &str) {
        if self.verbose {
            self.print(words);
        }
    }

    /// Says what is wrong.
    pub fn problem(&self, words: &str) {
        self.print(&format!("{}: {words}", self.paint("error", "1;31")));
    }

    /// Says more of what is wrong, under it.
    pub fn problem_detail(&self, words: &str) {
        self.print(words);
    }

    /// Shows a diagnostic, with an empty line after it.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) {
        let text = diagnostic.to_string();
        let (word, code) = match diagnostic.severity {
            Severity::Error => ("error", "1;31"),
            Severity::Warning => ("warning", "1;33"),
        };
        let rest = text.strip_prefix(word).unwrap_or(&text);
        self.print(&format!("{}{rest}\n", self.paint(word, code)));
    }

    /// Writes data to standard output. Where nobody reads it any more (`… | head -1`), the rest is for
    /// nobody, which is no mistake of anybody's.
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Takes the progress bar away.
    pub fn end_progress(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take() {
            bar.finish_and_clear();
        }
    }

    fn paint(&self, word: &str, code: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    /// Standard error may be closed; then there is nobody to tell.
    fn print(&self, words: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{words}");
    }
}

impl Progress for Console {
    fn begin(&self, phase: &'static str, total: u64) {
        self.end_progress();
        if !self.bars || total < 2 {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg:10} [{bar:40}] {pos}/{len}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(phase);
        *self.bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(bar);
    }

    fn advance(&self, steps: u64) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) {
            bar.inc(steps);
        }
    }
}

impl crate::publish::Progress for Console {
    fn begin_bytes(&self, phase: &'static str, total: u64) {
        self.end_progress();
        if !self.bars || total == 0 {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = "{msg:10} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(phase);
        *self.bar.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(bar);
    }

    fn advance(&self, bytes: u64) {
        Progress::advance(self, bytes);
    }
}

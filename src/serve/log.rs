//! The access and performance log: one JSON object a line, a new file each day (by UTC), the last
//! thirty kept. Nothing is logged unless asked for. Knows nothing of what is served.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};

use crate::report::Report;

/// Days kept.
const KEPT: usize = 30;

/// Where lines go, if anywhere.
#[derive(Clone, Default)]
pub struct Log {
    lines: Option<(NonBlocking, Arc<WorkerGuard>)>,
}

/// One request that was answered.
pub struct Access<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub endpoint: &'a str,
    pub status: u16,
    pub milliseconds: f64,
    pub agent: Option<&'a str>,
}

impl Log {
    /// A log in `folder`, which is created if missing: `performance.<day>.log`.
    pub fn open(folder: &Path) -> Result<Self> {
        let appender = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("performance")
            .filename_suffix("log")
            .max_log_files(KEPT)
            .build(folder)
            .with_context(|| format!("cannot write a log in {}", folder.display()))?;
        let (lines, guard) = NonBlockingBuilder::default().lossy(false).finish(appender);
        Ok(Self { lines: Some((lines, Arc::new(guard))) })
    }

    /// A request was answered.
    pub fn answered(&self, access: &Access<'_>) {
        self.line(|| {
            json!({
                "kind": "request", "time": time(), "method": access.method, "path": access.path,
                "endpoint": access.endpoint, "status": access.status, "ms": round(access.milliseconds),
                "agent": access.agent,
            })
        });
    }

    /// A build is over.
    pub fn built(&self, report: &Report, milliseconds: f64) {
        self.line(|| {
            json!({
                "kind": "build", "time": time(), "ms": round(milliseconds), "rendered": report.pages.rendered,
                "other_files": report.others.rendered,
                "written": report.files.written, "removed": report.pages.removed, "failed": report.pages.failed,
                "problems": report.diagnostics.len(), "phases": report.phases,
            })
        });
    }

    fn line(&self, value: impl FnOnce() -> serde_json::Value) {
        if let Some((lines, _)) = &self.lines {
            let line = format!("{}\n", value());
            // A full disk must not stop the server.
            let _ = lines.clone().write_all(line.as_bytes());
        }
    }
}

fn time() -> String {
    jiff::Timestamp::now().to_string()
}

fn round(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_days_are_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for day in 0..40 {
            let name = format!("performance.2020-{:02}-{:02}.log", 1 + day / 28, 1 + day % 28);
            std::fs::write(folder.path().join(name), "{}\n").expect("an old log");
            // Files are told apart by their times of creation.
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let log = Log::open(folder.path()).expect("a log");
        log.answered(&Access {
            method: "GET",
            path: "/a\"\n",
            endpoint: "ride",
            status: 200,
            milliseconds: 1.0,
            agent: None,
        });
        drop(log);
        let mut files: Vec<_> =
            std::fs::read_dir(folder.path()).expect("it").map(|file| file.expect("a file").path()).collect();
        files.sort();
        assert_eq!(files.len(), KEPT, "{files:?}");
        let newest = std::fs::read_to_string(files.last().expect("one")).expect("today's");
        let line: serde_json::Value = serde_json::from_str(newest.trim_end()).expect("one line of JSON");
        assert_eq!(line["path"], "/a\"\n");
    }
}

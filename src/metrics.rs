//! The build's metrics as files: `build.json` for programs, `build.prom` for Prometheus' text-file
//! collector, in the classic text format. Knows nothing of how a build works.

use std::path::Path;
use std::sync::atomic::AtomicU64;

use anyhow::{Context, Result};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::disk::Disk;
use crate::report::Report;
use crate::state;

type Labelled = Family<Vec<(String, String)>, Gauge<f64, AtomicU64>>;

/// Writes both files into `.lifthill/metrics/` of the site at `root`.
pub fn write(root: &Path, report: &Report, disk: &Disk) -> Result<()> {
    let folder = state::folder_of(root)?.join("metrics");
    disk.own_folder(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    replace(&folder.join("build.json"), &serde_json::to_string_pretty(report)?, disk)?;
    replace(&folder.join("build.prom"), &prometheus(report)?, disk)
}

/// A reader must never meet half a file.
fn replace(path: &Path, text: &str, disk: &Disk) -> Result<()> {
    let beside = path.with_extension("tmp");
    disk.write(&beside, text.as_bytes())
        .and_then(|()| disk.rename_over(&beside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The report in Prometheus' classic text format. The library writes OpenMetrics, of which the
/// classic collector refuses only the closing line.
fn prometheus(report: &Report) -> Result<String> {
    let mut registry = Registry::with_prefix("lifthill");
    let mut family = |name: &str, help: &str, label: &str, values: &[(&str, f64)]| {
        let family = Labelled::default();
        registry.register(name, help, family.clone());
        for (value, number) in values {
            let labels = if label.is_empty() { Vec::new() } else { vec![(label.to_owned(), (*value).to_owned())] };
            family.get_or_create(&labels).set(*number);
        }
    };
    let pages = &report.pages;
    family(
        "build_pages",
        "Pages (HTML documents) by outcome in the last build",
        "outcome",
        &[
            ("rendered", pages.rendered as f64),
            ("written", pages.written as f64),
            ("unchanged", pages.unchanged as f64),
            ("removed", pages.removed as f64),
            ("failed", pages.failed as f64),
        ],
    );
    let others = &report.others;
    family(
        "build_other_files",
        "Assets, pictures, feeds, sitemaps and other files that are no pages, by outcome in the last build",
        "outcome",
        &[
            ("made", others.rendered as f64),
            ("written", others.written as f64),
            ("unchanged", others.unchanged as f64),
            ("removed", others.removed as f64),
            ("failed", others.failed as f64),
        ],
    );
    family(
        "build_content_files",
        "Content files by outcome in the last build",
        "outcome",
        &[
            ("total", report.content.total as f64),
            ("read", report.content.read as f64),
            ("parsed", report.content.parsed as f64),
            ("removed", report.content.removed as f64),
        ],
    );
    let pictures = &report.pictures;
    family(
        "build_pictures",
        "Pictures by what the last build did to them",
        "work",
        &[
            ("surveyed", pictures.surveyed as f64),
            ("decoded", pictures.decoded as f64),
            ("encoded", pictures.encoded as f64),
            ("kept", pictures.kept as f64),
            ("failed", pictures.failed as f64),
        ],
    );
    family(
        "build_files",
        "Output files by outcome in the last build",
        "outcome",
        &[("written", report.files.written as f64), ("removed", report.files.removed as f64)],
    );
    family(
        "build_written_bytes",
        "Bytes written below output/ in the last build",
        "",
        &[("", report.bytes_written as f64)],
    );
    let compression = &report.compression;
    family(
        "build_compressions",
        "Compressed variants by outcome in the last build",
        "outcome",
        &[("made", compression.made as f64), ("from_cache", compression.from_cache as f64)],
    );
    family("build_compressed_files", "Compressed variants beside files", "", &[("", compression.files as f64)]);
    family(
        "build_assets_made",
        "Style sheets and scripts compiled or minified in the last build",
        "",
        &[("", report.assets_made as f64)],
    );
    family("build_seconds", "Wall-clock seconds of the last build", "", &[("", report.seconds)]);
    let phases: Vec<(&str, f64)> = report.phases.iter().map(|(phase, seconds)| (*phase, *seconds)).collect();
    family("build_phase_seconds", "Wall-clock seconds of each phase of the last build", "phase", &phases);
    family(
        "build_peak_memory_bytes",
        "Peak resident memory of the last build",
        "",
        &[("", report.peak_memory_bytes as f64)],
    );
    let skipped = if pages.total == 0 { 0.0 } else { pages.unchanged as f64 / pages.total as f64 };
    family("build_skipped_ratio", "Share of pages that the last build did not have to render", "", &[("", skipped)]);
    family("build_problems", "Problems found in the last build", "", &[("", report.diagnostics.len() as f64)]);
    if let Some(moment) = report.next_change {
        family(
            "build_next_change_timestamp_seconds",
            "When the output next changes by itself",
            "",
            &[("", moment as f64)],
        );
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text.trim_end_matches("# EOF\n").to_owned())
}

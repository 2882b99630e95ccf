//! Compressed variants beside the files of pages: which a file has, and placing them with the
//! file's own time (servers make an entity tag of time and size). Knows nothing of how anything is
//! compressed.

use anyhow::{Context, Result};

use crate::assets::Assets;
use crate::catalog::Catalog;
use crate::compress;
use crate::config::{Packer, Settings};
use crate::engine::arena::DuePage;
use crate::engine::context::Build;
use crate::engine::outputs::files;
use crate::headers::{Encoding, is_compressible, is_fingerprinted};
use crate::output::{Output, Placed, Written};
use crate::paths::RelPath;
use crate::report::Report;
use crate::state::{Store, Table, Tables};

/// Variants that were placed beside a file, which are all that it has.
pub type Beside = Vec<(RelPath, Placed)>;

/// The settings that decide a file's variants, and what they say; `None` for types that are never
/// compressed.
pub fn packers<'s>(settings: &'s Settings, file: &RelPath) -> Option<(&'static str, &'s [Packer])> {
    let compress = &settings.delivery.compress;
    is_compressible(file).then(|| match is_fingerprinted(file) {
        true => ("compress.assets", &*compress.assets),
        false => ("compress.pages", &*compress.pages),
    })
}

/// The files that may come to lie beside `file`.
pub fn names(settings: &Settings, file: &RelPath) -> impl Iterator<Item = RelPath> {
    let packers = packers(settings, file).map_or(&[][..], |(_, packers)| packers);
    packers.iter().filter_map(|packer| packer.encoding.of_file(file))
}

/// Places the variants of a file that was just placed; `None` where those that it has are right.
pub fn place(
    build: &Build<'_>,
    catalog: &Catalog,
    output: &Output,
    page: &DuePage,
    bytes: &[u8],
    placed: &Placed,
) -> Result<Option<Beside>> {
    let Some((_, packers)) = packers(&build.settings, &page.file) else { return Ok(None) };
    if !placed.changed && !page.repack {
        return Ok(None);
    }
    if packers.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut beside = Vec::new();
    for variant in compress::variants(build.cas, bytes, packers, &build.compressed)? {
        let Some(file) = variant.encoding.of_file(&page.file) else { continue };
        let known: Option<Written> = catalog.snapshot.value(Table::Compressed, file.as_str().as_bytes())?;
        let known = known.filter(|known| output.is_as_left(&file, known));
        let placed = output.place_beside(&file, &variant.bytes, known.as_ref(), &page.file);
        beside.push((file, placed.with_context(|| format!("cannot compress {}", page.file))?));
    }
    Ok(Some(beside))
}

/// Records the variants of a file, and removes those that it has no longer.
pub fn record(
    file: &RelPath,
    beside: &Beside,
    output: &Output,
    tables: &mut Tables<'_>,
    report: &mut Report,
) -> Result<()> {
    for encoding in Encoding::ALL {
        let Some(variant) = encoding.of_file(file) else { continue };
        match beside.iter().find(|(placed, _)| *placed == variant) {
            Some((_, placed)) => {
                files::put(tables, Table::Compressed, &variant, &placed.written)?;
                if placed.changed {
                    report.file_written(placed.written.stamp.size);
                }
            }
            None => remove(&variant, output, tables, report)?,
        }
    }
    Ok(())
}

/// Removes every variant of a file that is no more.
pub fn remove_all(file: &RelPath, output: &Output, tables: &mut Tables<'_>, report: &mut Report) -> Result<()> {
    record(file, &Vec::new(), output, tables, report)
}

/// A variant that we did not write stays, and so does a page that only has such a name.
fn remove(variant: &RelPath, output: &Output, tables: &mut Tables<'_>, report: &mut Report) -> Result<()> {
    let key = variant.as_str().as_bytes();
    let ours = files::remove(tables, Table::Compressed, variant)?;
    if ours && tables.bytes(Table::Outputs, key, |_| ())?.is_none() && output.remove(variant)? {
        report.files.removed += 1;
    }
    Ok(())
}

/// Finds out which variants each asset has, for the list of assets; compresses what is new.
pub fn of_assets(
    root: &std::path::Path,
    settings: &Settings,
    cas: &crate::cas::Cas,
    assets: &mut Assets,
    report: &mut Report,
) -> Result<()> {
    use rayon::prelude::*;
    let counts = compress::Counts::default();
    // Largest first, each to the next free thread: none is left alone with a large one at the end.
    let mut largest_first: Vec<(&String, u64)> =
        assets.by_path.iter().map(|(path, asset)| (path, asset.size)).collect();
    largest_first.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let found: Vec<(String, Vec<(Encoding, u64)>)> = largest_first
        .into_iter()
        .par_bridge()
        .map(|(path, _)| Ok((path.clone(), of_asset(root, settings, cas, assets, path, &counts)?)))
        .collect::<Result<_>>()?;
    for (path, variants) in found {
        if let Some(asset) = assets.by_path.get_mut(&path) {
            asset.variants = variants;
        }
    }
    report.compression.made += counts.made.into_inner();
    Ok(())
}

fn of_asset(
    root: &std::path::Path,
    settings: &Settings,
    cas: &crate::cas::Cas,
    assets: &Assets,
    path: &str,
    counts: &compress::Counts,
) -> Result<Vec<(Encoding, u64)>> {
    let asset = &assets.by_path[path];
    let file = RelPath::new(asset.url.trim_start_matches('/')).context("an asset's URL names no file")?;
    let packers = packers(settings, &file).map_or(&[][..], |(_, packers)| packers);
    if packers.is_empty() || asset.size < compress::MIN_BYTES as u64 {
        return Ok(Vec::new());
    }
    compress::sizes(cas, &assets.bytes(root, path)?, packers, counts)
}

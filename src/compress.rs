//! Compressed variants of output files, to lie beside them for servers that send files as they
//! are: `site.css.br`, `.zst`, `.gz`. The same bytes, settings and library versions give the same
//! variants. Knows nothing of where files lie.
//!
//! A variant is worth having where it is at least 5 % smaller than the file, the file has at least
//! 1 KiB, and it is smaller than every variant that servers would otherwise choose after it
//! (Brotli, then zstd, then gzip).
//!
//! What takes long (the highest levels) is kept in the store and never done twice. At page levels
//! compressing a page is cheaper than writing it into the store, and an unchanged page keeps its
//! variants anyway.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use brotlic::{CompressionMode, Quality, WindowSize};
use libdeflater::{CompressionLvl, Compressor};

use crate::cas::{Action, Cas};
use crate::config::Packer;
use crate::digest::Digest;
use crate::headers::Encoding;

/// The digest of the locked versions of all packages that can decide a byte, and of our own ways.
static VERSIONS: LazyLock<String> =
    LazyLock::new(|| Digest::of_parts([env!("LIFTHILL_COMPRESSION").as_bytes(), b"ways 1"]).to_string());

/// Smaller files gain less than a header costs.
pub const MIN_BYTES: usize = 1024;

/// One variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// How it is encoded.
    pub encoding: Encoding,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What was compressed in a build.
#[derive(Debug, Default)]
pub struct Counts {
    /// Compressed now.
    pub made: AtomicU64,
    /// Found in the store.
    pub from_cache: AtomicU64,
}

/// The variants of `bytes` that are worth having, the most wanted first.
pub fn variants(cas: &Cas, bytes: &[u8], packers: &[Packer], counts: &Counts) -> Result<Vec<Variant>> {
    let mut found = Vec::new();
    worth_having(bytes.len(), packers, |packer| {
        let packed = kept(cas, bytes, packer, counts)?;
        let size = packed.len();
        found.insert(0, Variant { encoding: packer.encoding, bytes: packed });
        Ok(size)
    })
    .map(|worth| found.into_iter().filter(|variant| worth.contains(&variant.encoding)).collect())
}

/// Encoding and size of the variants of `bytes` that are worth having, the most wanted first.
/// Reads nothing but their sizes where they were made before.
pub fn sizes(cas: &Cas, bytes: &[u8], packers: &[Packer], counts: &Counts) -> Result<Vec<(Encoding, u64)>> {
    let mut found = Vec::new();
    worth_having(bytes.len(), packers, |packer| {
        let known = is_slow(packer).then(|| cas.find(action(bytes, packer))).flatten();
        let size = match known.filter(|entry| entry.blob.is_some()) {
            Some(entry) => entry.length,
            None => kept(cas, bytes, packer, counts)?.len() as u64,
        };
        found.insert(0, (packer.encoding, size));
        Ok(size as usize)
    })
    .map(|worth| found.into_iter().filter(|(encoding, _)| worth.contains(encoding)).collect())
}

/// Asks for sizes, the least wanted first, and says which are worth having.
fn worth_having(
    size: usize,
    packers: &[Packer],
    mut packed: impl FnMut(Packer) -> Result<usize>,
) -> Result<Vec<Encoding>> {
    let mut worth = Vec::new();
    if size < MIN_BYTES {
        return Ok(worth);
    }
    let mut smallest = size - size / 20;
    for encoding in Encoding::ALL.into_iter().rev() {
        let Some(packer) = packers.iter().find(|packer| packer.encoding == encoding) else { continue };
        let packed = packed(*packer)?;
        if packed < smallest {
            smallest = packed;
            worth.push(encoding);
        }
    }
    Ok(worth)
}

/// Whether a packer takes longer than the store does.
fn is_slow(packer: Packer) -> bool {
    match packer.encoding {
        Encoding::Brotli => packer.level > 9,
        Encoding::Zstd => packer.level > 12,
        Encoding::Gzip => packer.level > 9,
    }
}

fn kept(cas: &Cas, bytes: &[u8], packer: Packer, counts: &Counts) -> Result<Vec<u8>> {
    if !is_slow(packer) {
        counts.made.fetch_add(1, Ordering::Relaxed);
        return pack(bytes, packer);
    }
    let action = action(bytes, packer);
    if let Some(kept) = cas.get(action).and_then(|made| made.bytes) {
        counts.from_cache.fetch_add(1, Ordering::Relaxed);
        return Ok(kept);
    }
    let packed = pack(bytes, packer)?;
    counts.made.fetch_add(1, Ordering::Relaxed);
    cas.keep(action, Some(&packed), b"");
    Ok(packed)
}

/// What compressing is called in the store.
fn action(bytes: &[u8], packer: Packer) -> Action {
    Action::new(&format!("compress {} {}", packer.encoding.name(), packer.level), &VERSIONS, [bytes])
}

/// `bytes`, compressed.
pub fn pack(bytes: &[u8], packer: Packer) -> Result<Vec<u8>> {
    match packer.encoding {
        Encoding::Gzip => {
            let level = CompressionLvl::new(packer.level)
                .map_err(|error| anyhow::anyhow!("gzip has no level {}: {error:?}", packer.level))?;
            let mut compressor = Compressor::new(level);
            let mut out = vec![0; compressor.gzip_compress_bound(bytes.len())];
            let size = compressor.gzip_compress(bytes, &mut out).context("gzip failed")?;
            out.truncate(size);
            Ok(out)
        }
        Encoding::Brotli => {
            let level = u8::try_from(packer.level)?;
            let quality = Quality::new(level).with_context(|| format!("Brotli has no level {level}"))?;
            let mut out = vec![0; bytes.len() + bytes.len() / 1024 + 1024];
            let size = brotlic::compress(bytes, &mut out, quality, window(bytes.len())?, CompressionMode::Generic);
            out.truncate(size.context("Brotli failed")?);
            Ok(out)
        }
        Encoding::Zstd => zstd::bulk::compress(bytes, packer.level).context("zstd failed"),
    }
}

/// The smallest Brotli window that holds everything: memory follows it.
fn window(size: usize) -> Result<WindowSize> {
    let bits = usize::BITS - size.leading_zeros();
    Ok(WindowSize::new(bits.clamp(16, 22) as u8)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(size: usize) -> Vec<u8> {
        "a ride is a ride is a coaster; ".bytes().cycle().take(size).collect()
    }

    fn all() -> [Packer; 3] {
        [(Encoding::Brotli, 11), (Encoding::Zstd, 19), (Encoding::Gzip, 12)]
            .map(|(encoding, level)| Packer { encoding, level })
    }

    fn store() -> (tempfile::TempDir, Cas) {
        let folder = tempfile::tempdir().expect("a folder");
        let cas = Cas::open(folder.path(), &crate::disk::Disk::default());
        (folder, cas)
    }

    #[test]
    fn every_encoding_says_the_same() {
        let text: Vec<u8> =
            (0..20_000_u32).flat_map(|n| format!("<li>{}</li>", n.wrapping_mul(2_654_435_761)).into_bytes()).collect();
        for packer in all() {
            let packed = pack(&text, packer).expect("packed");
            assert!(packed.len() < text.len() * 6 / 10, "{packer:?}");
            let back = match packer.encoding {
                Encoding::Brotli => {
                    let mut out = Vec::new();
                    // Another's decoder: the encoder's own could share its mistakes.
                    brotli_decompressor::BrotliDecompress(&mut &packed[..], &mut out).expect("Brotli");
                    out
                }
                Encoding::Zstd => zstd::bulk::decompress(&packed, text.len()).expect("zstd"),
                Encoding::Gzip => {
                    let mut out = vec![0; text.len()];
                    libdeflater::Decompressor::new().gzip_decompress(&packed, &mut out).expect("gzip");
                    assert_eq!(packed[4..8], [0; 4], "no time in the header");
                    out
                }
            };
            assert!(back == text, "{packer:?}");
        }
    }

    #[test]
    fn what_gains_too_little_is_left_out() {
        let (_folder, cas) = store();
        let counts = Counts::default();
        assert_eq!(variants(&cas, &text(1023), &all(), &counts).expect("none"), []);
        let noise: Vec<u8> = (0_u64..4000).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        let mut random = blake3::Hasher::new().update(&noise).finalize_xof();
        let mut incompressible = vec![0; 8192];
        random.fill(&mut incompressible);
        assert_eq!(variants(&cas, &incompressible, &all(), &counts).expect("none"), []);
        let found = variants(&cas, &text(50_000), &all(), &counts).expect("some");
        let sizes: Vec<usize> = found.iter().map(|variant| variant.bytes.len()).collect();
        assert!(!sizes.is_empty() && sizes.is_sorted_by(|a, b| a < b), "each is smaller than the next: {sizes:?}");
    }

    #[test]
    fn a_second_time_nothing_is_compressed() {
        let (_folder, cas) = store();
        let counts = Counts::default();
        let first = variants(&cas, &text(50_000), &all(), &counts).expect("some");
        assert_eq!(counts.made.load(Ordering::Relaxed), 3);
        assert_eq!(variants(&cas, &text(50_000), &all(), &counts).expect("the same"), first);
        assert_eq!((counts.made.into_inner(), counts.from_cache.into_inner()), (3, 3));
    }
}

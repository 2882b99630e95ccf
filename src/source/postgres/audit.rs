//! The audit: what rows amount to in the database and in our memory, chunk by chunk of keys. Finds
//! what was written while triggers were off. Knows nothing of what rows say.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use sqlx::AssertSqlSafe;

use super::connect::Link;
use super::cursor::get;
use super::queries::Query;
use super::trouble::Trouble;
use crate::source::{Fingerprint, Part};

/// Chunks of a part's keys.
pub const CHUNKS: usize = 64;

/// What the units of each chunk amount to: number of rows, and the sum of their digests.
pub type Chunks = [(u64, u64); CHUNKS];

/// The chunk of a unit.
pub fn chunk_of(key: &str) -> usize {
    usize::from(Sha256::digest(key.as_bytes())[0]) % CHUNKS
}

/// The part of a row's digest that is summed up.
pub fn weight(line: &str) -> u64 {
    let digest = Sha256::digest(line.as_bytes());
    digest[..7].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Adds a unit to its chunk.
pub fn add(chunks: &mut Chunks, key: &str, fingerprint: &Fingerprint) {
    let (rows, sum) = &mut chunks[chunk_of(key)];
    *rows += u64::from(fingerprint.rows);
    *sum = sum.wrapping_add(fingerprint.sum);
}

/// What a part amounts to in the database, without some units.
pub async fn of_database(
    link: &mut Link,
    part: Part,
    query: &Query,
    without: &BTreeSet<String>,
) -> Result<Chunks, Trouble> {
    let without: Vec<&str> = without.iter().map(String::as_str).collect();
    let sql = query.audit(part);
    let rows = link.rows("auditing", sqlx::query(AssertSqlSafe(sql)).bind(without)).await?;
    let mut chunks: Chunks = [(0, 0); CHUNKS];
    for row in &rows {
        let chunk: i32 = get(row, 0)?;
        let sum: String = get(row, 2)?;
        chunks[chunk.unsigned_abs() as usize % CHUNKS] =
            (get::<i64>(row, 1)?.cast_unsigned(), sum.parse().unwrap_or(u64::MAX));
    }
    Ok(chunks)
}

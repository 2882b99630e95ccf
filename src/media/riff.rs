//! RIFF, the container of WebP: its chunks, read and written.

/// Name and payload.
pub type Chunk<'b> = (&'b [u8; 4], &'b [u8]);

/// The chunks of a WebP file: name, payload.
pub fn chunks(file: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = file.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (size, after) = after.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        let payload = after.get(..size)?;
        rest = after.get(size + size % 2..).unwrap_or_default();
        Some((name, payload))
    })
}

/// Appends a chunk: name, size, payload, and a byte where that is odd.
pub fn push(out: &mut Vec<u8>, name: [u8; 4], payload: &[u8]) {
    out.extend_from_slice(&name);
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(payload);
    if payload.len() % 2 == 1 {
        out.push(0);
    }
}

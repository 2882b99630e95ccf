//! Animations to animated WebP: frame by frame, each a whole picture, put together here. Knows
//! nothing of files.
//!
//! ```text
//! RIFF size "WEBP"
//!   VP8X  flags (animation, alpha), canvas
//!   ANIM  background (transparent), how often (0: for ever)
//!   ANMF  0, 0, width, height, milliseconds, no blending │ [ALPH] VP8   … one for each frame
//! ```

use super::decode::{self, Header};
use super::picture::Picture;
use super::resize::{Light, resize};
use super::riff::{Chunk, chunks, push};
use super::variant::Coding;
use super::{encode, limits};

/// Whether a picture moves.
pub fn moves(bytes: &[u8], header: &Header) -> Result<bool, String> {
    let Some(frames) = decode::frames(bytes, header)? else { return Ok(false) };
    let first_two: Result<Vec<_>, _> = frames.take(2).collect();
    Ok(first_two.map_err(|error| format!("is a damaged animation: {error}"))?.len() > 1)
}

/// All frames at another size, as animated WebP. Never holds more than one frame decoded.
pub fn animate(
    bytes: &[u8],
    header: &Header,
    (width, height): (u32, u32),
    light: Light,
    coding: Coding,
) -> Result<Vec<u8>, String> {
    let frames = decode::frames(bytes, header)?.ok_or("does not move")?;
    let mut body = Vec::new();
    let mut alpha = false;
    let mut pixels = 0;
    for (index, frame) in frames.enumerate() {
        if index >= limits::FRAMES as usize {
            return Err(format!("has more than {} frames", limits::FRAMES));
        }
        let frame = frame.map_err(|error| format!("is a damaged animation: {error}"))?;
        let (numerator, denominator) = frame.delay().numer_denom_ms();
        let milliseconds = (numerator / denominator.max(1)).clamp(10, 0xff_ffff);
        let buffer = frame.into_buffer();
        pixels += u64::from(buffer.width()) * u64::from(buffer.height());
        if pixels > limits::ANIMATED_PIXELS {
            return Err(format!("has more than {} million pixels in its frames", limits::ANIMATED_PIXELS / 1_000_000));
        }
        let (from_width, from_height) = buffer.dimensions();
        let picture = Picture { width: from_width, height: from_height, channels: 4, pixels: buffer.into_raw() };
        let picture = picture.without_idle_alpha();
        alpha |= picture.has_alpha();
        let sized = if (from_width, from_height) == (width, height) {
            picture
        } else {
            resize(&picture, width, height, light)?
        };
        let still = encode::encode(&sized, coding)?;
        let mut payload = Vec::with_capacity(still.len() + 16);
        for number in [0, 0, width - 1, height - 1, milliseconds] {
            payload.extend_from_slice(&number.to_le_bytes()[..3]);
        }
        payload.push(0b10);
        payload.extend(chunks(&still).filter(|(name, _)| [b"ALPH", b"VP8 ", b"VP8L"].contains(name)).flat_map(whole));
        push(&mut body, *b"ANMF", &payload);
    }
    let mut head = vec![0b10 | if alpha { 0b1_0000 } else { 0 }, 0, 0, 0];
    for number in [width - 1, height - 1] {
        head.extend_from_slice(&number.to_le_bytes()[..3]);
    }
    let mut file = b"WEBP".to_vec();
    push(&mut file, *b"VP8X", &head);
    push(&mut file, *b"ANIM", &[0; 6]);
    file.extend_from_slice(&body);
    let mut whole = Vec::with_capacity(file.len() + 8);
    push(&mut whole, *b"RIFF", &file);
    Ok(whole)
}

fn whole((name, payload): Chunk<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 9);
    push(&mut bytes, *name, payload);
    bytes
}

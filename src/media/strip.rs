//! Originals without their metadata: segments and chunks are left out, pixels stay as they are,
//! bit by bit. Knows nothing of pixels.
//!
//! Kept is what a picture needs to look as it does: its colour profile, Adobe's marker of the colour
//! transform, PNG's colour and transparency chunks, animation, and of EXIF the orientation alone.
//! Whatever follows the end of the picture goes.

use super::exif::turn;
use super::jpeg;
use super::riff::{chunks, push};
use super::sniff::{Format, sniff};

/// The file without its metadata.
pub fn strip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let damaged = || "is damaged: its parts cannot be told apart".to_owned();
    match sniff(bytes)? {
        Format::Jpeg => strip_jpeg(bytes).ok_or_else(damaged),
        Format::Png => strip_png(bytes).ok_or_else(damaged),
        Format::Gif => strip_gif(bytes).ok_or_else(damaged),
        Format::WebP => Ok(strip_webp(bytes)),
    }
}

/// The EXIF orientation in a block, where it is another than upright.
fn orientation(exif: &[u8]) -> Option<u8> {
    Some(turn(exif)?.to_exif()).filter(|number| *number != 1)
}

/// A TIFF block that says the orientation and nothing else.
fn exif_of(orientation: u8) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    block
}

fn strip_jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let (segments, scan) = jpeg::segments(bytes)?;
    let mut out = b"\xff\xd8".to_vec();
    let mut put = |marker: u8, payload: &[u8]| {
        out.extend_from_slice(&[0xff, marker]);
        out.extend_from_slice(&(payload.len() as u16 + 2).to_be_bytes());
        out.extend_from_slice(payload);
    };
    for segment in segments {
        let payload = bytes.get(segment.start..segment.end)?;
        match segment.marker {
            // JFIF's header may carry a thumbnail after its first 14 bytes.
            0xe0 if payload.starts_with(b"JFIF\0") => {
                let mut header = payload.get(..14)?.to_vec();
                header[12..].fill(0);
                put(0xe0, &header);
            }
            0xe1 if payload.starts_with(b"Exif\0\0") => {
                if let Some(orientation) = orientation(&payload[6..]) {
                    put(0xe1, &[b"Exif\0\0", &exif_of(orientation)[..]].concat());
                }
            }
            0xe2 if payload.starts_with(b"ICC_PROFILE\0") => put(0xe2, payload),
            0xee if payload.starts_with(b"Adobe") => put(0xee, payload),
            0xe0..=0xef | 0xfe => {}
            marker => put(marker, payload),
        }
    }
    let end = end_of_scans(bytes, scan)?;
    out.extend_from_slice(&bytes[scan..end]);
    Some(out)
}

/// Where the picture ends: behind the first end marker that is none of a scan's bytes.
fn end_of_scans(bytes: &[u8], scan: usize) -> Option<usize> {
    let mut at = scan;
    loop {
        let marker = *bytes.get(at + 1)?;
        // A stuffed byte, a restart or a fill byte is part of the scan.
        if bytes[at] != 0xff || matches!(marker, 0 | 0xd0..=0xd7 | 0xff) {
            at += 1;
        } else if marker == 0xd9 {
            return Some(at + 2);
        } else {
            let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]) as usize;
            at += 2 + length;
        }
    }
}

fn strip_png(bytes: &[u8]) -> Option<Vec<u8>> {
    const KEPT: [&[u8; 4]; 15] = [
        b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD",
        b"acTL", b"fcTL", b"fdAT",
    ];
    let mut out = bytes.get(..8)?.to_vec();
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        let name: &[u8; 4] = bytes.get(at + 4..at + 8)?.try_into().ok()?;
        let end = at.checked_add(length)?.checked_add(12)?;
        let chunk = bytes.get(at..end)?;
        if KEPT.contains(&name) {
            out.extend_from_slice(chunk);
        } else if name == b"eXIf"
            && let Some(orientation) = orientation(&chunk[8..8 + length])
        {
            let block = exif_of(orientation);
            let body = [b"eXIf", &block[..]].concat();
            out.extend_from_slice(&(block.len() as u32).to_be_bytes());
            out.extend_from_slice(&body);
            out.extend_from_slice(&crc(&body).to_be_bytes());
        }
        if name == b"IEND" {
            return Some(out);
        }
        at = end;
    }
}

/// The check sum of PNG chunks (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

fn strip_gif(bytes: &[u8]) -> Option<Vec<u8>> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let blocks_end = |mut at: usize| loop {
        let size = *bytes.get(at)? as usize;
        at += 1 + size;
        if size == 0 {
            return Some(at);
        }
    };
    let mut at = 13 + table(*bytes.get(10)?);
    let mut out = bytes.get(..at)?.to_vec();
    loop {
        let start = at;
        match *bytes.get(at)? {
            0x21 => {
                at = blocks_end(at + 2)?;
                let block = &bytes[start..at];
                let repeats = block.get(1) == Some(&0xff) && block.get(3..14) == Some(b"NETSCAPE2.0".as_slice());
                if block.get(1) == Some(&0xf9) || repeats {
                    out.extend_from_slice(block);
                }
            }
            0x2c => {
                at += 10 + table(*bytes.get(at + 9)?);
                at = blocks_end(at + 1)?;
                out.extend_from_slice(bytes.get(start..at)?);
            }
            _ => {
                out.push(0x3b);
                return Some(out);
            }
        }
    }
}

fn strip_webp(bytes: &[u8]) -> Vec<u8> {
    const EXIF_FLAG: u8 = 0b1000;
    const XMP_FLAG: u8 = 0b100;
    let turned = chunks(bytes).find(|(name, _)| *name == b"EXIF").and_then(|(_, exif)| orientation(exif));
    let mut file = b"WEBP".to_vec();
    for (name, payload) in chunks(bytes) {
        match name {
            b"VP8X" => {
                let mut payload = payload.to_vec();
                if let Some(flags) = payload.first_mut() {
                    *flags &= !(EXIF_FLAG | XMP_FLAG);
                    *flags |= if turned.is_some() { EXIF_FLAG } else { 0 };
                }
                push(&mut file, *name, &payload);
            }
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP" => push(&mut file, *name, payload),
            _ => {}
        }
    }
    if let Some(orientation) = turned {
        push(&mut file, *b"EXIF", &exif_of(orientation));
    }
    let mut out = Vec::with_capacity(file.len() + 8);
    push(&mut out, *b"RIFF", &file);
    out
}

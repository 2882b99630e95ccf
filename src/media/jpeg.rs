//! JPEG: what its segments say before it is decoded, and its pixels. Knows nothing of profiles.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// What the frame header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Raw pixels of one of three kinds.
pub enum Pixels {
    /// One byte a pixel.
    Gray(Vec<u8>),
    /// Three.
    Rgb(Vec<u8>),
    /// Four, each the paper that is left: 255 is no ink.
    Cmyk(Vec<u8>),
}

/// A segment: its marker's second byte, and where its payload lies.
pub struct Segment {
    pub marker: u8,
    pub start: usize,
    pub end: usize,
}

/// The segments up to the first scan, and where that scan's segment begins; `None` where the file
/// breaks off before.
pub fn segments(bytes: &[u8]) -> Option<(Vec<Segment>, usize)> {
    let mut found = Vec::new();
    let mut at = 2;
    loop {
        // Any number of fill bytes may stand before a marker.
        while bytes.get(at) == Some(&0xff) && bytes.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        if *bytes.get(at)? != 0xff {
            // Some writers leave stray bytes between segments.
            at += 1;
            continue;
        }
        let marker = *bytes.get(at + 1)?;
        if matches!(marker, 0x01 | 0xd0..=0xd8) || marker == 0 {
            at += 2;
            continue;
        }
        let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]) as usize;
        if length < 2 || at + 2 + length > bytes.len() {
            return None;
        }
        if marker == 0xda {
            return Some((found, at));
        }
        found.push(Segment { marker, start: at + 4, end: at + 2 + length });
        at += 2 + length;
    }
}

/// Looks through the segments and refuses what cannot be decoded rightly. The error is words for
/// the picture's owner.
pub fn look(bytes: &[u8]) -> Result<Frame, String> {
    let cut = || "ends too early: the file was cut off".to_owned();
    let (segments, scan) = segments(bytes).ok_or_else(cut)?;
    let frame = segments.iter().find(|one| matches!(one.marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf));
    let frame = frame.ok_or_else(|| "is a damaged JPEG: it has no frame header".to_owned())?;
    let header = bytes.get(frame.start..frame.end).filter(|header| header.len() >= 6).ok_or_else(cut)?;
    let how = match frame.marker {
        0xc9..=0xcb | 0xcd..=0xcf => Some("is an arithmetic-coded JPEG"),
        0xc3 | 0xc5..=0xc7 => Some("is a lossless or hierarchical JPEG"),
        _ if header[0] == 12 => Some("is a JPEG with 12 bits a sample"),
        _ if header[0] != 8 => Some("is a JPEG with an unusual number of bits a sample"),
        _ => None,
    };
    if let Some(how) = how {
        return Err(format!("{how}, which cannot be read here; save it as an ordinary JPEG"));
    }
    let height = u32::from(u16::from_be_bytes([header[1], header[2]]));
    let width = u32::from(u16::from_be_bytes([header[3], header[4]]));
    // A scan that does not come to its end shows grey where the rest should be.
    if !bytes[scan..].windows(2).rev().any(|pair| pair == b"\xff\xd9") {
        return Err(cut());
    }
    Ok(Frame { width, height })
}

/// A decoded file.
pub struct Decoded {
    /// Its pixels.
    pub pixels: Pixels,
    /// Its ICC profile.
    pub profile: Option<Vec<u8>>,
    /// Its EXIF block.
    pub exif: Option<Vec<u8>>,
}

/// Decodes a file that has been looked through.
pub fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let in_words = |error: zune_jpeg::errors::DecodeErrors| format!("is a damaged JPEG: {error}");
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(65_535).set_max_height(65_535);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(in_words)?;
    let stored = decoder.input_colorspace().ok_or("is a damaged JPEG")?;
    let wanted = match stored {
        ColorSpace::Luma => ColorSpace::Luma,
        ColorSpace::CMYK | ColorSpace::YCCK => stored,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let pixels = decoder.decode().map_err(in_words)?;
    let pixels = match stored {
        ColorSpace::Luma => Pixels::Gray(pixels),
        ColorSpace::CMYK => Pixels::Cmyk(pixels),
        ColorSpace::YCCK => Pixels::Cmyk(ycck_to_cmyk(pixels)),
        _ => Pixels::Rgb(pixels),
    };
    Ok(Decoded { pixels, profile: decoder.icc_profile(), exif: decoder.exif().cloned() })
}

/// The first three of the four channels are the inks as YCbCr (JFIF's equations).
fn ycck_to_cmyk(mut pixels: Vec<u8>) -> Vec<u8> {
    for pixel in pixels.chunks_exact_mut(4) {
        let (y, cb, cr) = (f32::from(pixel[0]), f32::from(pixel[1]) - 128.0, f32::from(pixel[2]) - 128.0);
        let paper = |ink: f32| 255 - (ink + 0.5).clamp(0.0, 255.0) as u8;
        pixel[0] = paper(y + 1.402 * cr);
        pixel[1] = paper(y - 0.344_136 * cb - 0.714_136 * cr);
        pixel[2] = paper(y + 1.772 * cb);
    }
    pixels
}

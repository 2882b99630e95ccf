//! From bytes to upright sRGB pixels, within limits. Each format's traps are met here and nowhere
//! else. Errors are words for the picture's owner.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageError, Limits, RgbImage};

use super::picture::Picture;
use super::sniff::{Format, sniff};
use super::{colour, exif, jpeg, limits};

/// What the headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// By its bytes.
    pub format: Format,
    /// Pixels across, as stored.
    pub width: u32,
    /// Pixels down, as stored.
    pub height: u32,
}

impl Header {
    /// Bytes that decoding takes at its height: stored samples, sRGB, and turned upright.
    pub fn decoded_bytes(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * 8
    }
}

/// A decoded picture, and what its owner should know.
pub struct Decoded {
    /// Its pixels.
    pub picture: Picture,
    /// What is wrong with its profile, if anything.
    pub warning: Option<String>,
}

/// Reads the headers and refuses what is beyond the limits, before anything is decoded.
pub fn header(bytes: &[u8]) -> Result<Header, String> {
    let format = sniff(bytes)?;
    if bytes.len() as u64 > limits::BYTES {
        return Err(format!("is {} MB; at most {} MB can be read here", bytes.len() >> 20, limits::BYTES >> 20));
    }
    let (width, height) = match format {
        Format::Jpeg => jpeg::look(bytes).map(|frame| (frame.width, frame.height))?,
        // The size stands at a fixed place; the decoder would allocate before we can object.
        Format::Png => be_pair(bytes, 16).ok_or("ends too early: the file was cut off")?,
        Format::Gif => {
            let pair = bytes.get(6..10).ok_or("ends too early: the file was cut off")?;
            (u32::from(u16::from_le_bytes([pair[0], pair[1]])), u32::from(u16::from_le_bytes([pair[2], pair[3]])))
        }
        Format::WebP => WebPDecoder::new(Cursor::new(bytes)).map_err(|error| words(format, &error))?.dimensions(),
    };
    if width == 0 || height == 0 {
        return Err("has no pixels".to_owned());
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits::PIXELS || width > limits::SIDE || height > limits::SIDE {
        let most = limits::PIXELS / 1_000_000;
        return Err(format!("claims {width} × {height} pixels; at most {most} million can be read here"));
    }
    Ok(Header { format, width, height })
}

fn be_pair(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    Some((number(at)?, number(at + 4)?))
}

/// Decodes the picture, or the first frame of an animation.
pub fn decode(bytes: &[u8], header: &Header) -> Result<Decoded, String> {
    let in_words = |error: ImageError| words(header.format, &error);
    let cursor = Cursor::new(bytes);
    match header.format {
        Format::Jpeg => {
            let jpeg::Decoded { pixels, profile, exif } = jpeg::decode(bytes)?;
            let converted = colour::of_jpeg(pixels, profile.as_deref());
            let orientation = exif.as_deref().and_then(exif::turn);
            finish(header, converted, orientation)
        }
        Format::Png => from_decoder(PngDecoder::with_limits(cursor, allowed()).map_err(in_words)?, header),
        Format::WebP => from_decoder(WebPDecoder::new(cursor).map_err(in_words)?, header),
        Format::Gif => from_decoder(GifDecoder::new(cursor).map_err(in_words)?, header),
    }
}

/// Frames of an animation with their times in milliseconds; one that is given out is decoded
/// only when asked for. `None` for a picture that does not move.
pub fn frames<'b>(bytes: &'b [u8], header: &Header) -> Result<Option<image::Frames<'b>>, String> {
    let in_words = |error: ImageError| words(header.format, &error);
    let cursor = Cursor::new(bytes);
    Ok(match header.format {
        Format::Gif => Some(GifDecoder::new(cursor).map_err(in_words)?.into_frames()),
        Format::WebP => {
            let decoder = WebPDecoder::new(cursor).map_err(in_words)?;
            decoder.has_animation().then(|| decoder.into_frames())
        }
        Format::Png => {
            let decoder = PngDecoder::with_limits(cursor, allowed()).map_err(in_words)?;
            let animated = decoder.is_apng().map_err(in_words)?;
            if animated { Some(decoder.apng().map_err(in_words)?.into_frames()) } else { None }
        }
        Format::Jpeg => None,
    })
}

fn allowed() -> Limits {
    let mut allowed = Limits::default();
    allowed.max_alloc = Some(limits::PIXELS * 8 + (16 << 20));
    allowed
}

fn from_decoder(mut decoder: impl ImageDecoder, header: &Header) -> Result<Decoded, String> {
    let in_words = |error: ImageError| words(header.format, &error);
    decoder.set_limits(allowed()).map_err(in_words)?;
    let orientation = decoder.exif_metadata().ok().flatten().and_then(|exif| exif::turn(&exif));
    let profile = decoder.icc_profile().ok().flatten();
    let gray = matches!(
        decoder.color_type(),
        image::ColorType::L8 | image::ColorType::L16 | image::ColorType::La8 | image::ColorType::La16
    );
    let picture = DynamicImage::from_decoder(decoder).map_err(in_words)?;
    let (channels, pixels) = if picture.color().has_alpha() {
        (4, picture.into_rgba8().into_raw())
    } else {
        (3, picture.into_rgb8().into_raw())
    };
    let converted = colour::of_rgb(channels, pixels, gray, profile.as_deref());
    finish(header, converted, orientation)
}

fn finish(header: &Header, converted: colour::Converted, orientation: Option<Orientation>) -> Result<Decoded, String> {
    let damaged = || "is damaged: it holds another number of pixels than it says".to_owned();
    let colour::Converted { channels, pixels, warning } = converted;
    let (width, height) = (header.width, header.height);
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    if orientation == Orientation::NoTransforms {
        if pixels.len() as u64 != u64::from(width) * u64::from(height) * u64::from(channels) {
            return Err(damaged());
        }
        let picture = Picture { width, height, channels, pixels }.without_idle_alpha();
        return Ok(Decoded { picture, warning });
    }
    let mut turned = if channels == 4 {
        DynamicImage::from(image::RgbaImage::from_raw(width, height, pixels).ok_or_else(damaged)?)
    } else {
        DynamicImage::from(RgbImage::from_raw(width, height, pixels).ok_or_else(damaged)?)
    };
    turned.apply_orientation(orientation);
    let (width, height) = (turned.width(), turned.height());
    let picture = Picture { width, height, channels, pixels: turned.into_bytes() }.without_idle_alpha();
    Ok(Decoded { picture, warning })
}

/// What a library says, for the picture's owner.
fn words(format: Format, error: &ImageError) -> String {
    let name = match format {
        Format::Jpeg => "JPEG",
        Format::Png => "PNG",
        Format::Gif => "GIF",
        Format::WebP => "WebP",
    };
    let text = error.to_string();
    let cut = ["eof", "end of file", "unexpected end", "fill whole buffer", "failed to fill"];
    let lower = text.to_lowercase();
    if cut.iter().any(|sign| lower.contains(sign)) {
        return "ends too early: the file was cut off".to_owned();
    }
    match error {
        ImageError::Limits(_) => format!("is a {name} that asks for more memory than is allowed"),
        _ => format!("is a damaged {name}: {text}"),
    }
}

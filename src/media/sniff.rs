//! What kind of picture a file is, by its first bytes; its name says nothing. Decodes nothing.

use serde::{Deserialize, Serialize};

/// A kind of picture that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Baseline, extended or progressive, 8 bits, Huffman-coded.
    Jpeg,
    /// All colour types and depths.
    Png,
    /// Animated or not.
    Gif,
    /// Lossy, lossless, animated or not.
    WebP,
}

impl Format {
    /// The usual file name extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
        }
    }
}

/// The format of the file that begins with `bytes`. The error is words for its owner.
pub fn sniff(bytes: &[u8]) -> Result<Format, String> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    let riff = |kind: &[u8]| begins(b"RIFF") && bytes.get(8..12) == Some(kind);
    let brand = bytes.get(4..12).filter(|head| head.starts_with(b"ftyp")).map(|head| &head[4..]);
    if bytes.is_empty() {
        return Err("is empty".to_owned());
    }
    if begins(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if begins(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if begins(b"GIF87a") || begins(b"GIF89a") {
        return Ok(Format::Gif);
    }
    if riff(b"WEBP") {
        return Ok(Format::WebP);
    }
    let name = match brand {
        Some(b"avif" | b"avis") => Some("an AVIF picture"),
        Some(b"heic" | b"heix" | b"mif1" | b"msf1") => Some("a HEIC picture"),
        _ if begins(b"II*\0") || begins(b"MM\0*") => Some("a TIFF picture or camera raw file"),
        _ if begins(b"BM") => Some("a BMP picture"),
        _ if begins(b"\xff\x0a") || begins(b"\0\0\0\x0cJXL ") => Some("a JPEG XL picture"),
        _ if begins(b"<svg") || begins(b"<?xml") => Some("an SVG drawing"),
        _ if begins(b"%PDF") => Some("a PDF file"),
        _ => None,
    };
    Err(match name {
        Some(name) => format!("is {name}, which cannot be read here"),
        None => "is not a picture that can be read here".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_and_refusals_name_what_they_saw() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0"), Ok(Format::Jpeg));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Ok(Format::WebP));
        assert_eq!(sniff(b"\0\0\0\x1cftypavif"), Err("is an AVIF picture, which cannot be read here".into()));
        assert_eq!(sniff(b"\xff\xd8"), Err("is not a picture that can be read here".into()));
    }
}

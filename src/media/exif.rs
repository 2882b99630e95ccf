//! What is read of EXIF: how a picture is to be turned.

use image::metadata::Orientation;

/// How a picture with this EXIF block is to be turned. The block is a TIFF; some programs write JPEG's
/// mark before it in WebP and PNG too.
pub fn turn(exif: &[u8]) -> Option<Orientation> {
    Orientation::from_exif_chunk(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
}

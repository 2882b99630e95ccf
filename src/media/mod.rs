//! Pictures: from a file's bytes to what visitors are sent. Knows nothing of pages, and of files
//! only their bytes.
//!
//! ```text
//!  bytes ─sniff─▶ format ─limits─▶ decode once ─▶ turn upright ─▶ sRGB ─▶ scale, ─▶ encode
//!                                                                         largest first
//! ```
//!
//! What a picture is called ([`Variant::file`]) follows from its source's digest, the operation and
//! the libraries' versions, so that pages can be rendered before anything is encoded. What can be
//! read, and how large it is, is found once for each file by [`survey`], which has to decode it. Pages
//! need that of all their pictures before anybody knows which variants they show, so [`make`] comes
//! later; pixels stay for it in what room the [`Budget`] has left, and are decoded again where there
//! was too little (some 25 of the 1,500 milliseconds that a photograph of 6 megapixels takes).
//!
//! Nothing but pixels leaves here: no EXIF, XMP, IPTC, comment or profile; see [`strip`] for the
//! one exception, originals.

mod animation;
mod budget;
mod colour;
mod decode;
mod encode;
mod jpeg;
mod make;
mod resize;
mod sniff;
mod strip;
mod survey;
mod variant;

pub use make::{Counts, Outcome, make};
pub use resize::fit;
pub use strip::strip;
pub use survey::{Survey, survey};
pub use variant::{Coding, Operation, Size, Variant};

use std::sync::LazyLock;

use crate::digest::Digest;

/// A bound on the bytes of pixels that are decoded at one moment.
pub type Budget = budget::Budget<Picture>;

/// Where pictures are, in URLs and below `output/`.
pub const FOLDER: &str = "photos";

/// The digest of the locked versions of all packages that can decide a byte, and of this module's own
/// ways: part of every URL and of every key in the store.
static VERSIONS: LazyLock<String> =
    LazyLock::new(|| Digest::of_parts([env!("LIFTHILL_MEDIA").as_bytes(), b"ways 2"]).to_string());

/// What is refused before it is decoded.
pub mod limits {
    /// Bytes of a file.
    pub const BYTES: u64 = 256 << 20;
    /// Pixels of a frame.
    pub const PIXELS: u64 = 100_000_000;
    /// Width or height; WebP can hold no more than 16,383.
    pub const SIDE: u32 = 65_535;
    /// Frames of an animation.
    pub const FRAMES: u32 = 500;
    /// Pixels of all frames of an animation together.
    pub const ANIMATED_PIXELS: u64 = 400_000_000;
    /// Bytes of pixels decoded at any one moment, by all threads; a picture larger than this is
    /// worked on alone.
    pub const IN_FLIGHT: u64 = 192 << 20;
}

/// Bytes that a picture with these bytes takes while it is worked on; 0 where it cannot be, for want of
/// a header that can be read.
pub fn needs(bytes: &[u8]) -> u64 {
    decode::header(bytes).map_or(0, |header| header.decoded_bytes() + bytes.len() as u64)
}

/// Pixels in sRGB, upright: red, green, blue, and alpha where `channels` is 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// 3 or 4.
    pub channels: u8,
    /// Row after row, without gaps.
    pub pixels: Vec<u8>,
}

impl Picture {
    fn has_alpha(&self) -> bool {
        self.channels == 4
    }

    /// The same picture without an alpha channel that says nothing.
    fn without_idle_alpha(mut self) -> Self {
        if self.has_alpha() && self.pixels.chunks_exact(4).all(|pixel| pixel[3] == 255) {
            self.pixels = self.pixels.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
            self.channels = 3;
        }
        self
    }
}

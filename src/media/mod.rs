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
mod exif;
mod jpeg;
pub mod limits;
mod make;
mod picture;
mod resize;
mod riff;
mod sniff;
mod strip;
mod survey;
mod variant;

pub use make::{Counts, Outcome, make};
pub use picture::Picture;
pub use resize::fit;
pub use strip::strip;
pub use survey::{Survey, survey};
pub use variant::{Coding, FOLDER, Operation, Size, Variant};

/// A bound on the bytes of pixels that are decoded at one moment.
pub type Budget = budget::Budget<Picture>;

/// Bytes that a picture with these bytes takes while it is worked on; 0 where it cannot be, for want of
/// a header that can be read.
pub fn needs(bytes: &[u8]) -> u64 {
    decode::header(bytes).map_or(0, |header| header.decoded_bytes() + bytes.len() as u64)
}

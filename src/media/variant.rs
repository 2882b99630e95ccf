//! Variants: one picture at one size in one coding, and what it is called. Knows nothing of pixels.

use serde::{Deserialize, Serialize};

use super::sniff::Format;
use std::sync::LazyLock;

use crate::cas::Action;
use crate::digest::Digest;
use crate::paths::RelPath;
use crate::text::composed;

/// Where pictures are, in URLs and below `output/`.
pub const FOLDER: &str = "photos";

/// The digest of the locked versions of all packages that can decide a byte, and of our own
/// ways: part of every URL and of every key in the store.
pub static VERSIONS: LazyLock<String> =
    LazyLock::new(|| Digest::of_parts([env!("LIFTHILL_MEDIA").as_bytes(), b"ways 2"]).to_string());

/// How pixels become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Coding {
    /// Lossy WebP.
    WebP {
        /// 0 to 100.
        quality: u8,
        /// 0 (fast) to 6 (small).
        method: u8,
        /// Whether an animation stays one; else its first frame is shown.
        animated: bool,
    },
    /// AVIF.
    Avif {
        /// 1 to 100.
        quality: u8,
        /// 1 (small) to 10 (fast).
        speed: u8,
    },
}

impl Coding {
    /// The file name extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::WebP { .. } => "webp",
            Self::Avif { .. } => "avif",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::WebP { .. } => "image/webp",
            Self::Avif { .. } => "image/avif",
        }
    }
}

/// Pixels across and down, upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// What is done to a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// Its own bytes, of which nothing but pixels (and what they need to be shown rightly) is left.
    Original {
        /// Whether metadata stays after all.
        metadata: bool,
    },
    /// Decoded, scaled and encoded.
    Encoded {
        /// The size.
        size: Size,
        /// Whether light is mixed linearly.
        linear: bool,
        /// The coding.
        coding: Coding,
    },
}

impl Operation {
    /// Pixels to be encoded.
    pub fn pixels(&self) -> u64 {
        match self {
            Self::Original { .. } => 0,
            Self::Encoded { size, .. } => u64::from(size.width) * u64::from(size.height),
        }
    }

    /// The key of its outcome in the store.
    pub fn action(&self, source: Digest) -> Action {
        Action::new(&self.words(), &VERSIONS, [&source.0[..]])
    }

    fn words(&self) -> String {
        format!("{self:?}")
    }
}

/// One picture, made from one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Variant {
    /// The file below `content/`.
    pub picture: String,
    /// The digest of its bytes.
    pub source: Digest,
    /// The format of its bytes, which an original keeps.
    pub extension: String,
    /// What is done to it.
    pub operation: Operation,
}

impl Variant {
    /// A variant of the picture `file` with the digest `source` and the format `format`.
    pub fn new(file: &str, source: Digest, format: Format, operation: Operation) -> Self {
        let extension = match operation {
            Operation::Original { .. } => format.extension(),
            Operation::Encoded { coding, .. } => coding.extension(),
        };
        Self { picture: file.to_owned(), source, extension: extension.to_owned(), operation }
    }

    /// Its file below `output/`: a name for people, its size, and a fingerprint of its source, its
    /// operation and the versions of what makes it. Two pictures never share one, even where
    /// their bytes are the same. `stem` must be made of letters, digits and hyphens.
    pub fn file(&self, stem: &str) -> RelPath {
        let words = self.operation.words();
        let picture = composed(&self.picture);
        let parts = [picture.as_bytes(), &self.source.0, words.as_bytes(), VERSIONS.as_bytes()];
        let fingerprint = Digest::of_parts(parts).hex(12);
        let size = match self.operation {
            Operation::Original { .. } => String::new(),
            Operation::Encoded { size, .. } => format!("-{}x{}", size.width, size.height),
        };
        let stem = if stem.is_empty() { "photo" } else { &stem[..stem.len().min(80)] };
        RelPath::new(&format!("{FOLDER}/{stem}{size}.{fingerprint}.{}", self.extension))
            .expect("a slug, digits and a known extension make a plain name")
    }
}

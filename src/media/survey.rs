//! What is known of a picture before anything is made of it: whether it can be read, its size and
//! what stands in its place while it loads. Knows nothing of files.

use serde::{Deserialize, Serialize};

use super::decode::{decode, header};
use super::resize::{fit, shrink};
use super::sniff::Format;
use super::variant::VERSIONS;
use super::{Budget, Picture, animation};
use crate::cas::{Action, Cas, Made};
use crate::digest::Digest;

/// A picture that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// By its bytes.
    pub format: Format,
    /// Pixels across, upright.
    pub width: u32,
    /// Pixels down, upright.
    pub height: u32,
    /// Whether anything behind it shows.
    pub transparent: bool,
    /// Whether it has more than one frame.
    pub moves: bool,
    /// The average of its colours.
    pub colour: [u8; 3],
    /// Its ThumbHash, some 25 bytes.
    pub thumb_hash: Vec<u8>,
    /// What its owner should know.
    pub warning: Option<String>,
}

impl Survey {
    /// The average colour as CSS writes it.
    pub fn css_colour(&self) -> String {
        let [red, green, blue] = self.colour;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// The longest side of a thumbnail that a ThumbHash is made of.
const THUMB: u32 = 100;

/// What is known of the picture with these bytes, found now or kept; says whether it was decoded
/// now, and then its pixels stay in the budget as long as there is room. The inner error is words for the picture's owner, and a fact about the bytes like any other.
pub fn survey(cas: &Cas, budget: &Budget, digest: Digest, bytes: &[u8]) -> (Result<Survey, String>, bool) {
    let action = Action::new("survey", &VERSIONS, [&digest.0[..]]);
    if let Some(kept) = cas.find(action)
        && let Ok(found) = postcard::from_bytes::<Result<Survey, String>>(&kept.facts)
    {
        return (found, false);
    }
    let found = look(budget, digest, bytes);
    // What cannot be written down is only looked at again.
    if let Ok(facts) = postcard::to_allocvec(&found) {
        let Made { bytes, facts } = Made { bytes: None, facts };
        cas.keep(action, bytes.as_deref(), &facts);
    }
    (found, true)
}

fn look(budget: &Budget, digest: Digest, bytes: &[u8]) -> Result<Survey, String> {
    let header = header(bytes)?;
    let (share, _) = budget.take(header.decoded_bytes(), digest);
    let decoded = decode(bytes, &header)?;
    let picture = decoded.picture;
    let (width, height) = fit((picture.width, picture.height), (THUMB, THUMB));
    let small = shrink(&picture, width, height)?;
    let survey = Survey {
        format: header.format,
        width: picture.width,
        height: picture.height,
        transparent: picture.has_alpha(),
        moves: animation::moves(bytes, &header)?,
        colour: average(&small),
        thumb_hash: thumbhash::rgba_to_thumb_hash(width as usize, height as usize, &rgba(&small)),
        warning: decoded.warning,
    };
    drop(share);
    budget.keep(digest, picture.pixels.len() as u64, picture);
    Ok(survey)
}

fn rgba(picture: &Picture) -> Vec<u8> {
    let alpha = |pixel: &[u8]| pixel.get(3).copied().unwrap_or(255);
    picture
        .pixels
        .chunks_exact(picture.channels.into())
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2], alpha(pixel)])
        .collect()
}

/// The mean of what can be seen.
fn average(picture: &Picture) -> [u8; 3] {
    let mut sums = [0_u64; 4];
    for pixel in rgba(picture).chunks_exact(4) {
        let alpha = u64::from(pixel[3]);
        (0..3).for_each(|channel| sums[channel] += u64::from(pixel[channel]) * alpha);
        sums[3] += alpha;
    }
    let whole = sums[3].max(1);
    [0, 1, 2].map(|channel| ((sums[channel] + whole / 2) / whole) as u8)
}

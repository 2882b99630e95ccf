//! Reviews and photos: what visitors and editors attach to a record. Only approved ones are ever
//! held. Knows nothing of moderation queues or image files.

use serde::{Deserialize, Serialize};

use super::date::PartialDate;

/// An approved review of a park or ride.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Sorts reviews of one day; given or made from the review itself.
    pub id: String,
    /// Display name.
    pub author: String,
    /// In tenths of a point: 85 is 8.5.
    pub tenths: u16,
    /// Headline.
    pub title: Option<String>,
    /// Plain text; empty lines part paragraphs.
    pub text: String,
    /// BCP 47 language tag.
    pub language: Option<String>,
    /// When the visit was.
    pub visited: Option<PartialDate>,
    /// When it was written.
    pub created: PartialDate,
}

/// A photo of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Photo {
    /// The file below `content/`.
    pub file: String,
    /// What the picture shows, for those who cannot see it.
    pub alt: String,
    /// Words under it.
    pub caption: Option<String>,
    /// Who took it.
    pub credit: Option<String>,
    /// Under which licence.
    pub licence: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// When it was taken.
    pub taken: Option<PartialDate>,
    /// The first to show.
    pub primary: bool,
}

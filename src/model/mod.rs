//! The park domain as plain values: records, cards, dates with precision, slugs, enumerations.
//! Knows nothing of files, databases, templates or pages.

pub mod card;
pub mod country;
pub mod date;
pub mod record;
pub mod review;
pub mod slug;
pub mod words;

pub use card::{Card, Rating};
pub use date::PartialDate;
pub use record::{Kind, Record, RecordId, Reference};
pub use review::{Photo, Review};

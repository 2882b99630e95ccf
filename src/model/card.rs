//! Cards: the small part of a record that other pages show. A card is derived from its record
//! and its reviews alone, so that it changes only when they do. Knows nothing of pages.

use serde::{Deserialize, Serialize};

use super::date::PartialDate;
use super::record::{Details, Record, RecordId};
use super::review::{Photo, Review};
use super::words::{Category, ParkType, Role, Status};

/// The sum of approved ratings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// Sum of all ratings, in tenths of a point.
    pub sum_tenths: u64,
    /// How many ratings.
    pub count: u64,
}

impl Rating {
    /// The rating that `reviews` make.
    pub fn of(reviews: &[Review]) -> Self {
        let sum_tenths = reviews.iter().map(|review| u64::from(review.tenths)).sum();
        Self { sum_tenths, count: reviews.len() as u64 }
    }

    /// The average in hundredths of a point, rounded; 0 without ratings.
    pub fn average_hundredths(&self) -> u64 {
        (self.sum_tenths * 10 + self.count / 2).checked_div(self.count).unwrap_or(0)
    }
}

/// The part of a record that other pages show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The name.
    pub name: String,
    /// The URL path of its page.
    pub url: String,
    /// One plain sentence, where lists show it (articles).
    pub description: Option<String>,
    /// When an editor last said something new.
    pub updated: Option<PartialDate>,
    /// URL paths that redirect to the page.
    pub redirects: Vec<String>,
    /// The main photo.
    pub photo: Option<Photo>,
    /// The average of its own reviews.
    pub rating: Rating,
    /// What its kind adds.
    pub details: CardDetails,
}

/// What each kind shows of itself elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CardDetails {
    /// A free page.
    Article {
        /// When published.
        date: PartialDate,
        /// Who wrote it.
        author: Option<String>,
    },
    /// A company.
    Company {
        /// What it does.
        roles: Vec<Role>,
        /// ISO 3166-1 alpha-2 code.
        country: Option<String>,
    },
    /// A model.
    Model,
    /// A park.
    Park {
        /// What kind.
        park_type: Option<ParkType>,
        /// Where in its life.
        status: Status,
        /// City.
        city: Option<String>,
        /// Region.
        region: Option<String>,
        /// ISO 3166-1 alpha-2 code.
        country: Option<String>,
        /// First day open.
        opened: Option<PartialDate>,
        /// Last day open.
        closed: Option<PartialDate>,
        /// Key of the company that runs it.
        operator: Option<String>,
        /// Key of the company that owns the land.
        owner: Option<String>,
    },
    /// A part of a park.
    Area {
        /// Its place among the park's areas.
        position: u32,
    },
    /// A ride.
    Ride(Box<RideCard>),
    /// A country.
    Country,
}

/// What a ride shows of itself elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RideCard {
    /// What kind.
    pub category: Category,
    /// Free sub-types.
    pub kinds: Vec<String>,
    /// Slug or name of its area.
    pub area: Option<String>,
    /// Where in its life.
    pub status: Status,
    /// First day open.
    pub opened: Option<PartialDate>,
    /// Last day open.
    pub closed: Option<PartialDate>,
    /// Metres.
    pub height_m: Option<f64>,
    /// Metres.
    pub length_m: Option<f64>,
    /// Kilometres an hour.
    pub speed_kmh: Option<f64>,
    /// How often riders are turned over.
    pub inversions: Option<u32>,
    /// Keys of the companies that built it.
    pub manufacturers: Vec<String>,
    /// Keys of the companies that designed it.
    pub designers: Vec<String>,
    /// Key of its model.
    pub model: Option<String>,
}

impl Card {
    /// The day on which what its page shows was last changed, as far as the record says so, for machines.
    pub fn lastmod(&self) -> Option<String> {
        let date = match &self.details {
            CardDetails::Article { date, .. } => Some(self.updated.map_or(*date, |updated| updated.max(*date))),
            _ => self.updated,
        };
        date?.iso()
    }

    /// The card of a record, given its approved reviews and its photos.
    pub fn of(id: &RecordId, record: &Record, reviews: &[Review], photos: &[Photo]) -> Self {
        let common = &record.common;
        let details = match &record.details {
            Details::Article(article) => CardDetails::Article { date: article.date, author: article.author.clone() },
            Details::Company(company) => {
                CardDetails::Company { roles: company.roles.clone(), country: company.country.clone() }
            }
            Details::Model(_) => CardDetails::Model,
            Details::Area(area) => CardDetails::Area { position: area.position },
            Details::Park(park) => CardDetails::Park {
                park_type: park.park_type,
                status: park.status,
                city: park.city.clone(),
                region: park.region.clone(),
                country: park.country.clone(),
                opened: park.opened,
                closed: park.closed,
                operator: park.operator.clone(),
                owner: park.owner.clone(),
            },
            Details::Ride(ride) => CardDetails::Ride(Box::new(RideCard {
                category: ride.category,
                kinds: ride.kinds.clone(),
                area: ride.area.clone(),
                status: ride.status,
                opened: ride.opened,
                closed: ride.closed,
                height_m: ride.height_m,
                length_m: ride.length_m,
                speed_kmh: ride.speed_kmh,
                inversions: ride.inversions,
                manufacturers: ride.manufacturers.clone(),
                designers: ride.designers.clone(),
                model: ride.model.clone(),
            })),
        };
        let wanted = common.photo.as_deref();
        let named =
            photos.iter().find(|photo| wanted.is_some_and(|name| photo.file.rsplit("/photos/").next() == Some(name)));
        let shows_description = matches!(record.details, Details::Article(_));
        Self {
            name: common.name.clone(),
            url: id.url(),
            description: common.description.clone().filter(|_| shows_description),
            updated: common.updated,
            redirects: redirects(id, record),
            photo: named.or_else(|| photos.iter().find(|photo| photo.primary)).or(photos.first()).cloned(),
            rating: Rating::of(reviews),
            details,
        }
    }
}

/// The URL paths that lead to this record: those of its former slugs, and its aliases.
fn redirects(id: &RecordId, record: &Record) -> Vec<String> {
    let former = record.common.former_slugs.iter().map(|slug| {
        let key = match id.key.split_once('/') {
            Some((parent, _)) => format!("{parent}/{slug}"),
            None => slug.clone(),
        };
        RecordId::new(id.kind, key).url()
    });
    let mut all: Vec<String> = former.chain(record.common.aliases.iter().cloned()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_round_to_hundredths() {
        assert_eq!(Rating { sum_tenths: 250, count: 3 }.average_hundredths(), 833);
        assert_eq!(Rating::default().average_hundredths(), 0);
    }
}

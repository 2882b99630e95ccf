//! Groups: the ordered members of an index value, such as the rides of a park. Which groups a
//! record belongs to, and in what place, follows from its card alone. Knows nothing of storage.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::model::card::CardDetails;
use crate::model::slug::sort_key;
use crate::model::words::{Category, Status};
use crate::model::{Card, Kind, RecordId};

/// One group. Keys are those of the record that the group belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Group {
    /// All parks, by name.
    Parks,
    /// All rides, by name: a rating moves none of them, so that it changes no more than one of their pages.
    Rides,
    /// All rides: rated ones first, best first; then by name. Only ever shown from the top.
    BestRides,
    /// Operating rides with an opening date, newest first.
    NewRides,
    /// All companies, by name.
    Companies,
    /// All countries that have parks, by name.
    Countries,
    /// All articles, newest first.
    Articles,
    /// Everything of a kind by key, holding only URL and date of change.
    Sitemap(Kind),
    /// Everything that has other URLs leading to it.
    Redirects,
    /// The rides of a park, by name.
    RidesOfPark(String),
    /// The areas of a park, in the park's order.
    AreasOfPark(String),
    /// The rides that a company built or designed, by name.
    RidesOfCompany(String),
    /// The parks that a company runs or owns, by name.
    ParksOfCompany(String),
    /// The models of a manufacturer, by name.
    ModelsOfCompany(String),
    /// The rides of a model, by name.
    RidesOfModel(String),
    /// The parks of a country, by name; its totals count their rides.
    ParksOfCountry(String),
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parks => f.write_str("all parks"),
            Self::Rides => f.write_str("all rides"),
            Self::BestRides => f.write_str("best rides"),
            Self::NewRides => f.write_str("newest rides"),
            Self::Companies => f.write_str("all companies"),
            Self::Countries => f.write_str("all countries"),
            Self::Articles => f.write_str("all articles"),
            Self::Sitemap(kind) => write!(f, "URLs of kind {}", kind.word()),
            Self::Redirects => f.write_str("all redirects"),
            Self::RidesOfPark(key) => write!(f, "rides of park:{key}"),
            Self::AreasOfPark(key) => write!(f, "areas of park:{key}"),
            Self::RidesOfCompany(key) => write!(f, "rides of company:{key}"),
            Self::ParksOfCompany(key) => write!(f, "parks of company:{key}"),
            Self::ModelsOfCompany(key) => write!(f, "models of company:{key}"),
            Self::RidesOfModel(key) => write!(f, "rides of model:{key}"),
            Self::ParksOfCountry(key) => write!(f, "parks of country:{key}"),
        }
    }
}

impl Group {
    /// A small number for the variant, for numbering cells.
    pub(super) fn tag(&self) -> u8 {
        match self {
            Self::Parks => 0,
            Self::Rides => 1,
            Self::NewRides => 2,
            Self::Companies => 3,
            Self::Countries => 4,
            Self::Articles => 5,
            Self::Redirects => 6,
            Self::RidesOfPark(_) => 7,
            Self::AreasOfPark(_) => 8,
            Self::RidesOfCompany(_) => 9,
            Self::ParksOfCompany(_) => 10,
            Self::ModelsOfCompany(_) => 11,
            Self::RidesOfModel(_) => 12,
            Self::ParksOfCountry(_) => 13,
            Self::BestRides => 14,
            Self::Sitemap(kind) => 32 + kind.number(),
        }
    }

    /// The key of the record that the group belongs to; empty for groups of the whole site.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::RidesOfPark(key)
            | Self::AreasOfPark(key)
            | Self::RidesOfCompany(key)
            | Self::ParksOfCompany(key)
            | Self::ModelsOfCompany(key)
            | Self::RidesOfModel(key)
            | Self::ParksOfCountry(key) => key,
            Self::Parks
            | Self::Rides
            | Self::BestRides
            | Self::NewRides
            | Self::Companies
            | Self::Countries
            | Self::Articles
            | Self::Redirects
            | Self::Sitemap(_) => "",
        }
    }

    /// The group's key in the state.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }
}

/// What a group counts over its members. Whole numbers only, so that adding and taking away
/// give exactly what counting afresh would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Members.
    pub members: i64,
    /// Roller coasters among them (or in them, for parks of a country).
    pub coasters: i64,
    /// Rides in them, for parks of a country.
    pub rides: i64,
    /// Those operating.
    pub operating: i64,
    /// Sum of their ratings, tenths of a point.
    pub rating_tenths: i64,
    /// Number of their ratings.
    pub ratings: i64,
}

impl Totals {
    /// The totals with `other`'s added `times` times (1 or -1).
    pub fn plus(self, other: Self, times: i64) -> Self {
        Self {
            members: self.members + other.members * times,
            coasters: self.coasters + other.coasters * times,
            rides: self.rides + other.rides * times,
            operating: self.operating + other.operating * times,
            rating_tenths: self.rating_tenths + other.rating_tenths * times,
            ratings: self.ratings + other.ratings * times,
        }
    }

    /// The same without ratings.
    pub fn counts(self) -> Self {
        Self { rating_tenths: 0, ratings: 0, ..self }
    }

    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A record's place in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: Group,
    /// Bytes by which members sort; ends with the record's key, so that no two are equal.
    pub sort: Vec<u8>,
    /// The digest of what the group holds of the record.
    pub facet: Digest,
}

impl Membership {
    /// Whether one of `others` is in the same place of the same group, whatever the group holds of it.
    pub fn is_placed_among(&self, others: &[Self]) -> bool {
        others.iter().any(|other| other.group == self.group && other.sort == self.sort)
    }
}

/// What a record adds to the totals of every group it is in.
pub fn contribution(card: &Card) -> Totals {
    let mut totals = Totals { members: 1, ..Totals::default() };
    if let CardDetails::Ride(ride) = &card.details {
        totals.coasters = i64::from(ride.category == Category::RollerCoaster);
        totals.operating = i64::from(ride.status == Status::Operating);
        totals.rating_tenths = card.rating.sum_tenths as i64;
        totals.ratings = card.rating.count as i64;
    }
    totals
}

/// Every group that a record with this card is in. `digest` is the card's.
pub fn memberships(id: &RecordId, card: &Card, digest: Digest) -> Vec<Membership> {
    let mut all = Vec::with_capacity(8);
    let by_name = [sort_key(&card.name).into_bytes(), vec![0]].concat();
    let mut add = |group, place: &[u8], facet| {
        let sort = [place, &[id.kind.number()], id.key.as_bytes()].concat();
        all.push(Membership { group, sort, facet });
    };
    match &card.details {
        CardDetails::Park { country, operator, owner, .. } => {
            add(Group::Parks, &by_name, digest);
            if let Some(country) = country {
                add(Group::ParksOfCountry(country.clone()), &by_name, digest);
            }
            let companies = operator.iter().chain(owner.iter().filter(|owner| Some(*owner) != operator.as_ref()));
            for company in companies {
                add(Group::ParksOfCompany(company.clone()), &by_name, digest);
            }
        }
        CardDetails::Ride(ride) => {
            add(Group::RidesOfPark(id.parent_key().to_owned()), &by_name, digest);
            add(Group::Rides, &by_name, digest);
            add(Group::BestRides, &[&rank(card)[..], &by_name].concat(), digest);
            if let Some(opened) = ride.opened.filter(|_| ride.status == Status::Operating) {
                add(Group::NewRides, &[&opened.newest_first_key()[..], &by_name].concat(), digest);
            }
            let mut makers: Vec<&String> = ride.manufacturers.iter().chain(&ride.designers).collect();
            makers.sort_unstable();
            makers.dedup();
            for company in makers {
                add(Group::RidesOfCompany(company.clone()), &by_name, digest);
            }
            if let Some(model) = &ride.model {
                add(Group::RidesOfModel(model.clone()), &by_name, digest);
            }
        }
        CardDetails::Company { .. } => add(Group::Companies, &by_name, digest),
        CardDetails::Model => add(Group::ModelsOfCompany(id.parent_key().to_owned()), &by_name, digest),
        CardDetails::Area { position } => {
            add(Group::AreasOfPark(id.parent_key().to_owned()), &position.to_be_bytes(), digest);
        }
        CardDetails::Article { date, .. } => {
            add(Group::Articles, &[&date.newest_first_key()[..], &by_name].concat(), digest);
        }
        CardDetails::Country => add(Group::Countries, &by_name, digest),
    }
    if !matches!(card.details, CardDetails::Area { .. }) {
        let updated = card.lastmod().unwrap_or_default();
        add(Group::Sitemap(id.kind), &[], Digest::of_parts([card.url.as_bytes(), updated.as_bytes()]));
    }
    if !card.redirects.is_empty() {
        let parts = card.redirects.iter().map(String::as_bytes).chain([card.url.as_bytes()]);
        add(Group::Redirects, &[], Digest::of_parts(parts));
    }
    all
}

/// Sorts rated rides before unrated ones, better before worse, often rated before seldom rated.
fn rank(card: &Card) -> [u8; 13] {
    let mut key = [0; 13];
    key[0] = u8::from(card.rating.count == 0);
    key[1..5].copy_from_slice(&(u32::MAX - card.rating.average_hundredths() as u32).to_be_bytes());
    key[5..13].copy_from_slice(&(u64::MAX - card.rating.count).to_be_bytes());
    key
}

//! Records: the typed things a source holds. Identified by kind and key; their canonical bytes
//! are their `postcard` encoding. Knows nothing of where they came from or how they are shown.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::date::PartialDate;
use super::words::{Category, Launch, ParkType, Role, Status, Track, Water};
use crate::digest::Digest;

/// The kinds of record, in the order in which references usually point (rides name companies).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A free page: `article:how-launches-work`.
    Article,
    /// Operator, owner, manufacturer, designer: `company:vekoma`.
    Company,
    /// A model of ride, within its manufacturer: `model:vekoma/boomerang`.
    Model,
    /// `park:efteling`.
    Park,
    /// A themed area, within its park: `area:efteling/anderrijk`.
    Area,
    /// Within its park: `ride:efteling/baron-1898`.
    Ride,
    /// A country that has parks, by ISO code: `country:NL`. Derived from parks, never written.
    Country,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Article, Self::Company, Self::Model, Self::Park, Self::Area, Self::Ride, Self::Country];

    /// The word used in references.
    pub fn word(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::Company => "company",
            Self::Model => "model",
            Self::Park => "park",
            Self::Area => "area",
            Self::Ride => "ride",
            Self::Country => "country",
        }
    }

    /// The kind that a reference's word means.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The kind's number in the state; never reused.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// Names one record: its kind and its key, a slug or two joined by `/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId {
    /// The kind.
    pub kind: Kind,
    /// The key within the kind.
    pub key: Box<str>,
}

impl RecordId {
    /// The id of `kind` and `key`.
    pub fn new(kind: Kind, key: impl Into<Box<str>>) -> Self {
        Self { kind, key: key.into() }
    }

    /// Reads `ride:efteling/baron-1898`.
    pub fn parse(reference: &str) -> Option<Self> {
        let (word, key) = reference.split_once(':')?;
        let kind = Kind::parse(word)?;
        (!key.is_empty()).then(|| Self::new(kind, key))
    }

    /// A number for the id; two ids share one with probability 2^-64.
    pub fn short(&self) -> u64 {
        Digest::of_parts([&[self.kind.number()][..], self.key.as_bytes()]).short()
    }

    /// The part of the key before `/`: the park of a ride, the manufacturer of a model.
    pub fn parent_key(&self) -> &str {
        self.key.split_once('/').map_or(&*self.key, |(parent, _)| parent)
    }

    /// The part of the key after `/`, or the whole key: the slug within its scope.
    pub fn slug(&self) -> &str {
        self.key.split_once('/').map_or(&*self.key, |(_, slug)| slug)
    }

    /// The URL path of the record's page. Areas are shown on their park's page.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Article => format!("/articles/{}/", self.key),
            Kind::Company => format!("/companies/{}/", self.key),
            Kind::Model => format!("/models/{}/", self.key),
            Kind::Park => format!("/parks/{}/", self.key),
            Kind::Area => format!("/parks/{}/#area-{}", self.parent_key(), self.slug()),
            Kind::Ride => format!("/parks/{}/rides/{}/", self.parent_key(), self.slug()),
            Kind::Country => format!("/countries/{}/", self.key.to_ascii_lowercase()),
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.word(), self.key)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A value of an `[extra]` table: the user's own, passed on untouched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Extra {
    /// Nothing.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text, and dates as written.
    Text(String),
    /// A list.
    List(Vec<Extra>),
    /// A table, by key.
    Table(BTreeMap<String, Extra>),
}

/// A name in another language or script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NativeName {
    /// The name.
    pub name: String,
    /// Its BCP 47 language tag.
    pub lang: String,
    /// `ltr` or `rtl`.
    pub dir: String,
}

/// Something that happened to a park, ride or company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// When.
    pub date: PartialDate,
    /// A free word: rename, relocation, refurbishment, …
    pub event_type: Option<String>,
    /// What happened, in a few words.
    pub title: String,
    /// More about it.
    pub text: Option<String>,
}

/// A record that another one names: by reference where we hold it, else in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reference {
    /// One of our records.
    To(RecordId),
    /// Something we do not hold, as written.
    Named(String),
}

/// What every record has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Common {
    /// The name; an article's title.
    pub name: String,
    /// One plain sentence.
    pub description: Option<String>,
    /// When an editor last said something new.
    pub updated: Option<PartialDate>,
    /// Names it once had.
    pub former_names: Vec<String>,
    /// Slugs it once had; their URLs redirect here.
    pub former_slugs: Vec<String>,
    /// Other URL paths that redirect here.
    pub aliases: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// File name of the main photo.
    pub photo: Option<String>,
    /// Names in other languages.
    pub native_names: Vec<NativeName>,
    /// What happened, oldest first.
    pub history: Vec<HistoryEvent>,
    /// The user's own fields.
    pub extra: BTreeMap<String, Extra>,
    /// The body, in Markdown.
    pub body: String,
}

/// Where something is, in degrees (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coordinates {
    /// North positive.
    pub latitude: f64,
    /// East positive.
    pub longitude: f64,
}

/// A park.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Park {
    /// What kind.
    pub park_type: Option<ParkType>,
    /// Where in its life.
    pub status: Status,
    /// First day open.
    pub opened: Option<PartialDate>,
    /// Last day open.
    pub closed: Option<PartialDate>,
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<String>,
    /// Region, state or province.
    pub region: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Street and number.
    pub street: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Where it is.
    pub coordinates: Option<Coordinates>,
    /// IANA time zone.
    pub timezone: Option<String>,
    /// Key of the company that runs it.
    pub operator: Option<String>,
    /// Key of the company that owns the land.
    pub owner: Option<String>,
    /// Its own site.
    pub website: Option<String>,
    /// Area in hectares.
    pub size_ha: Option<f64>,
    /// When it is open, in words.
    pub season: Option<String>,
    /// A fair without a place.
    pub travelling: bool,
}

/// A part of a park.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Its place among the park's areas.
    pub position: u32,
    /// First day open.
    pub opened: Option<PartialDate>,
    /// Last day open.
    pub closed: Option<PartialDate>,
}

/// A ride, with a roller coaster's figures where it is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ride {
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
    /// Keys of the companies that built it.
    pub manufacturers: Vec<String>,
    /// Keys of the companies or people that designed it.
    pub designers: Vec<String>,
    /// Key of its model.
    pub model: Option<String>,
    /// Metres.
    pub height_m: Option<f64>,
    /// Metres.
    pub drop_m: Option<f64>,
    /// Metres.
    pub length_m: Option<f64>,
    /// Kilometres an hour.
    pub speed_kmh: Option<f64>,
    /// How often riders are turned over.
    pub inversions: Option<u32>,
    /// Steepest descent, degrees from level.
    pub max_angle_deg: Option<f64>,
    /// Greatest vertical force, in g.
    pub gforce: Option<f64>,
    /// Seconds.
    pub duration_s: Option<u32>,
    /// Riders an hour.
    pub capacity_per_hour: Option<u32>,
    /// Acceleration, in words.
    pub acceleration: Option<String>,
    /// Track material.
    pub track: Option<Track>,
    /// Layout, in words.
    pub layout: Option<String>,
    /// Lifts and launches, in order.
    pub launch: Vec<Launch>,
    /// Restraints, in words.
    pub restraint: Option<String>,
    /// Number of trains.
    pub trains: Option<u32>,
    /// Cars in a train.
    pub cars_per_train: Option<u32>,
    /// Seats in a car.
    pub seats_per_car: Option<u32>,
    /// Riders in a train.
    pub riders_per_train: Option<u32>,
    /// Least height of a rider, centimetres.
    pub min_height_cm: Option<f64>,
    /// Greatest height of a rider, centimetres.
    pub max_height_cm: Option<f64>,
    /// Least age of a rider, years.
    pub min_age: Option<u32>,
    /// Has a single-rider line.
    pub single_rider: bool,
    /// Can be had with a paid or free queue pass.
    pub fast_pass: bool,
    /// Runs indoors.
    pub indoor: bool,
    /// Ridden with a headset.
    pub vr: bool,
    /// Made for children.
    pub kiddie: bool,
    /// Riders must leave their wheelchair.
    pub wheelchair_transfer: bool,
    /// How wet riders get.
    pub water: Option<Water>,
    /// What it cost, in `currency`.
    pub cost: Option<f64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// Theme, in words.
    pub theme: Option<String>,
    /// What stood here before.
    pub replaced: Option<Reference>,
    /// What came after.
    pub replaced_by: Option<Reference>,
    /// Where it is.
    pub coordinates: Option<Coordinates>,
    /// Its own page.
    pub website: Option<String>,
    /// A video.
    pub video: Option<String>,
}

/// A model of ride that a manufacturer sells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What kind of ride.
    pub category: Option<Category>,
    /// Free sub-types.
    pub kinds: Vec<String>,
}

/// A company or a person that builds, designs, runs or owns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// Its name in law.
    pub legal_name: Option<String>,
    /// What it does.
    pub roles: Vec<Role>,
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<String>,
    /// When founded; a person's birth is not our business.
    pub founded: Option<PartialDate>,
    /// When closed.
    pub closed: Option<PartialDate>,
    /// Its own site.
    pub website: Option<String>,
    /// Key of the company it belongs to.
    pub parent: Option<String>,
    /// A person rather than a firm.
    pub person: bool,
}

/// A free page with words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// When published.
    pub date: PartialDate,
    /// Who wrote it.
    pub author: Option<String>,
    /// Free tags.
    pub tags: Vec<String>,
}

/// What is particular to each kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Details {
    /// A free page.
    Article(Article),
    /// A company.
    Company(Company),
    /// A model.
    Model(Model),
    /// A park.
    Park(Park),
    /// A part of a park.
    Area(Area),
    /// A ride.
    Ride(Box<Ride>),
}

/// A record: what every record has, and what its kind adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What every record has.
    pub common: Common,
    /// What its kind adds.
    pub details: Details,
}

impl Record {
    /// The records that this one names outside its body.
    pub fn references(&self) -> Vec<RecordId> {
        let mut named = Vec::new();
        let mut company =
            |key: &Option<String>| named.extend(key.iter().map(|key| RecordId::new(Kind::Company, key.as_str())));
        match &self.details {
            Details::Park(park) => {
                company(&park.operator);
                company(&park.owner);
            }
            Details::Company(details) => company(&details.parent),
            Details::Ride(ride) => {
                let companies = ride.manufacturers.iter().chain(&ride.designers);
                named.extend(companies.map(|key| RecordId::new(Kind::Company, key.as_str())));
                named.extend(ride.model.iter().map(|key| RecordId::new(Kind::Model, key.as_str())));
                for reference in [&ride.replaced, &ride.replaced_by].into_iter().flatten() {
                    if let Reference::To(id) = reference {
                        named.push(id.clone());
                    }
                }
            }
            Details::Article(_) | Details::Model(_) | Details::Area(_) => {}
        }
        named
    }
}

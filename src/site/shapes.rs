//! The shapes that templates meet again and again: links, dates, ratings, cards, photos,
//! reviews. Knows nothing of whole pages.

use anyhow::Result;

use super::view::map;
use crate::catalog::{Group, Reader};
use crate::model::card::{Card, CardDetails, Rating, RideCard};
use crate::model::date::Precision;
use crate::model::record::{Common, Extra, HistoryEvent, Reference};
use crate::model::{Kind, PartialDate, Photo, RecordId, Review};
use crate::render::{Entries, Map, Value, markdown};

/// `{ name, url }` of a record; none where there is no such record.
pub fn link(reader: &Reader, id: &RecordId) -> Result<Value> {
    Ok(match reader.link(id)? {
        Some(link) => link.value(|| link_to(reader, &link.name, &link.url)),
        None => Value::none(),
    })
}

/// A link to a path of the site, as templates see all of them.
pub fn link_to(reader: &Reader, name: &str, path: &str) -> Value {
    Value::from(map! { "name" => name, "url" => reader.public(path) })
}

/// The link of an optional key.
pub fn link_of(reader: &Reader, kind: Kind, key: Option<&String>) -> Result<Value> {
    match key {
        Some(key) => link(reader, &RecordId::new(kind, key.as_str())),
        None => Ok(Value::none()),
    }
}

/// Links of companies.
pub fn companies(reader: &Reader, keys: &[String]) -> Result<Value> {
    let links: Result<Vec<Value>> =
        keys.iter().map(|key| link(reader, &RecordId::new(Kind::Company, key.as_str()))).collect();
    Ok(links?.into())
}

/// A country's link with its code.
pub fn country(reader: &Reader, code: Option<&String>) -> Result<Value> {
    let Some(code) = code else { return Ok(Value::none()) };
    let id = RecordId::new(Kind::Country, code.as_str());
    Ok(match reader.link(&id)? {
        Some(link) => Value::from(
            map! { "name" => link.name.as_str(), "url" => reader.public(&link.url), "code" => code.as_str() },
        ),
        None => {
            let name = reader.country_name(code);
            Value::from(map! { "name" => name, "url" => Value::none(), "code" => code.as_str() })
        }
    })
}

/// A date as templates print it.
pub fn date(reader: &Reader, date: &PartialDate) -> Value {
    reader.shared_date(date, || {
        let precision = match date.precision() {
            Precision::Day => "day",
            Precision::Month => "month",
            Precision::Year => "year",
            Precision::Decade => "decade",
        };
        Value::from(map! {
            "text" => date.to_string(),
            "iso" => date.iso(),
            "precision" => precision,
            "year" => i64::from(date.year()),
        })
    })
}

/// An optional date.
pub fn date_of(reader: &Reader, value: Option<&PartialDate>) -> Value {
    value.map_or_else(Value::none, |value| date(reader, value))
}

/// `{ average, count, best }`; none without ratings.
pub fn rating(reader: &Reader, rating: Rating) -> Value {
    if rating.count == 0 {
        return Value::none();
    }
    let best = reader.setting("rating_scale").rating_scale;
    let average = rating.average_hundredths() as f64 / 100.0;
    Value::from(map! { "average" => average, "count" => rating.count, "best" => best })
}

/// A photo, for `image(photo=…)`; none where its file is missing or cannot be read.
pub fn photo(reader: &Reader, photo: &Photo) -> Result<Value> {
    let Some(picture) = reader.picture(&photo.file)? else { return Ok(Value::none()) };
    let Ok(survey) = &picture.found else { return Ok(Value::none()) };
    Ok(Value::from(map! {
        "file" => photo.file.as_str(),
        // A replaced picture is another photo, whatever else of it is the same.
        "fingerprint" => picture.digest.hex(12),
        "width" => survey.width,
        "height" => survey.height,
        "alt" => photo.alt.as_str(),
        "caption" => photo.caption.clone(),
        "credit" => photo.credit.clone(),
        "licence" => photo.licence.clone(),
        "source" => photo.source.clone(),
    }))
}

/// Photos whose files are there.
pub fn photos(reader: &Reader, photos: &[Photo]) -> Result<Value> {
    let values: Result<Vec<Value>> = photos.iter().map(|one| photo(reader, one)).collect();
    Ok(values?.into_iter().filter(|value| !value.is_none()).collect::<Vec<_>>().into())
}

/// The newest reviews.
pub fn reviews(reader: &Reader, reviews: &[Review]) -> Value {
    let shown = reviews.iter().take(5).map(|review| {
        Value::from(map! {
            "author" => review.author.as_str(),
            "rating" => f64::from(review.tenths) / 10.0,
            "title" => review.title.clone(),
            "text_html" => Value::safe_string(&markdown::plain_paragraphs(&review.text)),
            "language" => review.language.clone(),
            "visited" => date_of(reader, review.visited.as_ref()),
            "created" => date(reader, &review.created),
        })
    });
    shown.collect::<Vec<Value>>().into()
}

/// History, oldest first.
pub fn history(reader: &Reader, events: &[HistoryEvent]) -> Value {
    let events = events.iter().map(|event| {
        Value::from(map! {
            "date" => date(reader, &event.date),
            "type" => event.event_type.clone(),
            "title" => event.title.as_str(),
            "text" => event.text.clone(),
        })
    });
    events.collect::<Vec<Value>>().into()
}

/// What every record's own page shows of it.
pub fn common(reader: &Reader, values: &mut Entries, common: &Common) {
    let native = common.native_names.iter().map(|native| {
        Value::from(
            map! { "name" => native.name.as_str(), "lang" => native.lang.as_str(), "dir" => native.dir.as_str() },
        )
    });
    values.insert("native_names", native.collect::<Vec<Value>>());
    values.insert("former_names", texts(&common.former_names));
    values.insert("description", common.description.clone());
    values.insert("sources", texts(&common.sources));
    values.insert("history", history(reader, &common.history));
    values.insert("extra", extra_map(&common.extra));
}

/// A list of texts.
pub fn texts(texts: &[String]) -> Value {
    texts.iter().map(|text| Value::from(text.as_str())).collect::<Vec<Value>>().into()
}

fn extra_map(table: &std::collections::BTreeMap<String, Extra>) -> Value {
    let mut map = Map::default();
    for (name, value) in table {
        map.insert(name.clone().into(), extra(value));
    }
    map.into()
}

fn extra(value: &Extra) -> Value {
    match value {
        Extra::Null => Value::none(),
        Extra::Bool(flag) => (*flag).into(),
        Extra::Integer(number) => (*number).into(),
        Extra::Float(number) => (*number).into(),
        Extra::Text(text) => text.as_str().into(),
        Extra::List(items) => items.iter().map(extra).collect::<Vec<Value>>().into(),
        Extra::Table(table) => extra_map(table),
    }
}

/// A record that another one names: `{ name, url? }`.
pub fn reference(reader: &Reader, reference: Option<&Reference>) -> Result<Value> {
    Ok(match reference {
        None => Value::none(),
        Some(Reference::To(id)) => link(reader, id)?,
        Some(Reference::Named(name)) => Value::from(map! { "name" => name.as_str(), "url" => Value::none() }),
    })
}

/// The card of any kind that lists show.
pub fn card(reader: &Reader, id: &RecordId, card: &Card) -> Result<Value> {
    Ok(match &card.details {
        CardDetails::Ride(ride) => ride_card(reader, id, card, ride)?.into(),
        CardDetails::Park { .. } => park_card(reader, id, card)?.into(),
        CardDetails::Company { roles, country: code } => {
            let names: Vec<Value> = roles.iter().map(|role| role.name().into()).collect();
            let words: Vec<Value> = roles.iter().map(|role| role.word().into()).collect();
            let mut values = head(reader, id, card);
            values.extend(map! {
                "roles" => words,
                "role_names" => names,
                "country" => country(reader, code.as_ref())?,
                "rides" => reader.counts(&Group::RidesOfCompany(id.key.to_string()))?.members,
                "parks" => reader.counts(&Group::ParksOfCompany(id.key.to_string()))?.members,
            });
            values.into()
        }
        CardDetails::Model => {
            let mut values = head(reader, id, card);
            values.extend(map! {
                "manufacturer" => link(reader, &RecordId::new(Kind::Company, id.parent_key()))?,
                "rides" => reader.counts(&Group::RidesOfModel(id.key.to_string()))?.members,
            });
            values.into()
        }
        CardDetails::Country => {
            let totals = reader.counts(&Group::ParksOfCountry(id.key.to_string()))?;
            let mut values = head(reader, id, card);
            values.extend(map! {
                "code" => &*id.key,
                "parks" => totals.members,
                "rides" => totals.rides,
                "coasters" => totals.coasters,
            });
            values.into()
        }
        CardDetails::Article { date: published, author } => {
            let mut values = head(reader, id, card);
            values.extend(map! {
                "title" => card.name.as_str(),
                "date" => date(reader, published),
                "description" => card.description.clone(),
                "author" => author.clone(),
            });
            values.into()
        }
        CardDetails::Area { .. } => head(reader, id, card).into(),
    })
}

fn head(reader: &Reader, id: &RecordId, card: &Card) -> Entries {
    map! { "key" => &*id.key, "name" => card.name.as_str(), "url" => reader.public(&card.url) }
}

fn main_photo(reader: &Reader, card: &Card) -> Result<Value> {
    card.photo.as_ref().map_or_else(|| Ok(Value::none()), |one| photo(reader, one))
}

/// A ride's card.
pub fn ride_card(reader: &Reader, id: &RecordId, card: &Card, ride: &RideCard) -> Result<Entries> {
    Ok(map! {
        "key" => &*id.key,
        "name" => card.name.as_str(),
        "url" => reader.public(&card.url),
        "park" => link(reader, &RecordId::new(Kind::Park, id.parent_key()))?,
        "category" => ride.category.word(),
        "category_name" => ride.category.name(),
        "status" => ride.status.word(),
        "status_name" => ride.status.name(),
        "opened" => date_of(reader, ride.opened.as_ref()),
        "closed" => date_of(reader, ride.closed.as_ref()),
        "height_m" => ride.height_m,
        "speed_kmh" => ride.speed_kmh,
        "length_m" => ride.length_m,
        "inversions" => ride.inversions,
        "manufacturers" => companies(reader, &ride.manufacturers)?,
        "model" => link_of(reader, Kind::Model, ride.model.as_ref())?,
        "kinds" => texts(&ride.kinds),
        "rating" => rating(reader, card.rating),
        "photo" => main_photo(reader, card)?,
        "area" => Value::none(),
    })
}

/// A park's card.
pub fn park_card(reader: &Reader, id: &RecordId, card: &Card) -> Result<Entries> {
    let mut values = head(reader, id, card);
    if let CardDetails::Park { park_type, status, city, region, country: code, opened, closed, .. } = &card.details {
        let totals = reader.counts(&Group::RidesOfPark(id.key.to_string()))?;
        values.extend(map! {
            "type" => park_type.map(|kind| kind.word()),
            "type_name" => park_type.map_or("Park", |kind| kind.name()),
            "status" => status.word(),
            "status_name" => status.name(),
            "city" => city.clone(),
            "region" => region.clone(),
            "country" => country(reader, code.as_ref())?,
            "opened" => date_of(reader, opened.as_ref()),
            "closed" => date_of(reader, closed.as_ref()),
            "rating" => rating(reader, card.rating),
            "rides" => totals.members,
            "coasters" => totals.coasters,
            "photo" => main_photo(reader, card)?,
        });
    }
    Ok(values)
}

/// The cards of members of a group that has been read.
pub fn cards(reader: &Reader, ids: &[RecordId]) -> Result<Vec<Value>> {
    let mut values = Vec::with_capacity(ids.len());
    for id in ids {
        let value = member(reader, id)?;
        if !value.is_none() {
            values.push(value);
        }
    }
    Ok(values)
}

/// The card of one member of a group that has been read; none where there is no such record.
pub fn member(reader: &Reader, id: &RecordId) -> Result<Value> {
    reader.shared(id, || match reader.member_card(id)? {
        Some(found) => card(reader, id, &found),
        None => Ok(Value::none()),
    })
}

/// The same where the card is at hand.
pub fn known_member(reader: &Reader, id: &RecordId, found: &Card) -> Result<Value> {
    reader.shared(id, || card(reader, id, found))
}

//! A park: its facts, areas, rides, statistics and reviews.

use super::{body, missing, record_and_card};
use crate::catalog::{Group, Reader};
use crate::model::card::{CardDetails, Rating};
use crate::model::record::Details;
use crate::model::slug::slugify;
use crate::model::{Kind, RecordId};
use crate::render::filters::count;
use crate::render::{Entries, Value};
use crate::site::routes::Route;
use crate::site::shapes;
use crate::site::view::{Failure, Frame, View, framed, map};

/// A park's page.
pub fn view(route: &Route, id: &RecordId, reader: &Reader) -> Result<View, Failure> {
    let (record, card) = record_and_card(reader, id)?;
    let Details::Park(park) = &record.details else { return Err(missing(id)) };
    let key = id.key.to_string();
    let totals = reader.totals(&Group::RidesOfPark(key.clone()))?;

    let mut areas = Vec::new();
    for area in reader.members(&Group::AreasOfPark(key.clone()))? {
        if let Some(area_record) = reader.record(&area)?
            && let Details::Area(details) = &area_record.details
        {
            areas.push((area, area_record.common.clone(), details.clone(), 0_i64));
        }
    }
    let mut rides = Vec::new();
    for ride_id in reader.members(&Group::RidesOfPark(key))? {
        let Some(ride_card) = reader.member_card(&ride_id)? else { continue };
        let CardDetails::Ride(ride) = &ride_card.details else { continue };
        let slug = ride.area.as_deref().map(slugify);
        let area = areas.iter_mut().find(|(area, ..)| Some(area.slug()) == slug.as_deref());
        let area_name = area.map(|(_, common, _, rides)| {
            *rides += 1;
            common.name.clone()
        });
        let value = shapes::known_member(reader, &ride_id, &ride_card)?;
        rides.push(match area_name.and_then(|name| Some((name, Entries::of(&value)?))) {
            Some((name, mut values)) => {
                values.insert("area", name);
                Value::from(values)
            }
            None => value,
        });
    }
    let areas: Vec<Value> = areas
        .into_iter()
        .map(|(area, common, details, rides)| {
            Value::from(map! {
                "name" => common.name,
                "slug" => area.slug(),
                "description" => common.description,
                "opened" => shapes::date_of(reader, details.opened.as_ref()),
                "closed" => shapes::date_of(reader, details.closed.as_ref()),
                "rides" => rides,
            })
        })
        .collect();

    let common = &record.common;
    let mut values = shapes::park_card(reader, id, &card)?;
    shapes::common(reader, &mut values, common);
    let ride_rating = Rating { sum_tenths: totals.rating_tenths.max(0) as u64, count: totals.ratings.max(0) as u64 };
    let place = park.coordinates;
    values.extend(map! {
        "body_html" => body(reader, "park.html", id, &common.body)?,
        "website" => park.website.clone(),
        "street" => park.street.clone(),
        "postal_code" => park.postal_code.clone(),
        "latitude" => place.map(|place| place.latitude),
        "longitude" => place.map(|place| place.longitude),
        "map_url" => place.map(|place| {
            let (latitude, longitude) = (place.latitude, place.longitude);
            format!("https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=15/{latitude}/{longitude}")
        }),
        "timezone" => park.timezone.clone(),
        "operator" => shapes::link_of(reader, Kind::Company, park.operator.as_ref())?,
        "owner" => shapes::link_of(reader, Kind::Company, park.owner.as_ref())?,
        "size_ha" => park.size_ha,
        "season" => park.season.clone(),
        "travelling" => park.travelling,
        "ride_average" => shapes::rating(reader, ride_rating),
        "operating" => totals.operating,
        "areas" => areas,
        "ride_cards" => rides,
        "photos" => shapes::photos(reader, &reader.photos(id)?)?,
        "reviews" => shapes::reviews(reader, &reader.reviews(id)?),
    });
    let frame = Frame {
        heading: common.name.clone(),
        description: Some(common.description.clone().unwrap_or_else(|| {
            let rides = count(totals.members, "ride", "rides");
            format!("{}: {rides}, {} of them roller coasters.", common.name, totals.coasters)
        })),
        breadcrumbs: vec![shapes::link_to(reader, "Parks", "/parks/")],
        updated: common.updated.as_ref().map(|date| shapes::date(reader, date)),
        ..Frame::default()
    };
    Ok(framed(route, "park.html", frame, ("park", values), reader)?)
}

//! A ride: its figures, makers, latest reviews, and its neighbours in the park.

use super::{body, missing, record_and_card};
use crate::catalog::{Group, Reader};
use crate::model::record::{Details, Ride};
use crate::model::slug::slugify;
use crate::model::words::Category;
use crate::model::{Kind, RecordId};
use crate::render::filters::grouped;
use crate::render::{Entries, Value};
use crate::site::drawing::{self, Figures};
use crate::site::routes::Route;
use crate::site::shapes;
use crate::site::view::{Failure, Frame, View, framed, map};

/// A ride's page.
pub fn view(route: &Route, id: &RecordId, reader: &Reader) -> Result<View, Failure> {
    let (record, card) = record_and_card(reader, id)?;
    let Details::Ride(ride) = &record.details else { return Err(missing(id)) };
    let park = RecordId::new(Kind::Park, id.parent_key());
    let siblings = reader.shared_members(&Group::RidesOfPark(park.key.to_string()))?;
    let position = siblings.iter().position(|sibling| sibling == id).unwrap_or_default();
    let neighbour = |at: Option<usize>| match at.and_then(|at| siblings.get(at)) {
        Some(sibling) => shapes::link(reader, sibling),
        None => Ok(Value::none()),
    };
    let common = &record.common;
    let Some(mut values) = Entries::of(&shapes::known_member(reader, id, &card)?) else { return Err(missing(id)) };
    shapes::common(reader, &mut values, common);
    let launch: Vec<Value> = ride.launch.iter().map(|launch| launch.name().into()).collect();
    let features: Vec<Value> = features(ride).into_iter().map(Value::from).collect();
    let photos = shapes::photos(reader, &reader.photos(id)?)?;
    let none = photos.as_array().is_none_or(|photos| photos.is_empty());
    let figures =
        Figures { height_m: ride.height_m, drop_m: ride.drop_m, length_m: ride.length_m, inversions: ride.inversions };
    let coaster = ride.category == Category::RollerCoaster;
    let drawing = if coaster && none { drawing::profile(&common.name, figures) } else { None };
    let drawing = drawing.map_or_else(Value::none, |svg| Value::safe_string(&svg));
    values.extend(map! {
        "body_html" => body(reader, "ride.html", id, &common.body)?,
        "area" => area(reader, &park, ride)?,
        "designers" => shapes::companies(reader, &ride.designers)?,
        "drop_m" => ride.drop_m,
        "max_angle_deg" => ride.max_angle_deg,
        "gforce" => ride.gforce,
        "duration_s" => ride.duration_s,
        "capacity_per_hour" => ride.capacity_per_hour,
        "acceleration" => ride.acceleration.clone(),
        "track" => ride.track.map(|track| track.word()),
        "track_name" => ride.track.map(|track| track.name()),
        "layout" => ride.layout.clone(),
        "launch" => launch,
        "restraint" => ride.restraint.clone(),
        "trains" => ride.trains,
        "cars_per_train" => ride.cars_per_train,
        "seats_per_car" => ride.seats_per_car,
        "riders_per_train" => ride.riders_per_train,
        "min_height_cm" => ride.min_height_cm,
        "max_height_cm" => ride.max_height_cm,
        "min_age" => ride.min_age,
        "features" => features,
        "water_name" => ride.water.map(|water| water.name()),
        "cost_text" => ride.cost.map(|cost| {
            format!("{} {}", ride.currency.as_deref().unwrap_or_default(), grouped(cost, 0)).trim_start().to_owned()
        }),
        "theme" => ride.theme.clone(),
        "replaced" => shapes::reference(reader, ride.replaced.as_ref())?,
        "replaced_by" => shapes::reference(reader, ride.replaced_by.as_ref())?,
        "latitude" => ride.coordinates.map(|place| place.latitude),
        "longitude" => ride.coordinates.map(|place| place.longitude),
        "website" => ride.website.clone(),
        "video" => ride.video.clone(),
        "photos" => photos,
        "drawing" => drawing,
        "reviews" => shapes::reviews(reader, &reader.reviews(id)?),
        "previous" => neighbour(position.checked_sub(1))?,
        "next" => neighbour(Some(position + 1))?,
        "position" => position + 1,
        "of" => siblings.len(),
    });
    let breadcrumbs = vec![shapes::link_to(reader, "Parks", "/parks/"), shapes::link(reader, &park)?];
    let park = reader.link(&park)?.unwrap_or_default();
    let park_name = &park.name;
    let frame =
        Frame {
            heading: common.name.clone(),
            title: format!("{} – {park_name}", common.name),
            description: Some(common.description.clone().unwrap_or_else(|| {
                format!("{}, {} at {park_name}.", common.name, ride.category.name().to_lowercase())
            })),
            breadcrumbs,
            updated: common.updated.as_ref().map(|date| shapes::date(reader, date)),
            ..Frame::default()
        };
    Ok(framed(route, "ride.html", frame, ("ride", values), reader)?)
}

fn area(reader: &Reader, park: &RecordId, ride: &Ride) -> anyhow::Result<Value> {
    let Some(name) = &ride.area else { return Ok(Value::none()) };
    let id = RecordId::new(Kind::Area, format!("{}/{}", park.key, slugify(name)));
    shapes::link(reader, &id)
}

fn features(ride: &Ride) -> Vec<&'static str> {
    let all = [
        (ride.indoor, "Indoor"),
        (ride.kiddie, "For children"),
        (ride.single_rider, "Single-rider line"),
        (ride.fast_pass, "Queue pass"),
        (ride.vr, "Virtual reality"),
        (ride.wheelchair_transfer, "Transfer from wheelchair needed"),
    ];
    all.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect()
}

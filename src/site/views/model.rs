//! A model of ride, with the rides of it.

use super::list::{neighbours, page_of};
use super::{body, card_values, heading, missing, record_and_card};
use crate::catalog::{Group, Reader};
use crate::model::record::Details;
use crate::model::{Kind, RecordId};
use crate::site::routes::Route;
use crate::site::shapes;
use crate::site::view::{Failure, Frame, View, framed, map};

/// A page of a model's.
pub fn view(route: &Route, id: &RecordId, number: u32, reader: &Reader) -> Result<View, Failure> {
    let (record, card) = record_and_card(reader, id)?;
    let Details::Model(model) = &record.details else { return Err(missing(id)) };
    let list = page_of(route, &Group::RidesOfModel(id.key.to_string()), number, reader)?;
    let (previous, next) = neighbours(&list);
    let common = &record.common;
    let maker = RecordId::new(Kind::Company, id.parent_key());
    let breadcrumbs = vec![shapes::link_to(reader, "Companies", "/companies/"), shapes::link(reader, &maker)?];
    let maker = reader.link(&maker)?.unwrap_or_default();
    let mut values = card_values(reader, id, &card)?;
    shapes::common(reader, &mut values, common);
    values.extend(map! {
        "body_html" => body(reader, "model.html", id, &common.body)?,
        "category_name" => model.category.map(|category| category.name()),
        "kinds" => shapes::texts(&model.kinds),
        "list" => list,
    });
    let otherwise = || format!("{}, a model by {}.", common.name, maker.name);
    let description = common.description.clone().unwrap_or_else(otherwise);
    let frame = Frame {
        heading: heading(&common.name, number),
        title: format!("{} – {}", heading(&common.name, number), maker.name),
        description: Some(heading(&description, number)),
        breadcrumbs,
        updated: common.updated.as_ref().map(|date| shapes::date(reader, date)),
        previous,
        next,
        ..Frame::default()
    };
    Ok(framed(route, "model.html", frame, ("model", values), reader)?)
}

//! A company: the parks that it runs or owns, its models, the rides that it built or designed.

use super::list::{neighbours, page_of};
use super::{body, card_values, heading, missing, record_and_card};
use crate::catalog::{Group, Reader};
use crate::model::card::CardDetails;
use crate::model::record::Details;
use crate::model::{Kind, RecordId};
use crate::render::Value;
use crate::site::routes::Route;
use crate::site::shapes;
use crate::site::view::{Failure, Frame, View, framed, map};

/// A page of a company's: from the second on only its rides.
pub fn view(route: &Route, id: &RecordId, number: u32, reader: &Reader) -> Result<View, Failure> {
    let (record, card) = record_and_card(reader, id)?;
    let Details::Company(company) = &record.details else { return Err(missing(id)) };
    let key = id.key.to_string();
    let (mut operated, mut owned, mut models) = (Vec::new(), Vec::new(), Vec::new());
    if number == 1 {
        for park in reader.members(&Group::ParksOfCompany(key.clone()))? {
            let Some(park_card) = reader.member_card(&park)? else { continue };
            let CardDetails::Park { operator, owner, .. } = &park_card.details else { continue };
            let value = Value::from(shapes::park_card(reader, &park, &park_card)?);
            if operator.as_deref() == Some(&*id.key) {
                operated.push(value.clone());
            }
            if owner.as_deref() == Some(&*id.key) {
                owned.push(value);
            }
        }
        models = shapes::cards(reader, &reader.members(&Group::ModelsOfCompany(key.clone()))?)?;
    }
    let list = page_of(route, &Group::RidesOfCompany(key), number, reader)?;
    let (previous, next) = neighbours(&list);
    let common = &record.common;
    let mut values = card_values(reader, id, &card)?;
    shapes::common(reader, &mut values, common);
    values.extend(map! {
        "body_html" => body(reader, "company.html", id, &common.body)?,
        "legal_name" => company.legal_name.clone(),
        "person" => company.person,
        "founded" => shapes::date_of(reader, company.founded.as_ref()),
        "closed" => shapes::date_of(reader, company.closed.as_ref()),
        "website" => company.website.clone(),
        "parent" => shapes::link_of(reader, Kind::Company, company.parent.as_ref())?,
        "parks_operated" => operated,
        "parks_owned" => owned,
        "models" => models,
        "list" => list,
    });
    let otherwise = || format!("{}: its parks, models and rides.", common.name);
    let description = common.description.clone().unwrap_or_else(otherwise);
    let frame = Frame {
        heading: heading(&common.name, number),
        description: Some(heading(&description, number)),
        breadcrumbs: vec![shapes::link_to(reader, "Companies", "/companies/")],
        updated: common.updated.as_ref().map(|date| shapes::date(reader, date)),
        previous,
        next,
        ..Frame::default()
    };
    Ok(framed(route, "company.html", frame, ("company", values), reader)?)
}

//! A country, with its parks.

use super::list::{neighbours, page_of};
use super::{card_values, heading, missing};
use crate::catalog::{Group, Reader};
use crate::model::RecordId;
use crate::render::filters::count;
use crate::site::routes::Route;
use crate::site::shapes;
use crate::site::view::{Failure, Frame, View, framed};

/// A page of a country's.
pub fn view(route: &Route, id: &RecordId, number: u32, reader: &Reader) -> Result<View, Failure> {
    let card = reader.card(id)?.ok_or_else(|| missing(id))?;
    let list = page_of(route, &Group::ParksOfCountry(id.key.to_string()), number, reader)?;
    let (previous, next) = neighbours(&list);
    let totals = reader.counts(&Group::ParksOfCountry(id.key.to_string()))?;
    let mut values = card_values(reader, id, &card)?;
    values.insert("list", list);
    let frame = Frame {
        heading: heading(&card.name, number),
        title: format!("Parks in {}", heading(&card.name, number)),
        description: Some(heading(
            &format!(
                "{}: {} with {}",
                card.name,
                count(totals.members, "park", "parks"),
                count(totals.rides, "ride", "rides")
            ),
            number,
        )),
        breadcrumbs: vec![shapes::link_to(reader, "Countries", "/countries/")],
        previous,
        next,
        ..Frame::default()
    };
    Ok(framed(route, "country.html", frame, ("country", values), reader)?)
}

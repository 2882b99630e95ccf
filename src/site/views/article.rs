//! An article.

use super::{body, card_values, missing, record_and_card};
use crate::catalog::Reader;
use crate::model::RecordId;
use crate::model::record::Details;
use crate::site::routes::Route;
use crate::site::shapes;
use crate::site::view::{Failure, Frame, View, framed, map};

/// An article's page.
pub fn view(route: &Route, id: &RecordId, reader: &Reader) -> Result<View, Failure> {
    let (record, card) = record_and_card(reader, id)?;
    let Details::Article(article) = &record.details else { return Err(missing(id)) };
    let common = &record.common;
    let mut values = card_values(reader, id, &card)?;
    shapes::common(reader, &mut values, common);
    values.extend(map! {
        "body_html" => body(reader, "article.html", id, &common.body)?,
        "tags" => shapes::texts(&article.tags),
        "updated" => shapes::date_of(reader, common.updated.as_ref()),
    });
    let frame = Frame {
        heading: common.name.clone(),
        description: common.description.clone(),
        breadcrumbs: vec![shapes::link_to(reader, "Articles", "/articles/")],
        updated: common.updated.as_ref().map(|date| shapes::date(reader, date)),
        ..Frame::default()
    };
    Ok(framed(route, "article.html", frame, ("article", values), reader)?)
}

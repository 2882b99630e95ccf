//! The Atom feed: newest articles and newest rides. Its times come from the content, never from
//! a clock.

use crate::catalog::{Group, Reader};
use crate::model::card::CardDetails;
use crate::model::date::PartialDate;
use crate::model::{Kind, RecordId};
use crate::render::Value;
use crate::site::routes::Route;
use crate::site::view::{Failure, Frame, View, framed, map};

/// Articles in the feed at most, and rides.
const OF_EACH: usize = 20;

/// What feeds without entries say of their last change.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// The feed.
pub fn view(route: &Route, reader: &Reader) -> Result<View, Failure> {
    let base = reader.site().base_url.clone();
    let mut entries: Vec<(PartialDate, Value)> = Vec::new();
    for id in reader.first_members(&Group::Articles, OF_EACH)? {
        let Some(card) = reader.member_card(&id)? else { continue };
        let CardDetails::Article { date, .. } = &card.details else { continue };
        let updated = card.updated.unwrap_or(*date).max(*date);
        let url = format!("{base}{}", card.url);
        let entry = entry(&url, &card.name, updated, *date, card.description);
        entries.push((updated, entry));
    }
    for id in reader.first_members(&Group::NewRides, OF_EACH)? {
        let Some(card) = reader.member_card(&id)? else { continue };
        let CardDetails::Ride(ride) = &card.details else { continue };
        let Some(opened) = ride.opened else { continue };
        let park = reader.link(&RecordId::new(Kind::Park, id.parent_key()))?.unwrap_or_default();
        let park = &park.name;
        let url = format!("{base}{}", card.url);
        let summary = format!("{} at {park}, opened {opened}.", ride.category.name());
        let title = format!("New ride: {} at {park}", card.name);
        entries.push((opened, entry(&url, &title, opened, opened, Some(summary))));
    }
    entries.sort_by(|(a, _), (b, _)| b.cmp(a));
    let updated = entries.first().map_or_else(|| EPOCH.to_owned(), |(date, _)| date.rfc3339());
    let values = map! {
        "id" => format!("{base}/feed.xml"),
        "updated" => updated,
        "self_url" => format!("{base}/feed.xml"),
        "entries" => entries.into_iter().map(|(_, entry)| entry).collect::<Vec<Value>>(),
    };
    Ok(framed(route, "feed.xml", Frame::default(), ("feed", values), reader)?)
}

fn entry(url: &str, title: &str, updated: PartialDate, published: PartialDate, summary: Option<String>) -> Value {
    Value::from(map! {
        "id" => url,
        "title" => title,
        "url" => url,
        "updated" => updated.rfc3339(),
        "published" => published.rfc3339(),
        "summary" => summary,
        "content_html" => Value::none(),
    })
}

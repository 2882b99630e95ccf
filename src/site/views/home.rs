//! The front page: what the site holds, the best and newest rides, articles, countries.

use std::cmp::Reverse;

use crate::catalog::{Group, Reader};
use crate::model::Kind;
use crate::render::Value;
use crate::site::routes::Route;
use crate::site::shapes;
use crate::site::view::{Failure, Frame, View, framed, map};

/// Rides in each of the front page's tables.
const SHOWN: usize = 10;

/// Countries and articles on the front page.
const FEW: usize = 12;

/// The front page.
pub fn view(route: &Route, reader: &Reader) -> Result<View, Failure> {
    let site = reader.site().clone();
    let rides = reader.totals(&Group::Rides)?;
    let mut top = Vec::new();
    if rides.ratings > 0 {
        for id in reader.first_members(&Group::BestRides, SHOWN)? {
            if let Some(card) = reader.member_card(&id)?.filter(|card| card.rating.count > 0) {
                top.push(shapes::card(reader, &id, &card)?);
            }
        }
    }
    let newest = shapes::cards(reader, &reader.first_members(&Group::NewRides, SHOWN)?)?;
    let articles = shapes::cards(reader, &reader.first_members(&Group::Articles, FEW)?)?;
    let mut countries = Vec::new();
    for id in reader.members(&Group::Countries)? {
        countries.push((reader.counts(&Group::ParksOfCountry(id.key.to_string()))?.members, id));
    }
    let count = countries.len();
    countries.sort_by_key(|(parks, id)| (Reverse(*parks), id.clone()));
    let ids: Vec<_> = countries.into_iter().take(FEW).map(|(_, id)| id).collect();
    let values = map! {
        "parks" => reader.counts(&Group::Parks)?.members,
        "rides" => rides.members,
        "coasters" => rides.coasters,
        "companies" => reader.counts(&Group::Sitemap(Kind::Company))?.members,
        "countries" => count,
        "top_rides" => top,
        "newest_rides" => newest,
        "articles" => articles,
        "countries_top" => Value::from(shapes::cards(reader, &ids)?),
    };
    let frame = Frame {
        heading: site.title.clone(),
        title: site.tagline.clone().unwrap_or_else(|| site.title.clone()),
        ..Frame::default()
    };
    Ok(framed(route, "home.html", frame, ("home", values), reader)?)
}

//! One file for each kind of page: from readings to the value that its template sees. Knows
//! nothing of rendering.

mod article;
mod asset_manifest;
mod company;
mod country;
mod feed;
mod home;
mod hosting;
mod list;
mod model;
mod park;
mod ride;
mod sitemap;
mod small;

use super::routes::Route;
use super::view::{Failure, View};
use crate::catalog::Reader;
use crate::model::record::Record;
use crate::model::{Card, Kind, RecordId};
use crate::render::{Entries, Text, Value, markdown, rebased};
use crate::site::{images, shapes};
use crate::source;

/// What the page at `route` shows.
pub fn view(route: &Route, reader: &Reader) -> Result<View, Failure> {
    match route {
        Route::Home => home::view(route, reader),
        Route::List(list, number) => list::view(route, *list, *number, reader),
        Route::Record(id) => record(route, id, 1, reader),
        Route::Later(id, number) => record(route, id, *number, reader),
        Route::Redirect(_, id) => small::redirect(route, id, reader),
        Route::Redirects => small::redirects(reader),
        Route::AssetManifest => asset_manifest::view(reader),
        Route::Hosting(file) => hosting::view(*file, reader),
        Route::SitemapIndex => sitemap::index(route, reader),
        Route::SitemapSite => sitemap::site(route, reader),
        Route::Sitemap(kind, number) => sitemap::part(route, *kind, *number, reader),
        Route::Feed => feed::view(route, reader),
        Route::Robots => small::robots(route, reader),
        Route::NotFound => small::not_found(route, reader),
        Route::Asset(path, _) => small::asset(path, reader),
    }
}

fn record(route: &Route, id: &RecordId, number: u32, reader: &Reader) -> Result<View, Failure> {
    match id.kind {
        Kind::Park => park::view(route, id, reader),
        Kind::Ride => ride::view(route, id, reader),
        Kind::Company => company::view(route, id, number, reader),
        Kind::Model => model::view(route, id, number, reader),
        Kind::Country => country::view(route, id, number, reader),
        Kind::Article => article::view(route, id, reader),
        Kind::Area => Err(missing(id)),
    }
}

/// A page that exists has its record; anything else is our mistake.
fn missing(id: &RecordId) -> Failure {
    Failure::Broken(anyhow::anyhow!("the state has a page for {id}, but no such record"))
}

fn record_and_card(reader: &Reader, id: &RecordId) -> Result<(Record, Card), Failure> {
    let record = reader.record(id)?.ok_or_else(|| missing(id))?;
    let card = reader.card(id)?.ok_or_else(|| missing(id))?;
    Ok((record, card))
}

/// A record's card as the beginning of its own page's value.
fn card_values(reader: &Reader, id: &RecordId, card: &Card) -> Result<Entries, Failure> {
    Entries::of(&shapes::card(reader, id, card)?).ok_or_else(|| missing(id))
}

/// The body of a record as HTML, for pages made with `template`.
fn body(reader: &Reader, template: &str, id: &RecordId, body: &str) -> Result<Value, Failure> {
    if body.is_empty() {
        return Ok(Value::safe_string(""));
    }
    let style = markdown::Style {
        smart_punctuation: reader.setting("smart_punctuation").smart_punctuation,
        trust_html: reader.setting("trust_html").trust_html,
    };
    let mut broken = None;
    let mut also_broken = None;
    let resolve = |id: &RecordId| match reader.link(id) {
        Ok(target) => target.map(|link| (link.name.clone(), link.url.clone())),
        Err(error) => {
            broken = Some(error);
            None
        }
    };
    let beside = |address: &str| {
        beside(reader, id, address).unwrap_or_else(|error| {
            also_broken = Some(error);
            None
        })
    };
    let html = markdown::to_html(body, style, reader.ids_of(template), resolve, beside);
    if let Some(error) = broken.or(also_broken) {
        return Err(Failure::Broken(error));
    }
    match html {
        Ok(html) => Ok(Value::safe_string(&rebased(html, Text::Html, &reader.site().base_path))),
        Err(dangling) => {
            let names: Vec<String> = dangling.iter().map(|id| format!("`{id}`")).collect();
            Err(Failure::Mistake(format!("links to what is not there: {}", names.join(", "))))
        }
    }
}

/// The URL of what an address leads to from the file of a record: the page of another content file, or a
/// picture as it is published.
fn beside(reader: &Reader, id: &RecordId, address: &str) -> Result<Option<String>, anyhow::Error> {
    let origin = reader.origin(id)?.filter(|origin| source::row_unit(origin).is_none());
    let Some(path) = origin.and_then(|origin| source::beside(&origin, address)) else { return Ok(None) };
    if source::is_picture(&path) {
        return images::url(reader, &path);
    }
    let Some(record) = reader.record_in(&path)? else { return Ok(None) };
    Ok(reader.link(&record)?.map(|link| link.url.clone()))
}

/// "Vekoma, page 2" on later pages.
fn heading(name: &str, number: u32) -> String {
    if number == 1 { name.to_owned() } else { format!("{name}, page {number}") }
}

//! The sitemap: an index, a part for the pages that are not records', and parts for each kind of
//! record. Dates of change come from the content, never from file times.

use crate::catalog::{Group, Reader};
use crate::model::Kind;
use crate::render::Value;
use crate::site::routes::{KINDS_WITH_PAGES, List, Route, SITEMAP_PART};
use crate::site::view::{Failure, Frame, View, framed, map};

/// The index of all parts.
pub fn index(route: &Route, reader: &Reader) -> Result<View, Failure> {
    let base = &reader.site().base_url;
    let mut parts =
        vec![Value::from(map! { "loc" => format!("{base}/sitemaps/site.xml"), "lastmod" => Value::none() })];
    for kind in KINDS_WITH_PAGES {
        let group = Group::Sitemap(kind);
        let members = reader.counts(&group)?.members;
        for number in Route::numbers(&group, members, SITEMAP_PART) {
            let url = Route::Sitemap(kind, number).url();
            let url = url.as_ref().map_or("/", |url| url.as_str());
            parts.push(Value::from(map! { "loc" => format!("{base}{url}"), "lastmod" => Value::none() }));
        }
    }
    let values = map! { "parts" => parts };
    Ok(framed(route, "sitemap_index.xml", Frame::default(), ("sitemap", values), reader)?)
}

/// The front page and the lists.
pub fn site(route: &Route, reader: &Reader) -> Result<View, Failure> {
    let base = &reader.site().base_url;
    let lists = List::ALL.into_iter().map(|list| format!("{base}/{}/", list.folder()));
    let urls = std::iter::once(format!("{base}/")).chain(lists);
    let entries: Vec<Value> = urls.map(|loc| Value::from(map! { "loc" => loc, "lastmod" => Value::none() })).collect();
    Ok(framed(route, "sitemap.xml", Frame::default(), ("sitemap", map! { "entries" => entries }), reader)?)
}

/// A part of the sitemap of a kind.
pub fn part(route: &Route, kind: Kind, number: u32, reader: &Reader) -> Result<View, Failure> {
    let base = reader.site().base_url.clone();
    let slice = reader.slice(&Group::Sitemap(kind), number, SITEMAP_PART)?;
    let mut entries = Vec::with_capacity(slice.members.len());
    for id in &slice.members {
        if let Some(card) = reader.member_card(id)? {
            entries.push(Value::from(map! { "loc" => format!("{base}{}", card.url), "lastmod" => card.lastmod() }));
        }
    }
    Ok(framed(route, "sitemap.xml", Frame::default(), ("sitemap", map! { "entries" => entries }), reader)?)
}

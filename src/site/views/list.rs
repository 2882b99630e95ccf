//! The site's lists: parks, rides, companies, countries, articles, a page at a time.

use anyhow::Result;

use super::heading;
use crate::catalog::{Group, Reader, Slice};
use crate::render::filters::count;
use crate::render::{Entries, Key, Value};
use crate::site::routes::{List, Route, per_page, per_page_setting};
use crate::site::shapes;
use crate::site::view::{Failure, Frame, View, framed, map};

/// A page of one of the site's lists.
pub fn view(route: &Route, list: List, number: u32, reader: &Reader) -> Result<View, Failure> {
    let group = list.group();
    let values = page_of(route, &group, number, reader)?;
    let total = values.get("total").and_then(Value::as_i64).unwrap_or_default();
    let (template, name, description) = match list {
        List::Parks => ("park_list.html", "Parks", count(total, "park", "parks") + ", with their rides"),
        List::Rides => ("ride_list.html", "Rides", count(total, "ride", "rides") + ", with their figures and makers"),
        List::Companies => {
            let all = count(total, "company or person", "companies and people");
            ("company_list.html", "Companies", all + " who build, design and run parks and rides")
        }
        List::Countries => {
            ("country_list.html", "Countries", "Parks in ".to_owned() + &count(total, "country", "countries"))
        }
        List::Articles => ("article_list.html", "Articles", "Articles about parks and rides".to_owned()),
    };
    let frame = Frame {
        heading: heading(name, number),
        description: Some(heading(&description, number)),
        previous: text(&values, "prev_url"),
        next: text(&values, "next_url"),
        ..Frame::default()
    };
    Ok(framed(route, template, frame, ("list", values), reader)?)
}

fn text(values: &Entries, name: &'static str) -> Option<String> {
    values.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// The frame's links to the pages before and after.
pub fn neighbours(values: &Entries) -> (Option<String>, Option<String>) {
    (text(values, "prev_url"), text(values, "next_url"))
}

/// A page of any group as `list`.
pub fn page_of(route: &Route, group: &Group, number: u32, reader: &Reader) -> Result<Entries> {
    let slice = match per_page(group, &reader.setting(per_page_setting(group)).per_page) {
        Some(size) => reader.slice(group, number, size)?,
        None => {
            let members = reader.members(group)?;
            let total = members.len() as u32;
            Slice { members, total, pages: 1, number: 1, start: 0 }
        }
    };
    let items = shapes::cards(reader, &slice.members)?;
    let rated = items.iter().any(|item| {
        let rating = item.as_map().and_then(|card| card.get(&Key::Str("rating")));
        rating.is_some_and(|rating| !rating.is_none())
    });
    let url = |number: u32| {
        let other = Route::of_group(group, number).unwrap_or_else(|| route.clone());
        other.url().map(|url| reader.public(url.as_str()).to_string())
    };
    let shown = items.len() as u32;
    Ok(map! {
        "items" => items,
        "total" => slice.total,
        "number" => number,
        "pages" => slice.pages,
        "first" => if shown == 0 { 0 } else { slice.start + 1 },
        "last" => slice.start + shown,
        "prev_url" => if number > 1 { url(number - 1) } else { None },
        "next_url" => if number < slice.pages { url(number + 1) } else { None },
        "page_urls" => pager(number, slice.pages, url),
        "rated" => rated,
    })
}

/// The pages that a pager names: the first, the last, those around this one, gaps between.
fn pager(number: u32, pages: u32, url: impl Fn(u32) -> Option<String>) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut last = 0;
    for page in (1..=pages).filter(|page| *page == 1 || *page == pages || page.abs_diff(number) <= 2) {
        let gap = page > last + 1;
        entries.push(Value::from(map! {
            "number" => page,
            "url" => url(page),
            "current" => page == number,
            "gap" => gap,
        }));
        last = page;
    }
    entries
}

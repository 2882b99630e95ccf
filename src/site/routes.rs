//! Routes: which pages exist. A route follows from a record's card, from the length of a group,
//! or is always there. Knows nothing of what a page shows.

use serde::{Deserialize, Serialize};

use crate::catalog::{Group, country_name};
use crate::config::hosting::{FOLDER, HostFile};
use crate::config::{PerPage, Settings};
use crate::model::card::CardDetails;
use crate::model::{Card, Kind, RecordId};
use crate::paths::UrlPath;

/// One page. Its bytes in the state name it; a change here is a change of the page code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Route {
    /// The front page.
    Home,
    /// A page of one of the site's lists, from 1.
    List(List, u32),
    /// The page of a record.
    Record(RecordId),
    /// A later page of a record's list, from 2.
    Later(RecordId, u32),
    /// A URL that leads to a record.
    Redirect(String, RecordId),
    /// All redirects, for machines.
    Redirects,
    /// The sitemap's index.
    SitemapIndex,
    /// The sitemap of the pages that are not records'.
    SitemapSite,
    /// A part of the sitemap of a kind, from 1.
    Sitemap(Kind, u32),
    /// The Atom feed.
    Feed,
    /// robots.txt.
    Robots,
    /// The page for addresses that lead nowhere.
    NotFound,
    /// An asset: path below `assets/`, URL.
    Asset(String, String),
    /// All assets, for machines.
    AssetManifest,
    /// A file for a server or host.
    Hosting(HostFile),
}

/// The lists that the site always has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum List {
    /// All parks.
    Parks,
    /// All rides.
    Rides,
    /// All companies.
    Companies,
    /// All countries.
    Countries,
    /// All articles.
    Articles,
}

impl List {
    /// Every list.
    pub const ALL: [Self; 5] = [Self::Parks, Self::Rides, Self::Companies, Self::Countries, Self::Articles];

    /// The list's folder in URLs.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Parks => "parks",
            Self::Rides => "rides",
            Self::Companies => "companies",
            Self::Countries => "countries",
            Self::Articles => "articles",
        }
    }

    /// What is listed.
    pub fn group(self) -> Group {
        match self {
            Self::Parks => Group::Parks,
            Self::Rides => Group::Rides,
            Self::Companies => Group::Companies,
            Self::Countries => Group::Countries,
            Self::Articles => Group::Articles,
        }
    }
}

/// URLs in one part of the sitemap: well below the protocol's 50,000 and 50 MB, so that a change
/// writes little.
pub const SITEMAP_PART: u32 = 10_000;

/// The kinds that have a page of their own.
pub const KINDS_WITH_PAGES: [Kind; 6] =
    [Kind::Article, Kind::Company, Kind::Model, Kind::Park, Kind::Ride, Kind::Country];

impl Route {
    /// The page's URL path; `None` where the route's text is not one.
    pub fn url(&self) -> Option<UrlPath> {
        let url = match self {
            // Where the configuration of servers lies is no place for anything that a site calls so.
            Self::Redirect(url, _) | Self::Asset(_, url) if url.split('/').nth(1) == FOLDER.split('/').next() => {
                return None;
            }
            Self::Home => "/".to_owned(),
            Self::List(list, 1) => format!("/{}/", list.folder()),
            Self::List(list, number) => format!("/{}/page/{number}/", list.folder()),
            Self::Record(id) => id.url(),
            Self::Later(id, number) => format!("{}page/{number}/", id.url()),
            Self::Redirect(url, _) | Self::Asset(_, url) => url.clone(),
            Self::Redirects => "/redirects.json".to_owned(),
            Self::AssetManifest => "/assets/manifest.json".to_owned(),
            Self::SitemapIndex => "/sitemap.xml".to_owned(),
            Self::SitemapSite => "/sitemaps/site.xml".to_owned(),
            Self::Sitemap(kind, number) => format!("/sitemaps/{}-{number}.xml", kind.word()),
            Self::Feed => "/feed.xml".to_owned(),
            Self::Robots => "/robots.txt".to_owned(),
            Self::NotFound => "/404.html".to_owned(),
            Self::Hosting(file) => file.url().to_owned(),
        };
        UrlPath::new(&url)
    }

    /// The word for this kind of page, in counts and in `page.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::List(List::Parks, _) => "park_list",
            Self::List(List::Rides, _) => "ride_list",
            Self::List(List::Companies, _) => "company_list",
            Self::List(List::Countries, _) => "country_list",
            Self::List(List::Articles, _) => "article_list",
            Self::Record(id) | Self::Later(id, _) => id.kind.word(),
            Self::Redirect(..) => "redirect",
            Self::Redirects => "redirects",
            Self::AssetManifest => "asset_manifest",
            Self::SitemapIndex | Self::SitemapSite | Self::Sitemap(..) => "sitemap",
            Self::Feed => "feed",
            Self::Robots => "robots",
            Self::NotFound => "404",
            Self::Asset(..) => "asset",
            Self::Hosting(_) => "hosting",
        }
    }

    /// The pages that every site has.
    pub fn always() -> Vec<Self> {
        let others = [
            Self::Home,
            Self::Redirects,
            Self::AssetManifest,
            Self::SitemapIndex,
            Self::SitemapSite,
            Self::Feed,
            Self::Robots,
            Self::NotFound,
        ];
        List::ALL.into_iter().map(|list| Self::List(list, 1)).chain(others).collect()
    }

    /// The pages that a record has because of its card: its own, and those that lead to it.
    pub fn of_card(id: &RecordId, card: &Card) -> Vec<Self> {
        if matches!(card.details, CardDetails::Area { .. }) {
            return Vec::new();
        }
        let redirects = card.redirects.iter().map(|url| Self::Redirect(url.clone(), id.clone()));
        std::iter::once(Self::Record(id.clone())).chain(redirects).collect()
    }

    /// Page `number` (from 1) of a group, where the group's later pages are pages of the site.
    pub fn of_group(group: &Group, number: u32) -> Option<Self> {
        let record = |kind, key: &String| {
            let id = RecordId::new(kind, key.as_str());
            if number == 1 { Self::Record(id) } else { Self::Later(id, number) }
        };
        Some(match group {
            Group::Parks => Self::List(List::Parks, number),
            Group::Rides => Self::List(List::Rides, number),
            Group::Companies => Self::List(List::Companies, number),
            Group::Articles => Self::List(List::Articles, number),
            Group::Sitemap(kind) => Self::Sitemap(*kind, number),
            Group::RidesOfCompany(key) => record(Kind::Company, key),
            Group::RidesOfModel(key) => record(Kind::Model, key),
            Group::ParksOfCountry(key) => record(Kind::Country, key),
            _ => return None,
        })
    }

    /// How many pages a group with `members` members has beyond those that exist anyway, as
    /// numbers: later pages of lists, all parts of a sitemap.
    pub fn numbers(group: &Group, members: i64, per_page: u32) -> std::ops::RangeInclusive<u32> {
        let pages = (members.max(0) as u32).div_ceil(per_page);
        let first = if matches!(group, Group::Sitemap(_)) { 1 } else { 2 };
        first..=pages
    }
}

/// Members on one page of a group; `None` for groups that are never cut into pages.
pub fn per_page(group: &Group, sizes: &PerPage) -> Option<u32> {
    match group {
        Group::Parks | Group::ParksOfCountry(_) => Some(sizes.parks),
        Group::Rides | Group::RidesOfCompany(_) | Group::RidesOfModel(_) => Some(sizes.rides),
        Group::Companies => Some(sizes.companies),
        Group::Articles => Some(sizes.articles),
        Group::Sitemap(_) => Some(SITEMAP_PART),
        _ => None,
    }
}

/// The name of the setting that `per_page` follows.
pub fn per_page_setting(group: &Group) -> &'static str {
    match group {
        Group::Parks | Group::ParksOfCountry(_) => "lists.parks",
        Group::Rides | Group::RidesOfCompany(_) | Group::RidesOfModel(_) => "lists.rides",
        Group::Companies => "lists.companies",
        _ => "lists.articles",
    }
}

/// The names of countries are settings; the card of one has no other source.
pub fn country_card(code: &str, settings: &Settings) -> Card {
    let id = RecordId::new(Kind::Country, code);
    Card {
        name: country_name(settings, code).to_owned(),
        url: id.url(),
        description: None,
        updated: None,
        redirects: Vec::new(),
        photo: None,
        rating: crate::model::Rating::default(),
        details: CardDetails::Country,
    }
}

//! The functions that templates call, answered for one page through its reader, so that every
//! answer is a noted reading. Knows nothing of any one template.

use std::fmt::Display;
use std::rc::Rc;

use super::shapes;
use super::view::map;
use crate::catalog::{Group, Reader};
use crate::config::hosting::{Inlined, PolicyMode};
use crate::diagnostics::suggestion;
use crate::headers::content_type;
use crate::model::card::CardDetails;
use crate::model::{Card, Kind, RecordId};
use crate::paths::RelPath;
use crate::render::{Answers, Kwargs, Value};

/// Answers on behalf of one page.
pub struct PageAnswers(pub Rc<Reader>);

impl Answers for PageAnswers {
    fn answer(&self, function: &'static str, arguments: &Kwargs) -> Result<Value, String> {
        match function {
            "url" => self.url(arguments),
            "absolute_url" => {
                let path: &str = required(arguments, "path")?;
                Ok(format!("{}{path}", self.0.site().base_url).into())
            }
            "asset" => self.asset(arguments),
            "asset_info" => self.asset_info(arguments),
            "inline" => self.inline(arguments),
            "image" => super::images::image(&self.0, arguments),
            "setting" => self.setting(arguments),
            "park" => self.one(Kind::Park, arguments),
            "ride" => self.one(Kind::Ride, arguments),
            "parks" => {
                let group = first_group(
                    arguments,
                    &[
                        ("country", |code| Group::ParksOfCountry(code.to_ascii_uppercase())),
                        ("company", Group::ParksOfCompany),
                        ("operator", Group::ParksOfCompany),
                    ],
                    Group::Parks,
                )?;
                self.many(&group, arguments)
            }
            "rides" => {
                let all = match optional(arguments, "sort")? {
                    Some("rating") => Group::BestRides,
                    _ => Group::Rides,
                };
                let group = first_group(
                    arguments,
                    &[
                        ("park", Group::RidesOfPark),
                        ("model", Group::RidesOfModel),
                        ("manufacturer", Group::RidesOfCompany),
                        ("company", Group::RidesOfCompany),
                    ],
                    all,
                )?;
                self.many(&group, arguments)
            }
            "companies" => self.many(&Group::Companies, arguments),
            "articles" => self.many(&Group::Articles, arguments),
            other => Err(format!("no function `{other}`")),
        }
    }
}

impl PageAnswers {
    fn url(&self, arguments: &Kwargs) -> Result<Value, String> {
        let reference: &str = required(arguments, "to")?;
        let id = RecordId::parse(reference)
            .ok_or_else(|| format!("`{reference}` is not a reference such as `park:efteling`"))?;
        let link = self.0.link(&id).map_err(in_words)?;
        link.map(|link| link.url.as_str().into()).ok_or_else(|| format!("there is no {reference}"))
    }

    fn asset(&self, arguments: &Kwargs) -> Result<Value, String> {
        let name: &str = required(arguments, "path")?;
        let asset = self.0.asset(name).ok_or_else(|| self.no_asset(name))?;
        Ok(asset.url.as_str().into())
    }

    /// URL, integrity, size and type; of a source in a bundle also its style sheets and imports.
    fn asset_info(&self, arguments: &Kwargs) -> Result<Value, String> {
        let name: &str = required(arguments, "path")?;
        let asset = self.0.asset(name).ok_or_else(|| self.no_asset(name))?;
        let (css, imports) = self.0.bundled(name);
        let list = |urls: &[String]| Value::from(urls.iter().map(|url| Value::from(url.as_str())).collect::<Vec<_>>());
        let file = RelPath::new(asset.url.trim_start_matches('/'));
        Ok(Value::from(map! {
            "url" => asset.url.as_str(),
            "integrity" => asset.integrity.clone(),
            "size" => asset.size,
            "type" => file.map_or("application/octet-stream", |file| content_type(&file)),
            "css" => list(css),
            "imports" => list(imports),
        }))
    }

    /// The text of a style sheet or script, to stand in a page.
    fn inline(&self, arguments: &Kwargs) -> Result<Value, String> {
        let name: &str = required(arguments, "path")?;
        if self.0.asset(name).is_none() {
            return Err(self.no_asset(name));
        }
        let policy = &self.0.setting("security").policy;
        if policy.mode != PolicyMode::Off && !policy.inline.iter().any(|(known, _)| known == name) {
            return Err(format!("the policy forbids assets/{name} in pages; name it in `inline` of `[security]`"));
        }
        let text = self.0.asset_text(name).map_err(in_words)?;
        let lower = text.to_ascii_lowercase();
        if Inlined::of(name).is_none()
            || lower.contains("</style")
            || lower.contains("</script")
            || lower.contains("<!--")
        {
            return Err(format!("assets/{name} cannot stand in a page"));
        }
        Ok(Value::safe_string(&text))
    }

    fn no_asset(&self, name: &str) -> String {
        let help = suggestion(name, self.0.asset_names()).unwrap_or_default();
        format!("there is no file assets/{name}; {help}")
    }

    fn setting(&self, arguments: &Kwargs) -> Result<Value, String> {
        let name: &str = required(arguments, "name")?;
        if let Some(extra) = name.strip_prefix("extra.") {
            let (first, rest) = extra.split_once('.').unwrap_or((extra, ""));
            let mut value = self.0.setting(&format!("extra.{first}")).extra.get(first);
            for part in rest.split('.').filter(|part| !part.is_empty()) {
                value = value.and_then(|value| value.get(part));
            }
            return Ok(value.map_or_else(Value::none, Value::from_serializable));
        }
        let site = self.0.site();
        Ok(match name {
            "title" => site.title.as_str().into(),
            "base_url" => site.base_url.as_str().into(),
            "description" => site.description.as_str().into(),
            "language" => site.language.as_str().into(),
            "dir" => site.dir.as_str().into(),
            "tagline" => site.tagline.clone().into(),
            "author" => site.author.clone().into(),
            "rating_scale" => self.0.setting("rating_scale").rating_scale.into(),
            _ => {
                let known =
                    ["title", "base_url", "description", "language", "dir", "tagline", "author", "rating_scale"];
                let help = suggestion(name, known).unwrap_or_default();
                return Err(format!("there is no setting `{name}`; {help}; your own are `extra.…`"));
            }
        })
    }

    fn one(&self, kind: Kind, arguments: &Kwargs) -> Result<Value, String> {
        let key: &str = required(arguments, "key")?;
        let id = RecordId::new(kind, key);
        match self.0.card(&id).map_err(in_words)? {
            Some(card) => shapes::card(&self.0, &id, &card).map_err(in_words),
            None => Ok(Value::none()),
        }
    }

    /// The cards of a group's members: in the group's own order, or sorted and filtered as asked.
    fn many(&self, group: &Group, arguments: &Kwargs) -> Result<Value, String> {
        let limit: usize = optional(arguments, "limit")?.unwrap_or(usize::MAX);
        let category: Option<&str> = optional(arguments, "category")?;
        let role: Option<&str> = optional(arguments, "role")?;
        let sort: Option<&str> = optional(arguments, "sort")?;
        let natural = match group {
            Group::BestRides => "rating",
            Group::Articles => "date",
            _ => "name",
        };
        if category.is_none() && role.is_none() && sort.is_none_or(|sort| sort == natural) {
            let ids = self.0.first_members(group, limit).map_err(in_words)?;
            return Ok(shapes::cards(&self.0, &ids).map_err(in_words)?.into());
        }
        let mut found = Vec::new();
        for id in self.0.members(group).map_err(in_words)? {
            let Some(card) = self.0.member_card(&id).map_err(in_words)? else { continue };
            if matches(&card, category, role) {
                found.push((id, card));
            }
        }
        sort_cards(&mut found, sort.unwrap_or(natural))?;
        let shown = found.iter().take(limit).map(|(id, card)| shapes::card(&self.0, id, card));
        let values: anyhow::Result<Vec<Value>> = shown.collect();
        Ok(values.map_err(in_words)?.into())
    }
}

fn matches(card: &Card, category: Option<&str>, role: Option<&str>) -> bool {
    match &card.details {
        CardDetails::Ride(ride) => category.is_none_or(|category| ride.category.word() == category),
        CardDetails::Company { roles, .. } => role.is_none_or(|role| roles.iter().any(|one| one.word() == role)),
        _ => true,
    }
}

/// Sorts by a figure, greatest first, by date, newest first, or by name; ties by the order before.
fn sort_cards(cards: &mut [(RecordId, Card)], sort: &str) -> Result<(), String> {
    let figure: fn(&Card) -> Option<f64> = match sort {
        "name" => {
            cards.sort_by_cached_key(|(id, card)| (crate::model::slug::sort_key(&card.name), id.clone()));
            return Ok(());
        }
        "opened" | "date" => {
            cards.sort_by_cached_key(|(_, card)| opened(card).map_or([u8::MAX; 5], |date| date.newest_first_key()));
            return Ok(());
        }
        "rating" => |card| (card.rating.count > 0).then(|| card.rating.average_hundredths() as f64),
        "height" => |card| ride(card)?.height_m,
        "speed" => |card| ride(card)?.speed_kmh,
        "length" => |card| ride(card)?.length_m,
        other => {
            let known = ["name", "rating", "opened", "height", "speed", "length"];
            let help = suggestion(other, known).unwrap_or_default();
            return Err(format!("cannot sort by `{other}`; {help}"));
        }
    };
    let key = |card: &Card| figure(card).unwrap_or(f64::NEG_INFINITY);
    cards.sort_by(|(_, a), (_, b)| key(b).total_cmp(&key(a)));
    Ok(())
}

fn ride(card: &Card) -> Option<&crate::model::card::RideCard> {
    match &card.details {
        CardDetails::Ride(ride) => Some(ride),
        _ => None,
    }
}

fn opened(card: &Card) -> Option<crate::model::PartialDate> {
    match &card.details {
        CardDetails::Ride(ride) => ride.opened,
        CardDetails::Park { opened, .. } => *opened,
        CardDetails::Article { date, .. } => Some(*date),
        _ => None,
    }
}

type GroupOf = fn(String) -> Group;

/// The group that the first given argument names.
fn first_group(arguments: &Kwargs, known: &[(&'static str, GroupOf)], all: Group) -> Result<Group, String> {
    for (name, group) in known {
        if let Some(key) = optional::<&str>(arguments, name)? {
            return Ok(group(key.to_owned()));
        }
    }
    Ok(all)
}

pub(super) fn required<'k, T>(arguments: &'k Kwargs, name: &'k str) -> Result<T, String>
where
    T: tera::ArgFromValue<'k, Output = T>,
{
    arguments.must_get(name).map_err(in_words)
}

pub(super) fn optional<'k, T>(arguments: &'k Kwargs, name: &'k str) -> Result<Option<T>, String>
where
    T: tera::ArgFromValue<'k, Output = T>,
{
    arguments.get(name).map_err(in_words)
}

pub(super) fn in_words(error: impl Display) -> String {
    error.to_string()
}

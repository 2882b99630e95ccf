//! `parks(…)`, `rides(…)`, `companies(…)` and `articles(…)`: the cards of a group's members, sorted and filtered as a
//! template asks. What names nothing that there is, is a mistake of the template's. Knows nothing of pages.

use super::answers::{in_words, missing, optional};
use super::shapes;
use crate::catalog::{Group, Reader};
use crate::diagnostics::suggestion;
use crate::model::card::{CardDetails, RideCard};
use crate::model::words::{Category, Role};
use crate::model::{Card, Kind, PartialDate, RecordId, country};
use crate::render::{Kwargs, Value};

type GroupOf = fn(String) -> Group;

/// What one of the functions lists.
struct Listing {
    /// Where nothing is said of whose.
    all: Group,
    /// By argument: the kind of the record whose members are listed.
    of: &'static [(&'static str, Kind, GroupOf)],
    /// What they may be sorted by. The first is the order of the groups themselves.
    sorts: &'static [&'static str],
}

impl Listing {
    fn of(function: &str, sort: Option<&str>) -> Result<Self, String> {
        Ok(match function {
            "parks" => Self {
                all: Group::Parks,
                of: &[
                    ("country", Kind::Country, Group::ParksOfCountry),
                    ("company", Kind::Company, Group::ParksOfCompany),
                    ("operator", Kind::Company, Group::ParksOfCompany),
                ],
                sorts: &["name", "rating", "opened", "date"],
            },
            "rides" => Self {
                all: if sort == Some("rating") { Group::BestRides } else { Group::Rides },
                of: &[
                    ("park", Kind::Park, Group::RidesOfPark),
                    ("model", Kind::Model, Group::RidesOfModel),
                    ("manufacturer", Kind::Company, Group::RidesOfCompany),
                    ("company", Kind::Company, Group::RidesOfCompany),
                ],
                sorts: &["name", "rating", "opened", "date", "height", "speed", "length"],
            },
            "companies" => Self { all: Group::Companies, of: &[], sorts: &["name"] },
            "articles" => Self { all: Group::Articles, of: &[], sorts: &["date", "opened", "name"] },
            other => return Err(format!("no function `{other}`")),
        })
    }
}

/// What is asked of the members.
#[derive(Default)]
struct Filter {
    category: Option<Category>,
    role: Option<Role>,
}

impl Filter {
    fn of(arguments: &Kwargs) -> Result<Self, String> {
        let category: Option<&str> = optional(arguments, "category")?;
        let category =
            category.map(|word| Category::parse(word).ok_or_else(|| unknown("category", word, Category::WORDS)));
        let role: Option<&str> = optional(arguments, "role")?;
        let role = role.map(|word| Role::parse(word).ok_or_else(|| unknown("role", word, Role::WORDS)));
        Ok(Self { category: category.transpose()?, role: role.transpose()? })
    }

    fn takes_all(&self) -> bool {
        self.category.is_none() && self.role.is_none()
    }

    fn takes(&self, card: &Card) -> bool {
        match &card.details {
            CardDetails::Ride(ride) => self.category.is_none_or(|category| ride.category == category),
            CardDetails::Company { roles, .. } => self.role.is_none_or(|role| roles.contains(&role)),
            _ => true,
        }
    }
}

fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    format!("there is no {what} `{word}`; {}", suggestion(word, known.iter().copied()).unwrap_or_default())
}

/// The cards of a group's members: in the group's own order, or sorted and filtered as asked.
pub(super) fn list(reader: &Reader, function: &str, arguments: &Kwargs) -> Result<Value, String> {
    let sort: Option<&str> = optional(arguments, "sort")?;
    let listing = Listing::of(function, sort)?;
    if let Some(sort) = sort.filter(|sort| !listing.sorts.contains(sort)) {
        let help = suggestion(sort, listing.sorts.iter().copied()).unwrap_or_default();
        return Err(format!("cannot sort {function} by `{sort}`; {help}"));
    }
    let group = group(reader, listing.of, arguments)?.unwrap_or(listing.all);
    let limit: usize = optional(arguments, "limit")?.unwrap_or(usize::MAX);
    let filter = Filter::of(arguments)?;
    let natural = match group {
        Group::BestRides => "rating",
        Group::Articles => "date",
        _ => "name",
    };
    if filter.takes_all() && sort.is_none_or(|sort| sort == natural) {
        let ids = reader.first_members(&group, limit).map_err(in_words)?;
        return Ok(shapes::cards(reader, &ids).map_err(in_words)?.into());
    }
    let mut found = Vec::new();
    for id in reader.members(&group).map_err(in_words)? {
        let Some(card) = reader.member_card(&id).map_err(in_words)? else { continue };
        if filter.takes(&card) {
            found.push((id, card));
        }
    }
    sort_cards(&mut found, sort.unwrap_or(natural));
    let shown = found.iter().take(limit).map(|(id, card)| shapes::card(reader, id, card));
    let values: anyhow::Result<Vec<Value>> = shown.collect();
    Ok(values.map_err(in_words)?.into())
}

/// The group that an argument names, where there is one; its record must be there.
fn group(
    reader: &Reader,
    known: &[(&'static str, Kind, GroupOf)],
    arguments: &Kwargs,
) -> Result<Option<Group>, String> {
    let mut found: Option<(&str, Group)> = None;
    for (name, kind, group) in known {
        let Some(key) = optional::<&str>(arguments, name)? else { continue };
        if let Some((other, _)) = found {
            return Err(format!("`{other}` and `{name}` cannot be given together"));
        }
        let key = if *kind == Kind::Country { country_code(reader, key)? } else { key.to_owned() };
        let id = RecordId::new(*kind, key.as_str());
        if *kind != Kind::Country && reader.link(&id).map_err(in_words)?.is_none() {
            return Err(missing(reader, &id));
        }
        found = Some((name, group(key)));
    }
    Ok(found.map(|(_, group)| group))
}

/// The code of a country, of which there need be no park.
fn country_code(reader: &Reader, code: &str) -> Result<String, String> {
    let upper = code.to_ascii_uppercase();
    // A country without a name in the list or in the settings is called as its code.
    if reader.country_name(&upper) != upper {
        return Ok(upper);
    }
    let named = country::codes().find(|known| country::name(known).is_some_and(|name| name.eq_ignore_ascii_case(code)));
    let help = match named {
        Some(known) => format!("did you mean `{known}`?"),
        None => "codes have two letters, such as `NL`".to_owned(),
    };
    Err(format!("there is no country `{code}`; {help}"))
}

/// Sorts by a figure, greatest first, by date, newest first, or by name; ties by the order before.
fn sort_cards(cards: &mut [(RecordId, Card)], sort: &str) {
    let figure: fn(&Card) -> Option<f64> = match sort {
        "opened" | "date" => {
            cards.sort_by_cached_key(|(_, card)| opened(card).map_or([u8::MAX; 5], |date| date.newest_first_key()));
            return;
        }
        "rating" => |card| (card.rating.count > 0).then(|| card.rating.average_hundredths() as f64),
        "height" => |card| ride(card)?.height_m,
        "speed" => |card| ride(card)?.speed_kmh,
        "length" => |card| ride(card)?.length_m,
        _ => {
            cards.sort_by_cached_key(|(id, card)| (crate::model::slug::sort_key(&card.name), id.clone()));
            return;
        }
    };
    let key = |card: &Card| figure(card).unwrap_or(f64::NEG_INFINITY);
    cards.sort_by(|(_, a), (_, b)| key(b).total_cmp(&key(a)));
}

fn ride(card: &Card) -> Option<&RideCard> {
    match &card.details {
        CardDetails::Ride(ride) => Some(ride),
        _ => None,
    }
}

fn opened(card: &Card) -> Option<PartialDate> {
    match &card.details {
        CardDetails::Ride(ride) => ride.opened,
        CardDetails::Park { opened, .. } => *opened,
        CardDetails::Article { date, .. } => Some(*date),
        _ => None,
    }
}

//! The content files of parks with their areas, of companies and of models. It does not know where they are written.

use super::dice::{Dice, Stream};
use super::front::{Front, date_in, day_in, quoted};
use super::plan::{Plan, made_up, slug};
use super::prose::{description, list, paragraph, text};
use super::words;
use std::fmt::Write;

/// A park's `index.md`, and how many redirects lead to it.
pub fn park(plan: &Plan, index: u32) -> (String, u32) {
    let dice = &mut plan.dice(Stream::ParkFacts, index);
    dice.roll(); // the country's, see `Plan::country`
    let mut front = Front::new();
    front.text("name", &plan.park_name(index));
    front.text("description", &description(dice));
    front.raw("updated", updated(dice));
    let renamed = dice.one_in(20);
    if renamed {
        front.texts("former_names", &[format!("{} Park", made_up(dice))]);
        front.texts("former_slugs", &[format!("{}-classic", plan.park_slug(index))]);
    }
    let kinds = ["theme_park", "theme_park", "amusement_park", "amusement_park", "water_park", "zoo", "fair"];
    front.text("type", dice.pick(&kinds));
    life(&mut front, dice);
    front.text("country", plan.country(index));
    front.text("city", &format!("{}{}", made_up(dice), dice.pick(words::TOWN_TAILS)));
    if dice.one_in(2) {
        front.text("region", &made_up(dice));
        front.text("street", &format!("{}straße {}", made_up(dice), dice.between(1..=99)));
    }
    front.raw("latitude", degrees(dice, 60));
    front.raw("longitude", degrees(dice, 170));
    if let Some(operator) = plan.operator(dice) {
        front.text("operator", &plan.company_slug(operator));
    }
    if let Some(owner) = plan.operator(dice).filter(|_| dice.one_in(3)) {
        front.text("owner", &plan.company_slug(owner));
    }
    if dice.one_in(2) {
        front.raw("size_ha", format_args!("{}.5", dice.between(1..=180)));
        front.text("website", &format!("https://www.{}.example/", plan.park_slug(index)));
    }
    if dice.one_in(10) {
        let arabic = "{ name = \"مدينة الألعاب\", lang = \"ar\", dir = \"rtl\" }";
        front.raw("native_names", format_args!("[{{ name = \"歡樂世界\", lang = \"zh\" }}, {arabic}]"));
    }
    history(&mut front, dice, 2);
    (front.with_body(&park_body(plan, index)), u32::from(renamed))
}

/// A park's `areas.toml`, for the parks that have areas.
pub fn areas(plan: &Plan, park: u32) -> Option<String> {
    let names = plan.areas(park);
    let dice = &mut plan.dice(Stream::AreaNames, park);
    dice.roll();
    let mut out = String::new();
    for name in &names {
        writeln!(out, "[[area]]\nname = {}", quoted(name)).expect("writing to a String cannot fail");
        if dice.one_in(2) {
            writeln!(out, "slug = \"{}\"", slug(name)).expect("writing to a String cannot fail");
        }
        let (sentence, year) = (description(dice), dice.between(1960..=2024));
        let opened = date_in(dice, year);
        writeln!(out, "description = {}\nopened = {opened}\n", quoted(&sentence))
            .expect("writing to a String cannot fail");
    }
    (!names.is_empty()).then_some(out)
}

pub fn company(plan: &Plan, index: u32) -> String {
    let dice = &mut plan.dice(Stream::CompanyFacts, index);
    let mut front = Front::new();
    let name = plan.company_name(index);
    front.text("name", &name);
    front.text("description", &description(dice));
    front.raw("updated", updated(dice));
    if dice.one_in(4) {
        front.text("legal_name", &format!("{name} GmbH & Co. KG"));
    }
    match (plan.builds_rides(index), plan.designs_rides(index)) {
        (true, true) => front.texts("roles", &["manufacturer", "designer"]),
        (true, false) => front.texts("roles", &["manufacturer"]),
        _ if dice.one_in(3) => front.texts("roles", &["operator", "owner"]),
        _ => front.texts("roles", &["operator"]),
    };
    front.text("country", words::COUNTRIES[dice.skewed(words::COUNTRIES.len() as u32) as usize].0);
    let founded = dice.between(1870..=2010);
    front.raw("founded", date_in(dice, founded));
    if dice.one_in(6) {
        let closed = dice.between(founded + 10..=2025);
        front.text("closed", &closed.to_string());
    }
    if index > 0 && dice.one_in(8) {
        front.text("parent", &plan.company_slug(dice.below(index)));
    }
    front.with_body(&company_body(plan, index))
}

pub fn model(plan: &Plan, index: u32) -> String {
    let (category, kinds) = words::KINDS[plan.model_category(index)];
    let dice = &mut plan.dice(Stream::ModelFacts, index);
    dice.roll(); // the category's, see `Plan::model_category`
    let mut front = Front::new();
    front.text("name", &plan.model_name(index));
    front.text("description", &description(dice));
    front.raw("updated", updated(dice));
    front.text("category", category);
    front.texts("kinds", &[dice.pick(kinds)]);
    let mut body = String::new();
    paragraph(&mut body, dice, 40);
    writeln!(body, "Built by <company:{}>.", plan.company_slug(plan.model_maker(index)))
        .expect("writing to a String cannot fail");
    front.with_body(&body)
}

/// `status`, `opened`, `closed`: eight in ten operate, some are not open yet, some have no known date.
pub fn life(front: &mut Front, dice: &mut Dice) {
    let status = if dice.below(10) < 8 { "operating" } else { dice.pick(words::STATUSES_BUT_OPERATING) };
    front.text("status", status);
    let ended = matches!(status, "closed" | "demolished" | "relocated");
    let opened = 2025 - dice.skewed(if ended { 100 } else { 120 }) - if ended { 20 } else { 0 };
    match status {
        "under_construction" | "planned" => {
            front.text("opened", dice.pick(&["2027", "2028-05"]));
        }
        _ if dice.one_in(15) => {}
        _ => {
            front.raw("opened", date_in(dice, opened));
        }
    }
    if ended {
        let year = dice.between(opened + 10..=2025);
        front.text("closed", &if dice.one_in(2) { year.to_string() } else { day_in(dice, year) });
    }
}

/// Up to `most` events, so the front matter ends here but for `[extra]`.
pub fn history(front: &mut Front, dice: &mut Dice, most: u32) {
    for _ in 0..dice.below(most + 1) {
        let year = dice.between(1990..=2025);
        front.element("history");
        front.raw("date", date_in(dice, year));
        front.text("type", dice.pick(&["refurbishment", "rename", "reopening", "accident"]));
        front.text("title", &description(dice));
        if dice.one_in(2) {
            front.text("text", &description(dice));
        }
    }
}

pub fn updated(dice: &mut Dice) -> String {
    let year = dice.between(2022..=2025);
    format!("\"{}\"", day_in(dice, year))
}

fn degrees(dice: &mut Dice, most: u32) -> String {
    let sign = if dice.one_in(3) { "-" } else { "" };
    format!("{sign}{}.{:04}", dice.below(most), dice.below(10_000))
}

/// About 300 words.
fn park_body(plan: &Plan, index: u32) -> String {
    let dice = &mut plan.dice(Stream::ParkBody, index);
    let mut out = String::new();
    paragraph(&mut out, dice, 45);
    out.push_str("## History\n\n");
    paragraph(&mut out, dice, 45);
    text(&mut out, dice, 20);
    let other = dice.below(plan.parks);
    write!(out, " See also [{}](park:{})", plan.park_name(other), plan.park_slug(other))
        .expect("writing to a String cannot fail");
    link(&mut out, plan, dice, " and *", "*");
    out.push_str(".\n\n");
    list(&mut out, dice, 4, 7);
    out.push_str("## Getting there\n\n");
    text(&mut out, dice, 40);
    out.push_str(" **");
    text(&mut out, dice, 6);
    out.push_str("**\n\n| Season | Opens | Closes | Price |\n| --- | --- | --- | --- |\n");
    for season in words::SEASONS {
        let (opens, closes, price) = (dice.between(8..=11), dice.between(16..=22), dice.between(9..=69));
        writeln!(out, "| {season} | {opens}:00 | {closes}:30 | {price}.50 |").expect("writing to a String cannot fail");
    }
    out.push_str("\n### By train\n\n");
    text(&mut out, dice, 30);
    writeln!(out, " More in [this country](country:{}).\n", plan.country(index))
        .expect("writing to a String cannot fail");
    paragraph(&mut out, dice, 30);
    text(&mut out, dice, 15);
    link(&mut out, plan, dice, " Compare ", "");
    link(&mut out, plan, dice, ", ", "");
    out.push_str(".\n");
    out
}

/// About 80 words.
fn company_body(plan: &Plan, index: u32) -> String {
    let dice = &mut plan.dice(Stream::CompanyBody, index);
    let mut out = String::new();
    paragraph(&mut out, dice, 35);
    out.push_str("## Works\n\n");
    text(&mut out, dice, 20);
    link(&mut out, plan, dice, " Known for ", ".");
    out.push_str("\n\n");
    list(&mut out, dice, 3, 6);
    out
}

/// A link to any ride between `before` and `after`; nothing in a site without rides.
pub fn link(out: &mut String, plan: &Plan, dice: &mut Dice, before: &str, after: &str) {
    if plan.rides == 0 {
        return;
    }
    let ride = dice.below(plan.rides);
    let key = plan.ride_key(ride);
    match dice.one_in(5) {
        true => write!(out, "{before}<ride:{key}>{after}"),
        false => write!(out, "{before}[{}](ride:{key}){after}", plan.ride_name(ride)),
    }
    .expect("writing to a String cannot fail");
}

//! The content file of a ride. It does not know where it is written.

use super::catalogue::{history, life, link, updated};
use super::dice::{Dice, Stream};
use super::front::Front;
use super::plan::{Plan, made_up, slug};
use super::prose::{description, list, paragraph, text};
use super::words;
use std::fmt::Write;

/// A ride's file, and how many redirects lead to it.
pub fn ride(plan: &Plan, index: u32) -> (String, u32) {
    let dice = &mut plan.dice(Stream::RideFacts, index);
    dice.roll(); // the category's, see `Plan::ride_category`
    let (category, kinds) = words::KINDS[plan.ride_category(index)];
    let mut front = Front::new();
    front.text("name", &plan.ride_name(index));
    front.text("description", &description(dice));
    front.raw("updated", updated(dice));
    let redirects = former(&mut front, plan, dice, index);
    front.text("category", category);
    if dice.one_in(2) {
        front.texts("kinds", &[dice.pick(kinds)]);
    }
    let areas = plan.areas(plan.park_of(index));
    if !areas.is_empty() && !dice.one_in(5) {
        let area = dice.pick(&areas);
        front.text("area", &if dice.one_in(2) { slug(area) } else { area.to_string() });
    }
    life(&mut front, dice);
    builders(&mut front, plan, dice, index);
    match category {
        "roller_coaster" => coaster(&mut front, dice),
        "water_ride" => {
            tenths(&mut front, dice, "height_m", 5, 30);
            tenths(&mut front, dice, "speed_kmh", 20, 80);
            front.text("water", dice.pick(&["splash", "moderate", "soaking", "extreme"]));
        }
        "dark_ride" => {
            front.raw("length_m", dice.between(100..=600)).raw("indoor", true);
        }
        "flat_ride" => tenths(&mut front, dice, "height_m", 5, 90),
        _ => {
            front.raw("length_m", dice.between(300..=4000));
        }
    }
    common(&mut front, plan, dice, index);
    history(&mut front, dice, 1);
    if dice.one_in(30) {
        front.table("extra").raw("sponsored", true);
    }
    (front.with_body(&body(plan, index)), redirects)
}

fn former(front: &mut Front, plan: &Plan, dice: &mut Dice, index: u32) -> u32 {
    let mut redirects = 0;
    if dice.one_in(50) {
        front.texts("former_names", &[format!("{} the Ride", made_up(dice))]);
        front.texts("former_slugs", &[format!("{}-classic", plan.ride_slug(index))]);
        redirects += 1;
    }
    if dice.one_in(100) {
        front.texts("aliases", &[format!("/old/attraction-{index}/")]);
        redirects += 1;
    }
    redirects
}

fn builders(front: &mut Front, plan: &Plan, dice: &mut Dice, index: u32) {
    if let Some(maker) = plan.maker(index) {
        front.texts("manufacturers", &[plan.company_slug(maker)]);
    }
    if let Some(designer) = plan.designer(dice).filter(|_| dice.one_in(8)) {
        front.texts("designers", &[plan.company_slug(designer)]);
    }
    if let Some(model) = plan.model(index) {
        front.text("model", &plan.model_key(model));
    }
}

fn coaster(front: &mut Front, dice: &mut Dice) {
    tenths(front, dice, "height_m", 8, 90);
    tenths(front, dice, "speed_kmh", 25, 140);
    front.raw("length_m", dice.between(200..=2100));
    front.raw("inversions", dice.pick(&[0, 0, 0, 1, 2, 3, 5, 7]));
    front.text("track", dice.pick(&["steel", "steel", "steel", "wood", "hybrid"]));
    front.texts("launch", &[dice.pick(words::LAUNCHES)]);
    if dice.one_in(2) {
        tenths(front, dice, "drop_m", 5, 80);
        front.raw("max_angle_deg", dice.between(30..=97));
        front.raw("gforce", format_args!("{}.{}", dice.between(2..=4), dice.below(10)));
        front.text("restraint", dice.pick(&["Lap bar", "Over-the-shoulder"]));
    }
    if dice.one_in(2) {
        front.raw("trains", dice.between(1..=4)).raw("cars_per_train", dice.between(3..=10));
        front.raw("seats_per_car", dice.pick(&[2, 4]));
    }
}

fn common(front: &mut Front, plan: &Plan, dice: &mut Dice, index: u32) {
    if dice.one_in(2) {
        front.raw("duration_s", dice.between(45..=600)).raw("capacity_per_hour", dice.between(2..=20) * 100);
    }
    if dice.one_in(2) {
        front.raw("min_height_cm", dice.between(16..=28) * 5);
    }
    if dice.one_in(4) {
        front.raw("min_age", dice.between(3..=12));
        front.raw(dice.pick(&["single_rider", "fast_pass", "kiddie", "wheelchair_transfer"]), true);
    }
    if dice.one_in(6) {
        front.text("theme", dice.pick(words::THEMES));
    }
    if dice.one_in(40) {
        front.raw("cost", dice.between(1..=30) * 1_000_000).text("currency", dice.pick(&["EUR", "USD"]));
    }
    let first = plan.rides_of(plan.park_of(index)).start;
    match dice.below(60) {
        0 if index > first => {
            front.text("replaced", &format!("ride:{}", plan.ride_key(index - 1)));
        }
        1 => {
            front.text("replaced", &format!("{} Swing", made_up(dice)));
        }
        _ => {}
    }
}

/// A number with one digit after the point, between `least` and `most` + 0.9.
fn tenths(front: &mut Front, dice: &mut Dice, key: &str, least: u32, most: u32) {
    front.raw(key, format_args!("{}.{}", dice.between(least..=most), dice.below(10)));
}

/// About 120 words.
fn body(plan: &Plan, index: u32) -> String {
    let dice = &mut plan.dice(Stream::RideBody, index);
    let mut out = String::new();
    paragraph(&mut out, dice, 35);
    out.push_str("## Layout\n\n");
    text(&mut out, dice, 20);
    out.push_str(" *");
    text(&mut out, dice, 6);
    out.push('*');
    link(&mut out, plan, dice, " A relative of ", ".");
    out.push_str("\n\n");
    list(&mut out, dice, 3, 6);
    text(&mut out, dice, 25);
    let park = plan.park_of(index);
    write!(out, " In [{}](park:{})", plan.park_name(park), plan.park_slug(park))
        .expect("writing to a String cannot fail");
    if let Some(maker) = plan.maker(index) {
        write!(out, ", by [{}](company:{})", plan.company_name(maker), plan.company_slug(maker))
            .expect("writing to a String cannot fail");
    }
    if let Some(model) = plan.model(index) {
        write!(out, ", a [{}](model:{})", plan.model_name(model), plan.model_key(model))
            .expect("writing to a String cannot fail");
    }
    out.push_str(".\n");
    out
}

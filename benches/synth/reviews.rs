//! The reviews of a park and its rides, one JSON object a line. It does not know what a park's other files hold.

use super::dice::{Dice, Stream};
use super::front::quoted;
use super::plan::Plan;
use super::prose::text;
use super::words;
use std::fmt::Write;

/// The whole `reviews.jsonl` of a park and how many lines it has. A ride has two on the mean
/// (geometric: many have none, a few have many), the park itself likewise.
pub fn of_park(plan: &Plan, park: u32) -> (String, u32) {
    let mut lines = String::new();
    let mut count = each(&mut lines, &mut plan.dice(Stream::ParkReviews, park), None);
    for ride in plan.rides_of(park) {
        let slug = plan.ride_slug(ride);
        count += each(&mut lines, &mut plan.dice(Stream::RideReviews, ride), Some(&slug));
    }
    (lines, count)
}

fn each(lines: &mut String, dice: &mut Dice, ride: Option<&str>) -> u32 {
    let liked = dice.between(3..=9);
    let mut count = 0;
    while count < 40 && !dice.one_in(3) {
        line(lines, dice, ride, liked, count).expect("writing to a String cannot fail");
        count += 1;
    }
    count
}

fn line(out: &mut String, dice: &mut Dice, ride: Option<&str>, liked: u32, at: u32) -> std::fmt::Result {
    out.push('{');
    if dice.one_in(4) {
        write!(out, "\"id\":\"{}-{at}\",", ride.unwrap_or("park"))?;
    }
    if let Some(ride) = ride {
        write!(out, "\"ride\":\"{ride}\",")?;
    }
    let whole = (liked + dice.below(7)).saturating_sub(3).clamp(1, 10);
    let half = if whole < 10 && dice.one_in(8) { ".5" } else { "" };
    write!(out, "\"author\":{},\"rating\":{whole}{half}", quoted(dice.pick(words::AUTHORS)))?;
    if dice.one_in(3) {
        write!(out, ",\"title\":{}", quoted(&words_of(dice, 4)))?;
    }
    let length = dice.between(5..=25);
    write!(out, ",\"text\":{}", quoted(&words_of(dice, length)))?;
    if dice.one_in(3) {
        write!(out, ",\"language\":\"{}\"", dice.pick(words::LANGUAGES))?;
    }
    let (year, month) = (dice.between(2015..=2025), dice.between(2..=12));
    if dice.one_in(4) {
        write!(out, ",\"visited\":\"{year}-{:02}\"", month - 1)?;
    }
    write!(out, ",\"created\":\"{year}-{month:02}-{:02}\"", dice.between(1..=28))?;
    match dice.below(30) {
        0 => out.push_str(",\"state\":\"pending\""),
        1 => out.push_str(",\"state\":\"rejected\""),
        2..=9 => out.push_str(",\"state\":\"approved\""),
        _ => {}
    }
    out.push_str("}\n");
    Ok(())
}

fn words_of(dice: &mut Dice, words: u32) -> String {
    let mut out = String::new();
    text(&mut out, dice, words);
    out
}

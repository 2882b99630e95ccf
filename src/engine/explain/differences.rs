//! What is different between two values of one type, field by field, in few words: for people who
//! ask why. Bounded in length; knows nothing of what the fields mean, but for dates and ratings.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// Fields told of; the rest is counted.
const FIELDS: usize = 4;

/// Characters of a value that are shown; of a longer text only the length is told.
const SHOWN: usize = 40;

/// The fields that differ: `speed_kmh 90 → 95, name Python → Piton`. `None` where no field can be
/// told apart.
pub fn fields(old: &impl Serialize, new: &impl Serialize) -> Option<String> {
    let flat = |value: Value| {
        let mut fields = BTreeMap::new();
        flatten("", value, &mut fields);
        fields
    };
    let old = flat(serde_json::to_value(old).ok()?);
    let new = flat(serde_json::to_value(new).ok()?);
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let nothing = Value::Null;
    let mut told: Vec<String> = Vec::new();
    let mut more = 0;
    for name in names {
        let (before, after) = (old.get(name).unwrap_or(&nothing), new.get(name).unwrap_or(&nothing));
        if before == after {
            continue;
        }
        if told.len() < FIELDS {
            told.push(format!("{name} {}", change(before, after)));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        told.push(format!("{more} more"));
    }
    (!told.is_empty()).then(|| told.join(", "))
}

fn change(before: &Value, after: &Value) -> String {
    let (before, after) = (text(before), text(after));
    let long = |text: &str| text.chars().count() > SHOWN;
    if long(&before) || long(&after) {
        return format!("of {} characters → {} characters", before.chars().count(), after.chars().count());
    }
    format!("{before} → {after}")
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Puts every leaf under its path. Names that only say where a field is kept are left out: those
/// of the parts of a record, and those of variants.
fn flatten(path: &str, value: Value, fields: &mut BTreeMap<String, Value>) {
    let Value::Object(object) = value else {
        fields.insert(path.to_owned(), value);
        return;
    };
    if let Some(short) = known_shape(&object) {
        fields.insert(path.to_owned(), Value::String(short));
        return;
    }
    for (name, value) in object {
        let only_a_place = matches!(name.as_str(), "common" | "details") || name.starts_with(char::is_uppercase);
        let below = match (path.is_empty(), only_a_place) {
            (_, true) => path.to_owned(),
            (true, false) => name,
            (false, false) => format!("{path}.{name}"),
        };
        flatten(&below, value, fields);
    }
}

/// Dates and ratings are said as people say them.
fn known_shape(object: &serde_json::Map<String, Value>) -> Option<String> {
    let number = |name: &str| object.get(name).and_then(Value::as_i64);
    if object.contains_key("precision") {
        let (year, month, day) = (number("year")?, number("month")?, number("day")?);
        return Some(match (month, day) {
            (0, _) => format!("{year}"),
            (_, 0) => format!("{year}-{month:02}"),
            _ => format!("{year}-{month:02}-{day:02}"),
        });
    }
    let (sum, count) = (number("sum_tenths")?, number("count")?);
    let average = if count == 0 { 0.0 } else { sum as f64 / 10.0 / count as f64 };
    Some(format!("{average:.2} of {count} reviews"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_told_from_old_to_new() {
        let old = json!({ "name": "Python", "details": { "Ride": { "speed_kmh": 90.0, "opened": null } } });
        let opened = json!({ "year": 1981, "month": 4, "day": 0, "precision": "Month" });
        let new = json!({ "name": "Python", "details": { "Ride": { "speed_kmh": 95.0, "opened": opened } } });
        assert_eq!(fields(&old, &new).as_deref(), Some("opened nothing → 1981-04, speed_kmh 90.0 → 95.0"));
        assert_eq!(fields(&old, &old), None);
        let long = json!({ "name": "x".repeat(100) });
        assert_eq!(
            fields(&json!({ "name": "Python" }), &long).as_deref(),
            Some("name of 6 characters → 100 characters")
        );
        let many = json!({ "a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1 });
        assert_eq!(
            fields(&json!({}), &many).as_deref(),
            Some("a nothing → 1, b nothing → 1, c nothing → 1, d nothing → 1, 2 more")
        );
    }
}

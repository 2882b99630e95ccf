//! A corpus as Lifthill content: `parks.jsonl`, `rides.jsonl`, `companies.jsonl` and `reviews.jsonl` become the files
//! of a site that says the same things. It does not know how the corpus was made.
//!
//! Other generators built from the same corpus then do comparable work. A line at a time; only
//! the reviews are gathered in memory, by park.

use super::Counts;
use super::front::{Front, quoted};
use super::words::COUNTRIES;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Writes `lifthill.toml` and `content/` below `root`.
///
/// # Errors
/// Where the disk refuses, where `root/content` exists, and where a line of the corpus is not
/// JSON, lacks a field or holds a category, status or country that is not known here.
pub fn from_corpus(corpus: &Path, root: &Path) -> io::Result<Counts> {
    let content = super::new_content(root)?;
    let mut counts = Counts::default();
    each(&corpus.join("parks.jsonl"), |park| {
        let folder = content.join("parks").join(text(park, "slug")?);
        fs::create_dir_all(folder.join("rides"))?;
        counts.parks += 1;
        fs::write(folder.join("index.md"), park_file(park)?)
    })?;
    each(&corpus.join("rides.jsonl"), |ride| {
        let folder = content.join("parks").join(text(ride, "park")?).join("rides");
        counts.rides += 1;
        fs::write(folder.join(text(ride, "slug")?).with_extension("md"), ride_file(ride)?)
    })?;
    let companies = content.join("companies");
    fs::create_dir_all(&companies)?;
    each(&corpus.join("companies.jsonl"), |company| {
        counts.companies += 1;
        fs::write(companies.join(text(company, "slug")?).with_extension("md"), company_file(company)?)
    })?;
    let mut by_park: BTreeMap<String, String> = BTreeMap::new();
    each(&corpus.join("reviews.jsonl"), |review| {
        let (park, ride) = text(review, "ride")?.split_once('/').ok_or_else(|| wrong("a review's ride"))?;
        counts.reviews += 1;
        by_park.entry(park.to_string()).or_default().push_str(&review_line(review, ride)?);
        Ok(())
    })?;
    for (park, lines) in by_park {
        fs::write(content.join("parks").join(park).join("reviews.jsonl"), lines)?;
    }
    Ok(counts)
}

fn park_file(park: &Value) -> io::Result<String> {
    let mut front = head(park)?;
    front.text("status", status(park)?);
    front.text("country", country(park)?);
    front.text("city", text(park, "city")?);
    front.raw("latitude", &park["lat"]);
    front.raw("longitude", &park["lon"]);
    front.text("opened", text(park, "opened")?);
    front.text("operator", text(park, "operator")?);
    Ok(front.with_body(&with_references(text(park, "body")?)))
}

fn ride_file(ride: &Value) -> io::Result<String> {
    let mut front = head(ride)?;
    let (category, kind) = match text(ride, "category")? {
        "Roller coaster" => ("roller_coaster", None),
        "Water ride" => ("water_ride", None),
        "Dark ride" => ("dark_ride", None),
        "Flat ride" => ("flat_ride", None),
        kind @ ("Drop tower" | "Carousel") => ("flat_ride", Some(kind)),
        "Transport ride" => ("transport", None),
        other => return Err(wrong(other)),
    };
    front.text("category", category);
    if let Some(kind) = kind {
        front.texts("kinds", &[kind]);
    }
    front.text("status", status(ride)?);
    front.text("opened", text(ride, "opened")?);
    front.texts("manufacturers", &[text(ride, "manufacturer")?]);
    for key in ["height_m", "speed_kmh", "length_m", "inversions"] {
        if !ride[key].is_null() {
            front.raw(key, &ride[key]);
        }
    }
    Ok(front.with_body(&with_references(text(ride, "body")?)))
}

fn company_file(company: &Value) -> io::Result<String> {
    let mut front = head(company)?;
    let roles = company["roles"].as_array().ok_or_else(|| wrong("roles"))?;
    let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
    front.texts("roles", &roles);
    front.text("country", country(company)?);
    front.raw("founded", &company["founded"]);
    Ok(front.with_body(&with_references(text(company, "body")?)))
}

fn review_line(review: &Value, ride: &str) -> io::Result<String> {
    let mut line = String::new();
    let (author, words) = (quoted(text(review, "author")?), quoted(text(review, "text")?));
    let (rating, created) = (&review["rating"], text(review, "date")?);
    writeln!(
        line,
        "{{\"ride\":\"{ride}\",\"author\":{author},\"rating\":{rating},\"text\":{words},\"created\":\"{created}\"}}"
    )
    .expect("writing to a String cannot fail");
    Ok(line)
}

/// What every record has.
fn head(record: &Value) -> io::Result<Front> {
    let mut front = Front::new();
    front.text("name", text(record, "name")?);
    front.text("description", text(record, "description")?);
    front.text("updated", text(record, "updated")?);
    Ok(front)
}

fn status(record: &Value) -> io::Result<&'static str> {
    match text(record, "status")? {
        "operating" => Ok("operating"),
        "closed" => Ok("closed"),
        "under construction" => Ok("under_construction"),
        other => Err(wrong(other)),
    }
}

fn country(record: &Value) -> io::Result<&'static str> {
    let name = text(record, "country")?;
    let known = COUNTRIES.iter().find(|(_, english)| *english == name);
    known.map(|(code, _)| *code).ok_or_else(|| wrong(name))
}

/// `](/parks/x/)` becomes `](park:x)`, `](/parks/x/rides/y/)` becomes `](ride:x/y)`.
fn with_references(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("](/parks/") {
        let (path, behind) = after.split_once(')').unwrap_or((after, ""));
        let path = path.trim_end_matches('/');
        out.push_str(before);
        match path.split_once("/rides/") {
            Some((park, ride)) => write!(out, "](ride:{park}/{ride})"),
            None => write!(out, "](park:{path})"),
        }
        .expect("writing to a String cannot fail");
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn text<'a>(record: &'a Value, key: &str) -> io::Result<&'a str> {
    record[key].as_str().ok_or_else(|| wrong(key))
}

fn each(file: &Path, mut line: impl FnMut(&Value) -> io::Result<()>) -> io::Result<()> {
    let in_file = |at: usize, error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}:{}: {error}", file.display(), at + 1))
    };
    let reader =
        File::open(file).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    for (at, json) in BufReader::new(reader).lines().enumerate() {
        let record: Value = serde_json::from_str(&json?).map_err(|error| in_file(at, &error))?;
        line(&record).map_err(|error| in_file(at, &error))?;
    }
    Ok(())
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not understood or missing: {what}"))
}

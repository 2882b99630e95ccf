//! Files that hold many small things: a park's areas, reviews and photos. Knows nothing of
//! Markdown records.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;

use super::pictures;
use super::row_values::as_written;
use super::typed;
use super::{Parsed, ParsedRecord, Reading};
use crate::digest::Digest;
use crate::fields::{self, Fields, Findings, Node, Shape};
use crate::model::record::{Area, Common, Details, Record};
use crate::model::slug::{is_slug, slugify};
use crate::model::words::Moderation;
use crate::model::{Kind, PartialDate, Photo, RecordId, Review};
use crate::paths::is_plain_component;
use crate::text::{self, composed};

/// The `[[name]]` entries of a TOML file.
fn entries(name: &'static str, findings: &mut Findings<'_>) -> Vec<Node> {
    let Some(node) = fields::toml(findings, 0..findings.source.len()) else { return Vec::new() };
    let mut fields = Fields::of(node, findings);
    let entries = fields.items(name);
    fields.finish(findings);
    entries
}

/// The areas of a park, in file order.
pub fn areas(park: &str, findings: &mut Findings<'_>) -> Parsed {
    let entries = entries("area", findings);
    areas_in(park, entries, findings)
}

/// The areas of a park, from rows in their order.
pub fn area_rows(park: &str, findings: &mut Findings<'_>) -> Parsed {
    let rows = rows(findings);
    areas_in(park, rows, findings)
}

/// Rows as JSON, one a line.
fn rows(findings: &mut Findings<'_>) -> Vec<Node> {
    lines(findings.source).filter_map(|place| fields::json_line(findings, place)).map(as_written).collect()
}

/// The place of every line with something on it.
fn lines(source: &str) -> impl Iterator<Item = Range<usize>> + use<> {
    let mut start = 0;
    let places: Vec<Range<usize>> = source
        .split_inclusive('\n')
        .map(|line| {
            start += line.len();
            start - line.len()..start - line.len() + line.trim_end().len()
        })
        .filter(|place| !place.is_empty())
        .collect();
    places.into_iter()
}

fn areas_in(park: &str, entries: Vec<Node>, findings: &mut Findings<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let mut slugs = BTreeSet::new();
    for (position, node) in entries.into_iter().enumerate() {
        let mut fields = Fields::of(node, findings);
        let name = fields.required_text("name", findings);
        let slug = match fields.text_at("slug", findings) {
            Some((slug, _)) if is_slug(&slug) => slug,
            Some((slug, place)) => {
                findings.note(place, format!("`{slug}` is not a slug"), Some(format!("write `{}`", slugify(&slug))));
                continue;
            }
            None => slugify(&name),
        };
        let common = Common { name, description: fields.text("description", findings), ..Common::default() };
        let opened = typed::date(&mut fields, "opened", findings);
        let closed = typed::date(&mut fields, "closed", findings);
        let place = fields.span();
        fields.finish(findings);
        let id = RecordId::new(Kind::Area, format!("{park}/{slug}"));
        if !slugs.insert(slug) {
            findings.note(
                place,
                format!("two areas of this park have the slug `{}`", id.key.rsplit('/').next().unwrap_or_default()),
                Some("give one of them a `slug`".into()),
            );
            continue;
        }
        let details = Details::Area(Area { position: position as u32, opened, closed });
        let references = vec![(RecordId::new(Kind::Park, park), 0..0)];
        parsed.records.push(ParsedRecord { id, record: Record { common, details }, references, body_at: 0 });
    }
    parsed
}

/// The photos of a park, its rides and its areas. `folder` is the park's, below `content/`.
pub fn photos(park: &str, folder: &str, findings: &mut Findings<'_>) -> Parsed {
    let entries = entries("photo", findings);
    photos_in(park, &format!("{folder}/photos"), entries, findings)
}

/// The photos of a park, its rides and its areas, from rows in their order. The pictures
/// themselves are files.
pub fn photo_rows(park: &str, reading: &Reading, findings: &mut Findings<'_>) -> Parsed {
    let rows = rows(findings);
    let folder = if reading.photos_apart { pictures::OF_ROWS.to_owned() } else { format!("parks/{park}/photos") };
    photos_in(park, &folder, rows, findings)
}

fn photos_in(park: &str, folder: &str, entries: Vec<Node>, findings: &mut Findings<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let mut by_target: BTreeMap<RecordId, Vec<Photo>> = BTreeMap::new();
    for node in entries {
        let mut fields = Fields::of(node, findings);
        let file = fields.text_at("file", findings);
        let target = target(park, &mut fields, findings);
        // An empty one says that there is nothing to say.
        let alt = fields.text_at("alt", findings).map(|(alt, _)| alt);
        let photo = Photo {
            file: String::new(),
            alt: alt.clone().unwrap_or_default(),
            caption: fields.text("caption", findings),
            credit: fields.text("credit", findings),
            licence: fields.text("licence", findings),
            source: typed::web_url(&mut fields, "source", findings),
            taken: typed::date(&mut fields, "taken", findings),
            primary: fields.flag("primary", findings).unwrap_or(false),
        };
        let approved = fields.flag("approved", findings).unwrap_or(true);
        let place = fields.span();
        fields.finish(findings);
        match file {
            Some((name, place)) if !name.split('/').all(is_plain_component) => {
                findings.note(place, format!("`{name}` is not a file name"), None);
            }
            Some((name, place)) if approved => {
                if alt.is_none() {
                    findings.warn(place, format!("`{name}` has no `alt`: what it shows, for those who cannot see it"));
                }
                let path = format!("{folder}/{name}");
                // A folder of the application's own is asked by the name that its rows have.
                let file = if pictures::is_of_rows(&path) { path } else { composed(&path).into_owned() };
                let photo = Photo { file, ..photo };
                by_target.entry(target.0.clone()).or_default().push(photo);
                parsed.references.push(target);
            }
            Some(_) => {}
            None => findings.note(place, "a photo needs its `file`", None),
        }
    }
    parsed.photos = by_target.into_iter().collect();
    parsed
}

fn target(park: &str, fields: &mut Fields, findings: &mut Findings<'_>) -> (RecordId, Range<usize>) {
    let ride = fields.text_at("ride", findings);
    let area = fields.text_at("area", findings);
    match (ride, area) {
        (Some((ride, place)), _) => (RecordId::new(Kind::Ride, format!("{park}/{ride}")), place),
        (None, Some((area, place))) => (RecordId::new(Kind::Area, format!("{park}/{}", slugify(&area))), place),
        (None, None) => (RecordId::new(Kind::Park, park), fields.span()),
    }
}

/// A line of `reviews.jsonl` as its writer means it. Anything else is read again slowly, to say
/// what is wrong with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    id: Option<&'a str>,
    ride: Option<&'a str>,
    #[serde(borrow)]
    author: std::borrow::Cow<'a, str>,
    rating: f64,
    #[serde(borrow)]
    title: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<std::borrow::Cow<'a, str>>,
    language: Option<&'a str>,
    visited: Option<&'a str>,
    created: &'a str,
    state: Option<&'a str>,
}

/// The approved reviews of a park and its rides, newest first.
pub fn reviews(park: &str, reading: &Reading, findings: &mut Findings<'_>) -> Parsed {
    reviews_in(park, None, reading, findings)
}

/// The approved reviews of a park, or of one of its rides, newest first, from rows that do not
/// say of which.
pub fn review_rows(park: &str, ride: Option<&str>, reading: &Reading, findings: &mut Findings<'_>) -> Parsed {
    reviews_in(park, ride, reading, findings)
}

fn reviews_in(park: &str, ride: Option<&str>, reading: &Reading, findings: &mut Findings<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let mut by_target: BTreeMap<RecordId, Vec<Review>> = BTreeMap::new();
    let mut start = 0;
    for line in findings.source.split_inclusive('\n') {
        let place = start..start + line.trim_end().len();
        start += line.len();
        if place.is_empty() {
            continue;
        }
        let review = match quick_review(park, &findings.source[place.clone()], reading) {
            Some(review) => Some(review),
            None => slow_review(park, place.clone(), reading, findings),
        };
        if let Some((target, Moderation::Approved, review)) = review {
            let target = ride.map_or(target, |ride| review_target(park, Some(ride)));
            if !by_target.contains_key(&target) {
                parsed.references.push((target.clone(), place));
            }
            by_target.entry(target).or_default().push(review);
        }
    }
    for reviews in by_target.values_mut() {
        reviews.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
    }
    parsed.reviews = by_target.into_iter().collect();
    parsed
}

type Judged = (RecordId, Moderation, Review);

fn review_target(park: &str, ride: Option<&str>) -> RecordId {
    match ride {
        Some(ride) => RecordId::new(Kind::Ride, format!("{park}/{ride}")),
        None => RecordId::new(Kind::Park, park),
    }
}

/// Tenths of a point, for ratings in whole or half points on the scale.
fn tenths(rating: f64, scale: u32) -> Option<u16> {
    let doubled = rating * 2.0;
    let fits = doubled.fract() == 0.0 && (1.0..=f64::from(scale)).contains(&rating);
    fits.then_some((doubled * 5.0) as u16)
}

fn quick_review(park: &str, line: &str, reading: &Reading) -> Option<Judged> {
    let line_of: Line<'_> = serde_json::from_str(line).ok()?;
    let state = line_of.state.map_or(Some(Moderation::Approved), Moderation::parse)?;
    let visited = match line_of.visited {
        Some(text) => Some(PartialDate::parse(text).ok()?),
        None => None,
    };
    let texts =
        [Some(&*line_of.author), line_of.title.as_deref(), line_of.text.as_deref(), line_of.id, line_of.language];
    let showable = texts.into_iter().flatten().all(|text| text::forbidden(text).is_none());
    let fits = line_of.ride.is_none_or(is_slug) && !line_of.author.trim().is_empty();
    if !fits || !showable {
        return None;
    }
    let review = Review {
        id: line_of.id.map_or_else(|| Digest::of(line.as_bytes()).hex(16), str::to_owned),
        author: line_of.author.trim().to_owned(),
        tenths: tenths(line_of.rating, reading.rating_scale)?,
        title: line_of.title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty()),
        text: line_of.text.map(|text| text.trim().to_owned()).unwrap_or_default(),
        language: line_of.language.map(str::to_owned),
        visited,
        created: PartialDate::parse(line_of.created).ok()?,
    };
    Some((review_target(park, line_of.ride), state, review))
}

/// A review whose words, which are those of a visitor, hold nothing that no page can show: it stands for what
/// the visitor meant as well without.
fn with_showable_words(mut node: Node, findings: &mut Findings<'_>) -> Node {
    let Shape::Table(entries) = &mut node.shape else { return node };
    for (name, _, node) in entries.iter_mut().filter(|(name, ..)| ["author", "title", "text"].contains(&name.as_str()))
    {
        let Shape::String(words) = &mut node.shape else { continue };
        let Some((_, character)) = text::forbidden(words) else { continue };
        let shown = text::shown(character);
        findings.warn(
            node.span.clone(),
            format!("`{name}` holds the character {shown}, which no page can show: U+FFFD is shown"),
        );
        *words = text::without_forbidden(words).into_owned();
    }
    node
}

fn slow_review(park: &str, place: Range<usize>, reading: &Reading, findings: &mut Findings<'_>) -> Option<Judged> {
    let node = as_written(fields::json_line(findings, place.clone())?);
    let node = with_showable_words(node, findings);
    let before = findings.number();
    let mut fields = Fields::of(node, findings);
    let id = fields.text("id", findings);
    let ride = fields.text_at("ride", findings);
    if let Some((slug, place)) = ride.as_ref().filter(|(slug, _)| !is_slug(slug)) {
        findings.note(place.clone(), format!("`{slug}` is not the slug of a ride"), None);
    }
    let author = fields.required_text("author", findings);
    let rating = fields.take("rating");
    let rated = rating.as_ref().and_then(|node| match node.shape {
        Shape::Integer(points) => tenths(points as f64, reading.rating_scale),
        Shape::Float(points) => tenths(points, reading.rating_scale),
        _ => None,
    });
    if rated.is_none() {
        let place = rating.map_or(place.clone(), |node| node.span);
        let scale = reading.rating_scale;
        findings.note(place, format!("`rating` must be whole or half points from 1 to {scale}"), None);
    }
    let title = fields.text("title", findings);
    let text = fields.text("text", findings).unwrap_or_default();
    let language = fields.text("language", findings);
    let visited = typed::date(&mut fields, "visited", findings);
    let created = typed::date(&mut fields, "created", findings);
    if created.is_none() {
        findings.note(place.clone(), "a review needs the date `created`", None);
    }
    let state = typed::word(&mut fields, "state", Moderation::WORDS, Moderation::parse, findings);
    fields.finish(findings);
    if findings.number() > before {
        return None;
    }
    let id = id.unwrap_or_else(|| Digest::of(&findings.source.as_bytes()[place]).hex(16));
    let review = Review { id, author, tenths: rated?, title, text, language, visited, created: created? };
    let target = review_target(park, ride.as_ref().map(|(slug, _)| slug.as_str()));
    Some((target, state.unwrap_or(Moderation::Approved), review))
}

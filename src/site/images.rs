//! `image(photo=…)`: which variants of a photo a page shows, and what it says of them. Only names
//! and sizes are worked out here; the files are made later, by whoever collects the demands.

use std::collections::BTreeMap;

use base64::Engine as _;

use super::answers::{in_words, optional, required};
use super::view::map;
use crate::catalog::{Picture, Reader};
use crate::config::{PhotoFormat, PhotoSettings, parse_box};
use crate::media::{Coding, Operation, Size, Survey, Variant};
use crate::model::slug::slugify;
use crate::render::{Kwargs, Map, Value};

/// The longest side of a picture that WebP can hold.
const LONGEST: u32 = 16_383;

/// Pixels across that suit a page.
const SUITS: u32 = 1200;

/// What a template asks for.
struct Wanted {
    /// From the largest to the smallest; no two alike.
    sizes: Vec<Size>,
    /// The best first.
    formats: Vec<PhotoFormat>,
    /// How wide the picture will be shown.
    sizes_attribute: Option<String>,
}

/// Answers `image(photo=…)`. A photo is what views call `photo`. Without more arguments: at its full
/// size and as the thumbnails of the settings, in the formats of the settings. `widths=[400, 800]`
/// or `fit="800x600"` choose sizes, none larger than the picture; `formats=["avif", "webp"]` chooses
/// codings; `original=true` is the picture as it came, without its metadata.
pub fn image(reader: &Reader, arguments: &Kwargs) -> Result<Value, String> {
    let photo: Value = required(arguments, "photo")?;
    let file = photo
        .as_map()
        .and_then(|map| entry(map, "file"))
        .and_then(Value::as_str)
        .ok_or("`photo` must be a photo of a park or ride")?;
    let picture = reader.picture(file).map_err(in_words)?;
    let Some(Picture { file: written, digest, found: Ok(survey) }) = picture else {
        return Err(format!("there is no picture content/{file} that can be read"));
    };
    let settings = &reader.setting("photos").photos;
    let stem = stem(file);
    let demand = |operation: Operation| {
        let variant = Variant::new(written.as_deref().unwrap_or(file), digest, survey.format, operation);
        let path = variant.file(&stem);
        let url = reader.public(&format!("/{path}")).to_string();
        reader.demand(path, variant);
        url
    };
    if optional(arguments, "original")?.unwrap_or(false) {
        if let Some(other) = ["widths", "fit", "formats"].into_iter().find(|name| given(arguments, name)) {
            return Err(format!("`original` and `{other}` cannot be given together"));
        }
        let url = demand(Operation::Original { metadata: settings.keep_metadata });
        return Ok(shown(&photo, &survey, url, (survey.width, survey.height), Vec::new(), None));
    }
    let wanted = Wanted::of(arguments, &survey, settings)?;
    let mut sources = Vec::new();
    for format in &wanted.formats {
        let coding = coding(*format, settings);
        let url_of = |size: &Size| demand(Operation::Encoded { size: *size, linear: settings.linear_light, coding });
        let urls: Vec<(Size, String)> = wanted.sizes.iter().map(|size| (*size, url_of(size))).collect();
        sources.push((coding, urls));
    }
    // Browsers that know no srcset are given a size that suits a page.
    let (_, fallback) = sources.last().ok_or("`formats` must not be empty")?;
    let (size, url) = fallback.iter().find(|(size, _)| size.width <= SUITS).or(fallback.last()).ok_or("no size")?;
    let (size, url) = (*size, url.clone());
    let sources: Vec<Value> = sources
        .iter()
        .map(|(coding, urls)| {
            let entries: Vec<String> = urls.iter().rev().map(|(size, url)| format!("{url} {}w", size.width)).collect();
            Value::from(map! { "type" => coding.media_type(), "srcset" => entries.join(", ") })
        })
        .collect();
    Ok(shown(&photo, &survey, url, (size.width, size.height), sources, wanted.sizes_attribute))
}

/// Whether an argument says anything.
fn given(arguments: &Kwargs, name: &str) -> bool {
    arguments.iter().any(|(key, value)| key.as_str() == Some(name) && value.is_truthy())
}

/// The URL of a picture below `content/` at a size that suits a page, for addresses in bodies; `None` where there
/// is none that can be read.
pub fn url(reader: &Reader, file: &str) -> anyhow::Result<Option<String>> {
    let Some(Picture { digest, found: Ok(survey), .. }) = reader.picture(file)? else { return Ok(None) };
    let settings = &reader.setting("photos").photos;
    let boxes = std::iter::once((LONGEST, LONGEST)).chain(settings.thumbnails.iter().copied());
    let sizes: BTreeMap<u32, Size> = boxes.map(|most| fitting(&survey, most)).map(|size| (size.width, size)).collect();
    let suits = sizes.values().rev().find(|size| size.width <= SUITS).or(sizes.values().next());
    let (Some(size), Some(format)) = (suits, settings.formats.last()) else { return Ok(None) };
    let coding = coding(*format, settings);
    let operation = Operation::Encoded { size: *size, linear: settings.linear_light, coding };
    let variant = Variant::new(file, digest, survey.format, operation);
    let path = variant.file(&stem(file));
    let url = format!("/{path}");
    reader.demand(path, variant);
    Ok(Some(url))
}

/// The name of a picture's file as a part of URLs.
fn stem(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    slugify(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
}

/// The size of a picture in a box.
fn fitting(survey: &Survey, most: (u32, u32)) -> Size {
    let most = (most.0.min(LONGEST), most.1.min(LONGEST));
    let (width, height) = crate::media::fit((survey.width, survey.height), most);
    Size { width, height }
}

fn entry<'m>(map: &'m Map, name: &str) -> Option<&'m Value> {
    map.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value)
}

/// What a template is told.
fn shown(
    photo: &Value,
    survey: &Survey,
    url: String,
    (width, height): (u32, u32),
    sources: Vec<Value>,
    sizes: Option<String>,
) -> Value {
    let mut values = photo.as_map().cloned().unwrap_or_default();
    let srcset = sources.last().and_then(|last| entry(last.as_map()?, "srcset").cloned());
    let added = Value::from(map! {
        "url" => url,
        "width" => width,
        "height" => height,
        "full_width" => survey.width,
        "full_height" => survey.height,
        "sources" => sources,
        "srcset" => srcset.unwrap_or_else(Value::none),
        "sizes" => sizes,
        "colour" => (!survey.transparent).then(|| survey.css_colour()),
        "thumbhash" => base64::engine::general_purpose::STANDARD_NO_PAD.encode(&survey.thumb_hash),
    });
    values.extend(added.as_map().cloned().unwrap_or_default());
    values.into()
}

impl Wanted {
    fn of(arguments: &Kwargs, survey: &Survey, settings: &PhotoSettings) -> Result<Self, String> {
        let widths: Vec<u32> = optional(arguments, "widths")?.unwrap_or_default();
        let fit: Option<&str> = optional(arguments, "fit")?;
        let formats: Vec<String> = optional(arguments, "formats")?.unwrap_or_default();
        let sizes_attribute: Option<&str> = optional(arguments, "sizes")?;

        let fitting = |most: (u32, u32)| fitting(survey, most);
        if !widths.is_empty() && fit.is_some_and(|fit| !fit.is_empty()) {
            return Err("`widths` and `fit` cannot be given together".to_owned());
        }
        let boxes: Vec<(u32, u32)> = match fit.filter(|fit| !fit.is_empty()) {
            Some(text) => vec![parse_box(text).ok_or_else(|| format!("`{text}` is not a size such as `800x600`"))?],
            None if widths.contains(&0) => return Err("a width must be at least 1".to_owned()),
            None if !widths.is_empty() => widths.iter().map(|width| (*width, u32::MAX)).collect(),
            None => std::iter::once((u32::MAX, u32::MAX)).chain(settings.thumbnails.iter().copied()).collect(),
        };
        let sizes: BTreeMap<u32, Size> = boxes.into_iter().map(fitting).map(|size| (size.width, size)).collect();
        let formats = if formats.is_empty() {
            settings.formats.clone()
        } else {
            let parse = |name: &String| {
                PhotoFormat::parse(name).ok_or_else(|| format!("`{name}` cannot be made; known here: avif, webp"))
            };
            formats.iter().map(parse).collect::<Result<_, _>>()?
        };
        let sizes_attribute = sizes_attribute.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Self { sizes: sizes.into_values().rev().collect(), formats, sizes_attribute })
    }
}

fn coding(format: PhotoFormat, settings: &PhotoSettings) -> Coding {
    match format {
        PhotoFormat::WebP => {
            Coding::WebP { quality: settings.quality, method: settings.method, animated: settings.animated }
        }
        PhotoFormat::Avif => Coding::Avif { quality: settings.avif_quality, speed: settings.avif_speed },
    }
}

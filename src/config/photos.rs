//! The settings that say what is made of photos: `[photos]`. Knows nothing of pictures.

use serde::Serialize;

use crate::fields::{Fields, Findings, Shape};

/// What is made of photos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhotoSettings {
    /// Codings, the best first; browsers that know none of them are given the last.
    pub formats: Vec<PhotoFormat>,
    /// Quality of WebP, 0 to 100.
    pub quality: u8,
    /// Effort of WebP, 0 (fast) to 6 (small).
    pub method: u8,
    /// Quality of AVIF, 1 to 100.
    pub avif_quality: u8,
    /// Speed of AVIF, 1 (small) to 10 (fast).
    pub avif_speed: u8,
    /// Boxes that thumbnails fit into: pixels across and down.
    pub thumbnails: Vec<(u32, u32)>,
    /// Whether pictures are scaled in linear light.
    pub linear_light: bool,
    /// Whether animations stay animations; else their first frame is shown.
    pub animated: bool,
    /// Whether published originals keep their metadata.
    pub keep_metadata: bool,
    /// The folder of the pictures that rows name, from the site's root, where they are not in
    /// `content/`. It may be outside the root, and is only read; where it is says nothing of a page.
    #[serde(skip)]
    pub folder: Option<String>,
}

/// A coding that pictures are sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PhotoFormat {
    /// Smaller, slow to make.
    Avif,
    /// Known to every browser.
    WebP,
}

impl PhotoFormat {
    /// The format with this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "avif" => Some(Self::Avif),
            "webp" => Some(Self::WebP),
            _ => None,
        }
    }
}

impl Default for PhotoSettings {
    fn default() -> Self {
        Self {
            formats: vec![PhotoFormat::WebP],
            quality: 85,
            method: 6,
            avif_quality: 70,
            avif_speed: 6,
            thumbnails: vec![(800, 600), (400, 300)],
            linear_light: false,
            animated: false,
            keep_metadata: false,
            folder: None,
        }
    }
}

/// A box as people write it: `800x600`.
pub fn parse_box(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    let side = |text: &str| text.parse().ok().filter(|side| (1..=16_383).contains(side));
    Some((side(width)?, side(height)?))
}

impl PhotoSettings {
    /// Takes its table out of the settings file's.
    pub fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        let Some(node) = fields.take("photos") else { return };
        let mut photos = Fields::of(node, findings);
        if let Some(node) = photos.take("formats") {
            let known = "`avif` and `webp` are known";
            self.formats = each(node, findings, PhotoFormat::parse, known);
        }
        if let Some(node) = photos.take("thumbnails") {
            self.thumbnails = each(node, findings, parse_box, "write width and height, for instance `800x600`");
        }
        let mut number = |name, default: u8, range: std::ops::RangeInclusive<u32>| {
            photos.integer(name, range, findings).map_or(default, |value: u32| value as u8)
        };
        self.quality = number("quality", self.quality, 0..=100);
        self.method = number("method", self.method, 0..=6);
        self.avif_quality = number("avif_quality", self.avif_quality, 1..=100);
        self.avif_speed = number("avif_speed", self.avif_speed, 1..=10);
        self.linear_light = photos.flag("linear_light", findings).unwrap_or(self.linear_light);
        self.animated = photos.flag("animated", findings).unwrap_or(self.animated);
        self.keep_metadata = photos.flag("keep_metadata", findings).unwrap_or(self.keep_metadata);
        self.folder = photos.text("folder", findings).map(|folder| folder.trim_end_matches('/').to_owned());
        photos.finish(findings);
    }
}

/// The items of a list that must not be empty, each as `parse` reads it.
fn each<T>(
    node: crate::fields::Node,
    findings: &mut Findings<'_>,
    parse: impl Fn(&str) -> Option<T>,
    help: &str,
) -> Vec<T> {
    let Shape::Array(items) = node.shape else {
        findings.note(node.span, "must be a list", Some(help.to_owned()));
        return Vec::new();
    };
    if items.is_empty() {
        findings.note(node.span, "must not be empty", Some(help.to_owned()));
    }
    let mut found = Vec::new();
    for item in items {
        match &item.shape {
            Shape::String(text) => match parse(text) {
                Some(one) => found.push(one),
                None => findings.note(item.span, format!("`{text}` cannot be used here"), Some(help.to_owned())),
            },
            other => {
                let message = format!("must be text, found {}", other.describe());
                findings.note(item.span, message, Some(help.to_owned()));
            }
        }
    }
    found
}

//! The columns that rows may have, part by part: names as in front matter, and what each holds. One
//! list for reading, checking, importing and exporting. Knows nothing of SQL.

use super::Part;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Text, or a word of an enumeration.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Count,
    /// True or false.
    Flag,
    /// A date as exact as it is known: text, or a database's date.
    Date,
    /// A moment.
    Moment,
    /// Texts in order.
    List,
    /// A value of its own: JSON.
    Json,
}

impl Holds {
    /// What must be there, in a reader's words.
    pub fn wanted(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Count => "a whole number",
            Self::Flag => "true or false (boolean)",
            Self::Date => "a date, or text such as 1984-05",
            Self::Moment => "a time (timestamp with time zone)",
            Self::List => "a list of text (text[])",
            Self::Json => "JSON (json or jsonb)",
        }
    }

    /// Whether a database's type, by its name, can hold it.
    pub fn accepts(self, type_name: &str) -> bool {
        let name = type_name.to_ascii_lowercase();
        let text = ["text", "varchar", "character varying", "bpchar", "character", "char", "citext", "name", "uuid"];
        let whole = ["int2", "int4", "int8", "smallint", "integer", "bigint"];
        let broken = ["float4", "float8", "real", "double precision", "numeric"];
        let zoned = ["date", "timestamptz", "timestamp with time zone"];
        let unzoned = ["timestamp", "timestamp without time zone"];
        let nested = ["json", "jsonb", "record", "bytea"];
        let flags = ["bool", "boolean"];
        let list = name.ends_with("[]");
        let is = |names: &[&str]| names.contains(&name.as_str());
        match self {
            // An enumeration or a domain of the application's own: its words are judged row by row.
            Self::Text => {
                let other = [&whole[..], &broken, &zoned, &unzoned, &flags, &nested].into_iter().any(is);
                is(&text) || !(other || list)
            }
            // What a whole number may be kept as: `sum` of whole numbers gives a numeric.
            Self::Number | Self::Count => is(&whole) || is(&broken),
            Self::Flag => is(&flags),
            // A year is a whole number.
            Self::Date => is(&text) || is(&zoned) || is(&unzoned) || is(&whole) || is(&broken),
            Self::Moment => is(&text) || is(&zoned),
            // One value is a list of itself, as in a file.
            Self::List => list || is(&text) || is(&["json", "jsonb"]),
            Self::Json => list || is(&["json", "jsonb", "record"]),
        }
    }

    /// The SQL that makes this of a value that a database's type, by its name, holds.
    pub fn cast(self, type_name: &str) -> &'static str {
        match (self, type_name) {
            (Self::Text | Self::Date, _) => "(…)::text",
            (Self::Number, _) => "(…)::numeric",
            (Self::Count, _) => "round((…)::numeric)::integer",
            (Self::Flag, "text" | "varchar" | "bpchar") => "(…)::boolean",
            (Self::Flag, _) => "(…) <> 0",
            (Self::Moment, "timestamp" | "timestamp without time zone") => "(…) AT TIME ZONE 'UTC'",
            (Self::Moment, "text" | "varchar") => "(…)::timestamptz",
            (Self::Moment, _) => "to_timestamp(…)",
            (Self::List, _) => "ARRAY[(…)::text]",
            (Self::Json, "text" | "varchar") => "(…)::jsonb",
            (Self::Json, _) => "to_jsonb(…)",
        }
    }

    /// The SQL that makes this of a row's value, as JSON, if it is of another kind.
    pub fn cast_of(self, value: &str) -> Option<&'static str> {
        let text = value.starts_with('"');
        let number = value.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        match self {
            Self::Text if !text => Some(self.cast("")),
            Self::Number | Self::Count if !number => Some(self.cast("")),
            Self::Count if value.contains(['.', 'e']) => Some(self.cast("")),
            Self::Flag if text => Some(self.cast("text")),
            Self::Flag if number => Some(self.cast("int4")),
            Self::Moment if number => Some(self.cast("int4")),
            Self::Moment if text => Some(self.cast("text")),
            _ => None,
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// Whether a query must have it.
    pub needed: bool,
}

const fn needed(name: &'static str, holds: Holds) -> Column {
    Column { name, holds, needed: true }
}

const fn may(name: &'static str, holds: Holds) -> Column {
    Column { name, holds, needed: false }
}

use Holds::{Count, Date, Flag, Json, List, Moment, Number, Text};

/// What every record may have, after what is its own.
const COMMON: [Column; 13] = [
    may("updated", Date),
    may("former_names", List),
    may("former_slugs", List),
    may("aliases", List),
    may("sources", List),
    may("photo", Text),
    may("native_names", Json),
    may("history", Json),
    may("draft", Flag),
    may("publish_on", Moment),
    may("expires_on", Moment),
    may("extra", Json),
    may("body", Text),
];

const COMPANIES: [Column; 10] = [
    needed("slug", Text),
    needed("name", Text),
    may("description", Text),
    may("legal_name", Text),
    may("roles", List),
    may("country", Text),
    may("founded", Date),
    may("closed", Date),
    may("website", Text),
    may("parent", Text),
];

const PERSON: [Column; 1] = [may("person", Flag)];

const MODELS: [Column; 6] = [
    needed("company", Text),
    needed("slug", Text),
    needed("name", Text),
    may("description", Text),
    may("category", Text),
    may("kinds", List),
];

const PARKS: [Column; 21] = [
    needed("slug", Text),
    needed("name", Text),
    may("description", Text),
    may("type", Text),
    may("status", Text),
    may("opened", Date),
    may("closed", Date),
    may("operator", Text),
    may("owner", Text),
    may("country", Text),
    may("region", Text),
    may("city", Text),
    may("street", Text),
    may("postal_code", Text),
    may("latitude", Number),
    may("longitude", Number),
    may("timezone", Text),
    may("website", Text),
    may("size_ha", Number),
    may("season", Text),
    may("travelling", Flag),
];

const AREAS: [Column; 7] = [
    needed("park", Text),
    needed("slug", Text),
    needed("name", Text),
    may("description", Text),
    may("opened", Date),
    may("closed", Date),
    may("position", Count),
];

const RIDES: [Column; 48] = [
    needed("park", Text),
    needed("slug", Text),
    needed("name", Text),
    may("description", Text),
    needed("category", Text),
    may("kinds", List),
    may("area", Text),
    may("status", Text),
    may("opened", Date),
    may("closed", Date),
    may("manufacturers", List),
    may("designers", List),
    may("model", Text),
    may("track", Text),
    may("launch", List),
    may("height_m", Number),
    may("drop_m", Number),
    may("length_m", Number),
    may("speed_kmh", Number),
    may("inversions", Count),
    may("max_angle_deg", Number),
    may("gforce", Number),
    may("duration_s", Count),
    may("capacity_per_hour", Count),
    may("acceleration", Text),
    may("layout", Text),
    may("restraint", Text),
    may("trains", Count),
    may("cars_per_train", Count),
    may("seats_per_car", Count),
    may("riders_per_train", Count),
    may("min_height_cm", Number),
    may("max_height_cm", Number),
    may("min_age", Count),
    may("single_rider", Flag),
    may("fast_pass", Flag),
    may("indoor", Flag),
    may("vr", Flag),
    may("kiddie", Flag),
    may("wheelchair_transfer", Flag),
    may("water", Text),
    may("cost", Number),
    may("currency", Text),
    may("theme", Text),
    may("replaced", Text),
    may("replaced_by", Text),
    may("latitude", Number),
    may("longitude", Number),
];

const LINKS: [Column; 2] = [may("website", Text), may("video", Text)];

const ARTICLES: [Column; 6] = [
    needed("slug", Text),
    needed("title", Text),
    may("description", Text),
    needed("date", Date),
    may("author", Text),
    may("tags", List),
];

const REVIEWS: [Column; 11] = [
    needed("park", Text),
    needed("ride", Text),
    may("id", Text),
    needed("author", Text),
    needed("rating", Number),
    may("title", Text),
    may("text", Text),
    may("language", Text),
    may("visited", Date),
    needed("created", Date),
    may("state", Text),
];

const PHOTOS: [Column; 12] = [
    needed("park", Text),
    needed("file", Text),
    may("ride", Text),
    may("area", Text),
    may("alt", Text),
    may("caption", Text),
    may("credit", Text),
    may("licence", Text),
    may("source", Text),
    may("taken", Date),
    may("primary", Flag),
    may("approved", Flag),
];

const POSITION: [Column; 1] = [may("position", Count)];

/// The columns of a part, in the order in which a file lays them out.
pub fn columns(part: Part) -> impl Iterator<Item = &'static Column> {
    let [own, more]: [&'static [Column]; 2] = match part {
        Part::Companies => [&COMPANIES, &PERSON],
        Part::Models => [&MODELS, &[]],
        Part::Parks => [&PARKS, &[]],
        Part::Areas => [&AREAS, &[]],
        Part::Rides => [&RIDES, &LINKS],
        Part::Articles => [&ARTICLES, &[]],
        Part::Reviews => [&REVIEWS, &[]],
        Part::Photos => [&PHOTOS, &POSITION],
    };
    let common: &'static [Column] = if part.kind().is_some() { &COMMON } else { &[] };
    own.iter().chain(more).chain(common)
}

/// What a column of that name holds, in whichever part; `None` where there is none.
pub fn holds(name: &str) -> Option<Holds> {
    let mut all = Part::ALL.into_iter().flat_map(columns);
    all.find(|column| column.name == name).map(|column| column.holds)
}

/// The columns that say which unit a row belongs to, or where in it; they are not part of its text.
pub fn places(part: Part) -> &'static [&'static str] {
    match part {
        Part::Companies | Part::Parks | Part::Articles => &["slug"],
        Part::Models => &["company", "slug"],
        Part::Rides => &["park", "slug"],
        Part::Areas | Part::Photos => &["park", "position"],
        Part::Reviews => &["park", "ride"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_the_same_in_every_part() {
        for column in Part::ALL.into_iter().flat_map(columns) {
            assert_eq!(holds(column.name), Some(column.holds), "{}", column.name);
        }
    }

    #[test]
    fn the_reference_lists_every_field_of_every_part() {
        let reference = include_str!("../../docs/fields.md");
        let chapter = |title: &str| {
            let (_, rest) = reference.split_once(&format!("\n## {title}\n")).expect("a chapter of each part");
            rest.split("\n## ").next().unwrap_or_default()
        };
        let lists = |chapter: &str, name: &str| chapter.lines().any(|line| line.starts_with(&format!("| `{name}`")));
        let parts = [
            ("Parks", Part::Parks),
            ("Areas", Part::Areas),
            ("Rides", Part::Rides),
            ("Companies", Part::Companies),
            ("Models", Part::Models),
            ("Articles", Part::Articles),
            ("Reviews", Part::Reviews),
            ("Photos", Part::Photos),
        ];
        for (title, part) in parts {
            for Column { name, .. } in columns(part).filter(|column| column.name != "body") {
                let is_place = places(part).contains(name);
                let listed =
                    lists(chapter(title), name) || (part.kind().is_some() && lists(chapter("Every record"), name));
                assert!(listed || is_place, "docs/fields.md does not say `{name}` of {title}");
            }
        }
    }
}

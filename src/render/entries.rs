//! Entries: names and values in order, on their way to becoming a template's map. Building the map
//! itself name by name would hash every name twice, since Tera makes a value of a map by inserting
//! all of it again. Knows nothing of what the names mean.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use tera::Value;
use tera::value::Key;

use crate::paths::PublicPath;

/// Names and values in order. A name that is there twice keeps its first place and its last value.
#[derive(Clone, Debug, Default)]
pub struct Entries(Vec<(&'static str, Value)>);

impl Entries {
    /// Nothing yet, with room for `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// The entries of a value that was made of entries; `None` for any other.
    pub fn of(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        let mut entries = Self::with_capacity(map.len() + 32);
        for (key, value) in map {
            let Key::Str(name) = key else { return None };
            entries.0.push((name, value.clone()));
        }
        Some(entries)
    }

    /// Adds an entry, or replaces the value of one of that name.
    pub fn insert(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into()));
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().rev().find(|(one, _)| *one == name).map(|(_, value)| value)
    }
}

/// A struct is what Tera makes into a map with one insertion a field, values taken as they are.
impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Entries", self.0.len())?;
        for (name, value) in &self.0 {
            // Most of what is known of few records is none, which need not be taken through a value.
            if value.is_none() {
                fields.serialize_field(name, &())?;
            } else {
                fields.serialize_field(name, value)?;
            }
        }
        fields.end()
    }
}

impl From<Entries> for Value {
    fn from(entries: Entries) -> Self {
        Self::from_serializable(&entries)
    }
}

impl From<PublicPath<'_>> for Value {
    fn from(path: PublicPath<'_>) -> Self {
        path.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_become_a_map_in_order_and_the_last_value_counts() {
        let mut entries = Entries::default();
        entries.insert("b", 1);
        entries.insert("a", Value::safe_string("<b>"));
        entries.insert("b", 2);
        entries.insert("c", Value::none());
        let value = Value::from(entries);
        let map = value.as_map().expect("a map");
        let names: Vec<&str> = map.keys().filter_map(|key| key.as_str()).collect();
        assert_eq!(names, ["b", "a", "c"]);
        assert!(map[&Key::Str("c")].is_none());
        assert_eq!(map[&Key::Str("b")].as_i64(), Some(2));
        assert!(map[&Key::Str("a")].is_safe(), "values are taken as they are");
        assert_eq!(Entries::of(&value).expect("made of entries").get("b").and_then(Value::as_i64), Some(2));
    }
}

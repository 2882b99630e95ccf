//! What a build remembers of settings and templates so that the next one can tell what is different
//! about them. Knows nothing of who reads them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::differences;
use crate::catalog::Cell;
use crate::config::Settings;
use crate::render::Sources;

/// By the name of the cell: a setting's value as JSON, the digest of a template's own text.
pub type Told = BTreeMap<String, String>;

/// What is to be remembered.
pub fn told(settings: &Settings, templates: &Sources) -> Told {
    let settings = settings.values().into_iter().map(|(name, value)| (Cell::Setting(name), value.to_string()));
    let templates =
        templates.own_digests().into_iter().map(|(name, digest)| (Cell::Template(name), digest.to_string()));
    settings.chain(templates).map(|(cell, text)| (cell.to_string(), text)).collect()
}

/// What is different about a setting or template, if that can be told.
pub fn detail(cell: &Cell, old: &Told, new: &Told, templates: &Sources) -> Option<String> {
    let name = cell.to_string();
    match cell {
        Cell::Setting(_) => {
            let value = |told: &Told| told.get(&name).map_or(Some(Value::Null), |text| serde_json::from_str(text).ok());
            Some(differences::fields(&value(old)?, &value(new)?)?.trim_start().to_owned())
        }
        Cell::Template(own) => {
            let reached = templates.reached();
            let edited = reached.get(own)?.iter().filter(|file| {
                let name = Cell::Template((*file).clone()).to_string();
                old.get(&name) != new.get(&name)
            });
            let edited: Vec<&str> = edited.map(|file| if file == own { "it" } else { file }).take(3).collect();
            (!edited.is_empty() && !old.is_empty()).then(|| format!("{} was edited", edited.join(", ")))
        }
        _ => None,
    }
}

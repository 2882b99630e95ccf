//! What a build remembers of settings and templates so that the next one can tell what is different
//! about them. Knows nothing of who reads them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalog::Cell;
use crate::config::Settings;
use crate::digest::Digest;
use crate::engine::explain::differences;
use crate::render::Sources;
use crate::secrets;

/// How the digest of a value begins that may be a secret.
const HIDDEN: &str = "hidden: ";

/// By the name of the cell: a setting's value as JSON, the digest of a template's own text.
pub type Told = BTreeMap<String, String>;

/// What is to be remembered.
pub fn told(settings: &Settings, templates: &Sources) -> Told {
    let settings = settings.values().into_iter().map(|(name, value)| {
        // Of what may be a secret nothing is told but that it is another.
        let secret = secrets::is_secret_name(&name) || matches!(secrets::masked(&value.to_string()), Cow::Owned(_));
        let text = if secret {
            Value::String(HIDDEN.to_owned() + &Digest::of(value.to_string().as_bytes()).hex(16))
        } else {
            value
        };
        (Cell::Setting(name), text.to_string())
    });
    let templates =
        templates.own_digests().into_iter().map(|(name, digest)| (Cell::Template(name), digest.to_string()));
    settings.chain(templates).map(|(cell, text)| (cell.to_string(), text)).collect()
}

/// What is different about a setting or template, if that can be told.
pub fn detail(cell: &Cell, old: &Told, new: &Told, templates: &Sources) -> Option<String> {
    let name = cell.to_string();
    match cell {
        Cell::Setting(_) => {
            if [old, new].iter().any(|told| told.get(&name).is_some_and(|text| text.contains(HIDDEN))) {
                return Some("it holds what may be a secret".to_owned());
            }
            let value = |told: &Told| told.get(&name).map_or(Some(Value::Null), |text| serde_json::from_str(text).ok());
            Some(differences::fields(&value(old)?, &value(new)?)?.trim_start().to_owned())
        }
        Cell::Template(own) => {
            let edited = templates.reach().get(own)?.files.iter().filter(|file| {
                let name = Cell::Template((*file).clone()).to_string();
                old.get(&name) != new.get(&name)
            });
            let edited: Vec<&str> = edited.map(|file| if file == own { "it" } else { file }).take(3).collect();
            (!edited.is_empty() && !old.is_empty()).then(|| format!("{} was edited", edited.join(", ")))
        }
        _ => None,
    }
}

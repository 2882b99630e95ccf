//! What sync learns of content files, on its way into the state: a row a folder. Files come folder
//! by folder, so that no more than one folder is held at a time. Knows nothing of what files say.

use std::collections::BTreeMap;

use anyhow::Result;

use super::scan::{KnownFile, split};
use crate::state::{Store, Table, Tables};

/// Files as they are now known, until that is written.
#[derive(Debug, Default)]
pub struct Folders(BTreeMap<String, BTreeMap<String, Option<KnownFile>>>);

impl Folders {
    /// A file is gone.
    pub fn forget(&mut self, path: &str) {
        let (folder, name) = split(path);
        self.0.entry(folder.to_owned()).or_default().insert(name.to_owned(), None);
    }

    /// What is now known of a file; `None` where it is gone. Where this begins another folder, those
    /// before are written.
    pub fn remember(&mut self, tables: &mut Tables<'_>, path: &str, file: Option<KnownFile>) -> Result<()> {
        let (folder, name) = split(path);
        if !self.0.contains_key(folder) {
            self.store(tables)?;
        }
        self.0.entry(folder.to_owned()).or_default().insert(name.to_owned(), file);
        Ok(())
    }

    /// Writes what has not been written yet.
    pub fn store(&mut self, tables: &mut Tables<'_>) -> Result<()> {
        for (folder, files) in std::mem::take(&mut self.0) {
            let known: Vec<KnownFile> = tables.value(Table::Sources, folder.as_bytes())?.unwrap_or_default();
            let mut all: BTreeMap<String, KnownFile> =
                known.into_iter().map(|file| (file.name.clone(), file)).collect();
            for (name, file) in files {
                match file {
                    Some(file) => drop(all.insert(name, file)),
                    None => drop(all.remove(&name)),
                }
            }
            if all.is_empty() {
                tables.remove(Table::Sources, folder.as_bytes())?;
            } else {
                let all: Vec<KnownFile> = all.into_values().collect();
                tables.put_value(Table::Sources, folder.as_bytes(), &all)?;
            }
        }
        Ok(())
    }
}

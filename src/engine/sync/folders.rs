//! What sync learns of content files, on its way into the state: a row a folder. Files come folder
//! by folder, so that no more than one folder is held at a time. Knows nothing of what files say.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::engine::scan::{KnownFile, split};
use crate::state::{Store, Table, Tables};

/// Files as they are now known, until that is written.
#[derive(Debug, Default)]
pub struct Folders {
    new: BTreeMap<String, BTreeMap<String, Option<KnownFile>>>,
    /// A folder's files as the last build left them, for whoever asks for one after another.
    before: Option<(String, BTreeMap<String, KnownFile>)>,
}

fn stored(tables: &Tables<'_>, folder: &str) -> Result<BTreeMap<String, KnownFile>> {
    let known: Vec<KnownFile> = tables.value(Table::Sources, folder.as_bytes())?.unwrap_or_default();
    Ok(known.into_iter().map(|file| (file.name.clone(), file)).collect())
}

impl Folders {
    /// A file as the last build left it; `None` where it knew of none.
    pub fn known(&mut self, tables: &Tables<'_>, path: &str) -> Result<Option<KnownFile>> {
        let (folder, name) = split(path);
        if self.before.as_ref().is_none_or(|(of, _)| of != folder) {
            self.before = Some((folder.to_owned(), stored(tables, folder)?));
        }
        Ok(self.before.as_ref().and_then(|(_, files)| files.get(name)).cloned())
    }

    /// A file is gone.
    pub fn forget(&mut self, path: &str) {
        let (folder, name) = split(path);
        self.new.entry(folder.to_owned()).or_default().insert(name.to_owned(), None);
    }

    /// What is now known of a file; `None` where it is gone. Where this begins another folder, those
    /// before are written.
    pub fn remember(&mut self, tables: &mut Tables<'_>, path: &str, file: Option<KnownFile>) -> Result<()> {
        let (folder, name) = split(path);
        if !self.new.contains_key(folder) {
            self.store(tables)?;
        }
        self.new.entry(folder.to_owned()).or_default().insert(name.to_owned(), file);
        Ok(())
    }

    /// Writes what has not been written yet.
    pub fn store(&mut self, tables: &mut Tables<'_>) -> Result<()> {
        for (folder, files) in std::mem::take(&mut self.new) {
            let mut all = stored(tables, &folder)?;
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

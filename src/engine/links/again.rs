//! Pages whose links are looked at again although they were not rendered: as they lie in `output/`.

use std::ops::ControlFlow;

use anyhow::Result;

use super::address::number;
use super::found::{Found, LARGEST};
use super::table::Rows;
use super::targets::{Known, Targets};
use crate::door;
use crate::engine::plan::readers::Readers;
use crate::engine::plan::trace::Trace;
use crate::output::path_of;
use crate::paths::RelPath;
use crate::site::Route;
use crate::state::{Store, Table, Tables};

/// Which pages.
#[derive(Debug)]
pub enum Again<'a> {
    /// Those that link to what is no more.
    Broken(&'a [RelPath]),
    /// All: nobody looked before, or otherwise.
    All,
}

/// What looking again needs.
pub struct Desk<'d, 't> {
    /// The folder around `output/`.
    pub home: &'d std::path::Path,
    /// What links may lead to.
    pub targets: &'d Targets<'d>,
    /// The number of this build: what it rendered, it has looked at.
    pub number: u64,
    /// The state.
    pub tables: &'d mut Tables<'t>,
    /// Who reads what, if that is kept.
    pub readers: Option<&'d mut Readers>,
}

impl Desk<'_, '_> {
    /// Looks at pages again.
    pub fn look(&mut self, again: &Again<'_>, rows: &mut Rows) -> Result<()> {
        match again {
            Again::Broken(pages) => pages.iter().try_for_each(|file| self.look_at(file, again, rows)),
            Again::All => {
                let mut pages: Vec<RelPath> = Vec::new();
                self.tables.scan(Table::Pages, b"", |key, _| {
                    pages.extend(
                        RelPath::new(std::str::from_utf8(key)?).filter(|file| file.extension() == Some("html")),
                    );
                    Ok(ControlFlow::Continue(()))
                })?;
                pages.iter().try_for_each(|file| self.look_at(file, again, rows))
            }
        }
    }

    fn look_at(&mut self, file: &RelPath, again: &Again<'_>, rows: &mut Rows) -> Result<()> {
        let key = file.as_str().as_bytes();
        let Some(old) = self.tables.bytes(Table::Pages, key, <[u8]>::to_vec)? else { return Ok(()) };
        let mut trace = Trace::decode(&old)?;
        if trace.facts.rendered_in == self.number || matches!(trace.facts.route, Route::Asset(..)) {
            return Ok(());
        }
        match door::read(&path_of(self.home, file), LARGEST) {
            Ok(bytes) => self.look_in(&String::from_utf8_lossy(&bytes), file, &mut trace, again, rows)?,
            // A target has it already: what it links to is known, and how it writes it is not.
            Err(_) => self.look_without(file, &mut trace, rows)?,
        }
        let new = trace.encode()?;
        if let Some(readers) = self.readers.as_deref_mut() {
            readers.replace(file.as_str(), Some(&old), Some(&new));
        }
        self.tables.put(Table::Pages, key, &new)
    }

    fn look_in(
        &mut self,
        html: &str,
        file: &RelPath,
        trace: &mut Trace,
        again: &Again<'_>,
        rows: &mut Rows,
    ) -> Result<()> {
        let known = Known {
            pictures: trace.facts.pictures.iter().map(|file| number(file.as_str())).collect(),
            ..Known::default()
        };
        let found = Found::on(html, file, &known, self.targets)?;
        rows.replace(self.tables, file.as_str(), &trace.facts.named, &found.named)?;
        trace.facts.named = found.named.keys().cloned().collect();
        if matches!(again, Again::All) {
            trace.links = found.numbers;
        }
        Ok(())
    }

    fn look_without(&mut self, file: &RelPath, trace: &mut Trace, rows: &mut Rows) -> Result<()> {
        for url in trace.links.iter().filter_map(|number| self.targets.gone(*number)) {
            if !trace.facts.named.contains(&url) {
                rows.add(self.tables, file.as_str(), &url, &url)?;
                trace.facts.named.push(url);
            }
        }
        Ok(())
    }
}

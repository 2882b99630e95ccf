//! What pages read besides content: templates, assets, settings, each with its digest. Knows nothing
//! of records.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::look::Look;
use super::variants;
use crate::assets::{self, Assets};
use crate::cas::Cas;
use crate::catalog::Cell;
use crate::config::Settings;
use crate::digest::Digest;
use crate::render::Sources;
use crate::report::Report;

/// What pages read besides content.
pub struct Surroundings {
    /// The site's and the theme's.
    pub assets: Arc<Assets>,
    /// The site's over the theme's.
    pub templates: Sources,
}

impl Surroundings {
    /// Every setting, template and asset with its digest, by the name of its cell.
    pub fn cells(&self, settings: &Settings) -> BTreeMap<String, (Cell, Digest)> {
        let settings = settings.digests().into_iter().map(|(name, digest)| (Cell::Setting(name), digest));
        let templates = self.templates.digests().into_iter().map(|(name, digest)| (Cell::Template(name), digest));
        let asset = |name: &str| Some((Cell::Asset(name.to_owned()), self.assets.digest(name)?));
        let assets = self.assets.names().filter_map(asset).chain([(Cell::Assets, self.assets.digest_of_all())]);
        settings.chain(templates).chain(assets).map(|(cell, digest)| (cell.to_string(), (cell, digest))).collect()
    }
}

/// Templates and assets: read again where they may have changed.
pub fn look_around(
    root: &Path,
    settings: &Settings,
    cas: &Cas,
    known: Option<Surroundings>,
    look: &Look,
    report: &mut Report,
) -> Result<Surroundings> {
    let (known_assets, known_templates) = known.map(|known| (known.assets, known.templates)).unzip();
    let keep_assets = matches!(look, Look::Only(touched) if !touched.assets);
    let keep_templates = matches!(look, Look::Only(touched) if !touched.templates);
    let assets = match known_assets.filter(|assets| keep_assets && assets.are_made_with(settings)) {
        Some(assets) => assets,
        None => {
            let (mut assets, problems) = assets::collect(root, settings, cas)?;
            report.diagnostics.extend(problems);
            variants::of_assets(root, settings, cas, &mut assets, report)?;
            report.assets_made += assets.made;
            Arc::new(assets)
        }
    };
    let base = &settings.site.base_path;
    let templates = match known_templates.filter(|known| keep_templates && known.are_below(base)) {
        Some(templates) => templates,
        None => {
            let (templates, problems) = Sources::read(root, base)?;
            report.diagnostics.extend(problems);
            templates
        }
    };
    Ok(Surroundings { assets, templates })
}

//! What pages read besides content: templates, assets, settings, each with its digest. Knows nothing
//! of records.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::assets::{self, Assets};
use crate::cas::Cas;
use crate::catalog::Cell;
use crate::config::Settings;
use crate::diagnostics::{Diagnostic, Severity};
use crate::digest::Digest;
use crate::engine::scan::idle;
use crate::engine::scan::scope::Look;
use crate::engine::work::variants;
use crate::render::{Sources, TEMPLATES, policy};
use crate::report::Report;
use crate::room::Room;

/// What pages read besides content.
pub struct Surroundings {
    /// The site's and the theme's.
    pub assets: Arc<Assets>,
    /// The site's over the theme's.
    pub templates: Sources,
    /// What is worth knowing of the assets' files, until they are read again.
    of_assets: Vec<Diagnostic>,
    /// What is worth knowing of the templates' files, until they are read again.
    of_templates: Vec<Diagnostic>,
}

impl Surroundings {
    /// What is worth knowing of what was read, now or before: what in it does nothing, and what the
    /// site's own policy forbids.
    pub fn warnings(&self, root: &Path, settings: &Settings) -> Vec<Diagnostic> {
        let mut warnings = idle::told(root, &self.templates);
        warnings.extend(self.of_assets.iter().chain(&self.of_templates).cloned());
        for (name, text) in self.templates.own() {
            let file = format!("{TEMPLATES}/{name}");
            warnings.extend(policy::against(&file, text, &settings.policy, &settings.site.base_url));
        }
        warnings
    }

    /// Every setting, template and asset with its digest, by the name of its cell.
    pub fn cells(&self, settings: &Settings) -> BTreeMap<String, (Cell, Digest)> {
        let settings = settings.digests().into_iter().map(|(name, digest)| (Cell::Setting(name), digest));
        let templates = self.templates.reach().iter().map(|(name, reach)| (Cell::Template(name.clone()), reach.digest));
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
    room: Room,
    report: &mut Report,
) -> Result<Surroundings> {
    let (known_assets, known_templates) =
        known.map(|known| ((known.assets, known.of_assets), (known.templates, known.of_templates))).unzip();
    let keep_assets = matches!(look, Look::Only(touched) if !touched.assets);
    let keep_templates = matches!(look, Look::Only(touched) if !touched.templates);
    let (assets, of_assets) = match known_assets.filter(|(assets, _)| keep_assets && assets.are_made_with(settings)) {
        Some(known) => known,
        None => {
            let (mut assets, problems) = assets::collect(root, settings, cas, room)?;
            let warnings = set_apart(problems, report);
            variants::of_assets(root, settings, cas, &mut assets, report)?;
            report.assets_made += assets.made;
            (Arc::new(assets), warnings)
        }
    };
    let base = &settings.site.base_path;
    let known_templates = known_templates.filter(|(known, _)| keep_templates && known.are_below(base));
    let (templates, of_templates) = match known_templates {
        Some(known) => known,
        None => {
            let (templates, problems) = Sources::read(root, base, room)?;
            let warnings = set_apart(problems, report);
            (templates, warnings)
        }
    };
    Ok(Surroundings { assets, templates, of_assets, of_templates })
}

/// Puts errors into the report; warnings are told by every build.
fn set_apart(problems: Vec<Diagnostic>, report: &mut Report) -> Vec<Diagnostic> {
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(|one| one.severity == Severity::Error);
    report.tell(errors);
    warnings
}

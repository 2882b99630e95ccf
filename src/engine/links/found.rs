//! The links of one page, and the ids on it: which of them have to be kept, and by what.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::Result;
use rustc_hash::FxHashSet;

use super::address::Leads;
use super::targets::{Known, Targets};
use crate::catalog::{Cell, CellId};
use crate::door::Most;
use crate::headers::url_of;
use crate::paths::RelPath;
use crate::render::attributes::{self, Attribute, Role, attributes};

/// What is kept of a page's links.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Numbers of what is there, but need not stay; sorted.
    pub numbers: Vec<CellId>,
    /// By target: the address as the page writes it.
    pub named: BTreeMap<String, String>,
}

/// Pairs of links and names that are compared one by one.
const FEW: usize = 256;

/// A page larger than this is not looked at again.
pub const LARGEST: Most = Most::megabytes(64);

/// An address as it is told.
const LONGEST: usize = 300;

impl Found {
    /// What is kept of the links of a page with this text.
    pub fn on(html: &str, file: &RelPath, known: &Known, targets: &Targets<'_>) -> Result<Self> {
        let mut look = Look { html, file, known, targets, own: Vec::new(), found: Self::default() };
        let mut anchors: Vec<Attribute<'_>> = Vec::new();
        for attribute in attributes(html) {
            match attribute.role {
                Role::Address => look.at(&attribute, attribute.value)?,
                Role::Addresses => {
                    for address in attributes::addresses(attribute.value) {
                        look.at(&attribute, address)?;
                    }
                }
                Role::Anchor => anchors.push(attribute),
            }
        }
        look.at_fragments(&anchors);
        look.at_anchors(anchors);
        let mut found = look.found;
        found.numbers.sort_unstable();
        found.numbers.dedup();
        Ok(found)
    }
}

struct Look<'l> {
    html: &'l str,
    file: &'l RelPath,
    known: &'l Known,
    targets: &'l Targets<'l>,
    /// Fragments of the page itself that it links to.
    own: Vec<(Attribute<'l>, String)>,
    found: Found,
}

impl<'l> Look<'l> {
    fn at(&mut self, attribute: &Attribute<'l>, written: &str) -> Result<()> {
        if let Some(path) = self.targets.home.plain(written) {
            let number = Cell::address(path);
            if self.known.read.contains(&number) || self.targets.is_always(number) {
                return Ok(());
            }
            if self.targets.is_met(number) {
                self.found.numbers.push(number);
                return Ok(());
            }
        }
        self.closer(attribute, &attributes::decoded(written))
    }

    /// Looks at an address that is not plainly one that is there.
    fn closer(&mut self, attribute: &Attribute<'l>, written: &str) -> Result<()> {
        let url = url_of(self.file.as_str());
        let (path, fragment) = match self.targets.home.leads(&url, written) {
            Leads::Away => return Ok(()),
            Leads::Here(fragment) => {
                self.own.push((*attribute, fragment));
                return Ok(());
            }
            Leads::To(path, fragment) => (path, fragment),
        };
        let number = Cell::address(&path);
        if self.known.pictures.contains(&number) || self.targets.is_ignored(&path) {
            return Ok(());
        }
        let own = Cell::address(&url);
        let there = if number == own { Some(own) } else { self.targets.find(&path)? };
        match (there, fragment) {
            (Some(there), Some(fragment)) if there == own => self.own.push((*attribute, fragment)),
            (Some(_), Some(fragment)) => self.keep(attribute, format!("{path}#{fragment}"), written),
            (Some(there), None) => {
                let stays = there == own || self.known.read.contains(&there) || self.targets.is_always(there);
                self.found.numbers.extend((!stays).then_some(there));
            }
            (None, _) => self.keep(attribute, path, written),
        }
        Ok(())
    }

    /// Keeps fragments of the page itself that are not there.
    fn at_fragments(&mut self, anchors: &[Attribute<'l>]) {
        let url = url_of(self.file.as_str());
        let own = std::mem::take(&mut self.own);
        // One link, to the main part of the page, is what most pages have.
        let few = own.len() * anchors.len() <= FEW;
        let all = if few { &[][..] } else { anchors };
        let names: FxHashSet<Cow<'_, str>> = all.iter().map(|one| attributes::decoded(one.value)).collect();
        let is_there = |fragment: &str| match few {
            true => anchors.iter().any(|one| attributes::decoded(one.value) == fragment),
            false => names.contains(fragment),
        };
        for (attribute, fragment) in own {
            if !is_everywhere(&fragment) && !is_there(&fragment) {
                let written = attributes::decoded(attribute.value);
                self.keep(&attribute, format!("{url}#{fragment}"), &written);
            }
        }
    }

    /// Keeps ids that stand twice.
    fn at_anchors(&mut self, mut anchors: Vec<Attribute<'l>>) {
        anchors.sort_unstable_by_key(|one| (one.value, one.start));
        for pair in anchors.windows(2) {
            let (one, other) = (&pair[0], &pair[1]);
            // An `<a>` may have a name and an id that are one.
            if one.value == other.value && one.tag != other.tag && !one.value.is_empty() {
                self.keep(other, format!("#{}", one.value), one.value);
            }
        }
    }

    fn keep(&mut self, attribute: &Attribute<'l>, mut target: String, written: &str) {
        if !attributes::is_really_there(self.html, attribute) {
            return;
        }
        target.retain(|c| c != '\0');
        let short: String = written.chars().take(LONGEST).collect();
        self.found.named.entry(target).or_insert(short);
    }
}

/// Whether a fragment is there on every page, or says what to do rather than where to go.
pub(super) fn is_everywhere(fragment: &str) -> bool {
    fragment.is_empty() || fragment.eq_ignore_ascii_case("top") || fragment.contains(":~:")
}

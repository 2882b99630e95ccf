//! The plan: what has to be sent, taken away and retired so that a target holds a manifest. Sends
//! nothing; knows nothing of networks.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::manifest::{Action, Change, Class, Manifest, Release, Retired};

/// How long what is gone stays.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Releases at least.
    pub releases: u32,
    /// Days at least.
    pub days: u32,
}

impl Retention {
    /// Whether something that a release of `generation` left at `at` has been kept long enough
    /// when release `now_generation` is made at `now`.
    pub fn is_over(&self, generation: u64, at: i64, now_generation: u64, now: i64) -> bool {
        now_generation.saturating_sub(generation) >= u64::from(self.releases)
            && now.saturating_sub(at) >= i64::from(self.days) * 86_400
    }
}

/// What a release that did not come to its end may have changed.
#[derive(Clone, Debug)]
pub struct Debt {
    /// It, as it was begun.
    pub release: Release,
    /// Whether it went live, so that only its end is missing.
    pub moved: bool,
    /// How many of its changes, from the first, are known to be done.
    pub done: u64,
}

impl Debt {
    /// What an unfinished release would leave that had changed `keys`: nobody knows what is there.
    pub fn of_doubt(keys: impl IntoIterator<Item = Box<str>>) -> Self {
        let change = |key| Change { key, action: Action::Mend, class: Class::Page };
        let release = Release {
            id: "audit".to_owned(),
            generation: 0,
            at: 0,
            changes: keys.into_iter().map(change).collect(),
            unpurged: Vec::new(),
            manifest: Manifest::default(),
        };
        Self { release, moved: false, done: 0 }
    }
}

/// Everything that a release does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, in the order of sending.
    pub changes: Vec<Change>,
    /// Keys changed earlier and not purged since.
    pub unpurged: BTreeSet<Box<str>>,
    /// Keys that earlier releases have sent already, just as this one would.
    pub sent: BTreeSet<Box<str>>,
}

/// Counts of a plan, for people and programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// New keys.
    pub added: u64,
    /// Keys with other bytes.
    pub replaced: u64,
    /// Keys with the same bytes and other headers.
    pub redressed: u64,
    /// Keys made certain again after a release that did not come to its end.
    pub mended: u64,
    /// Keys taken away at once.
    pub removed: u64,
    /// Retired keys whose time is over.
    pub expired: u64,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.unpurged.is_empty()
    }
}

impl Counts {
    /// The numbers of `changes`.
    pub fn of(changes: &[Change]) -> Self {
        let mut counts = Self::default();
        for change in changes {
            *match change.action {
                Action::Add => &mut counts.added,
                Action::Replace => &mut counts.replaced,
                Action::Redress => &mut counts.redressed,
                Action::Mend => &mut counts.mended,
                Action::Remove => &mut counts.removed,
                Action::Expire => &mut counts.expired,
            } += 1;
        }
        counts
    }
}

/// What has to be done so that a target that holds `base`, and whatever `debts` have left, holds
/// `manifest`. Fills in what `manifest` must remember: retired objects, URLs gone with consent.
/// `generation` and `now` are those of the release in the making.
pub fn plan(
    base: &Manifest,
    manifest: &mut Manifest,
    debts: &[Debt],
    retention: Retention,
    generation: u64,
    now: i64,
) -> Plan {
    let mut plan = Plan::default();
    let mut actions: BTreeMap<Box<str>, (Action, Class)> = BTreeMap::new();
    manifest.retired.clear();
    for (key, entry) in &manifest.entries {
        let retired = base.retired.get(key).map(|retired| &retired.entry);
        let action = match base.entries.get(key).or(retired) {
            None => Action::Add,
            Some(old) if old.digest != entry.digest => Action::Replace,
            Some(old) if old.dress != entry.dress => Action::Redress,
            Some(_) => continue,
        };
        actions.insert(key.clone(), (action, entry.class));
    }
    for (key, entry) in base.entries.iter().filter(|(key, _)| !manifest.entries.contains_key(*key)) {
        if entry.class.is_immutable() {
            manifest.retired.insert(key.clone(), Retired { entry: entry.clone(), generation, at: now });
        } else {
            actions.insert(key.clone(), (Action::Remove, entry.class));
        }
    }
    for (key, retired) in base.retired.iter().filter(|(key, _)| !manifest.entries.contains_key(*key)) {
        if retention.is_over(retired.generation, retired.at, generation, now) {
            actions.insert(key.clone(), (Action::Expire, retired.entry.class));
        } else {
            manifest.retired.insert(key.clone(), retired.clone());
        }
    }
    for debt in debts {
        plan.inherit(debt, base, manifest, &mut actions, generation, now);
    }
    for (key, tags) in retag(base, manifest) {
        if let Some(retired) = manifest.retired.get_mut(&key) {
            retired.entry.tags = tags;
        }
    }
    let mut changes: Vec<Change> =
        actions.into_iter().map(|(key, (action, class))| Change { key, action, class }).collect();
    changes.sort_by(|a, b| (stage(a), a.class, &a.key).cmp(&(stage(b), b.class, &b.key)));
    plan.changes = changes;
    plan
}

/// Sent before the release is live, taken away after it, taken away last.
fn stage(change: &Change) -> u8 {
    match change.action {
        Action::Add | Action::Replace | Action::Redress | Action::Mend => 0,
        Action::Remove => 1,
        Action::Expire => 2,
    }
}

/// Retired objects carry no tags: the numbers would be those of another manifest.
fn retag(base: &Manifest, manifest: &Manifest) -> Vec<(Box<str>, Box<[u32]>)> {
    let ours = manifest.retired.keys().filter(|key| base.entries.contains_key(*key));
    ours.map(|key| (key.clone(), Box::default())).collect()
}

impl Plan {
    /// Takes over what a release has left undone or uncertain.
    fn inherit(
        &mut self,
        debt: &Debt,
        base: &Manifest,
        manifest: &mut Manifest,
        actions: &mut BTreeMap<Box<str>, (Action, Class)>,
        generation: u64,
        now: i64,
    ) {
        self.unpurged.extend(debt.release.touched().into_iter().map(Box::from));
        for (index, change) in debt.release.changes.iter().enumerate() {
            let wanted = manifest.entries.get(&change.key);
            match change.action {
                Action::Remove | Action::Expire if debt.moved => match wanted {
                    // It has come back, and a removal may still be under way.
                    Some(entry) => {
                        actions.entry(change.key.clone()).or_insert((Action::Mend, entry.class));
                    }
                    None if !manifest.retired.contains_key(&change.key) => {
                        actions.insert(change.key.clone(), (change.action, change.class));
                    }
                    None => {}
                },
                _ if debt.moved || stage(change) > 0 => {}
                _ => match wanted {
                    Some(entry) => {
                        let sent = debt.release.manifest.entries.get(&change.key);
                        let same = sent.is_some_and(|sent| sent.digest == entry.digest && sent.dress == entry.dress);
                        if same && (index as u64) < debt.done {
                            self.sent.insert(change.key.clone());
                        } else {
                            self.sent.remove(&change.key);
                        }
                        actions.entry(change.key.clone()).or_insert((Action::Mend, entry.class));
                    }
                    None if change.class.is_immutable() => {
                        let Some(entry) = debt.release.manifest.entries.get(&change.key) else { continue };
                        let retired = Retired { entry: entry.clone(), generation, at: now };
                        manifest.retired.entry(change.key.clone()).or_insert(retired);
                    }
                    None if !base.entries.contains_key(&change.key) => {
                        actions.insert(change.key.clone(), (Action::Remove, change.class));
                    }
                    None => {}
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::publish::manifest::Entry;

    fn manifest(entries: &[(&str, &str, Class)]) -> Manifest {
        let mut manifest = Manifest::default();
        for (key, bytes, class) in entries {
            let entry = Entry {
                digest: Digest::of(bytes.as_bytes()),
                size: bytes.len() as u64,
                class: *class,
                promised: *class == Class::Page,
                headers: 0,
                dress: 0,
                tags: Box::default(),
            };
            manifest.entries.insert((*key).into(), entry);
        }
        manifest
    }

    const KEEP: Retention = Retention { releases: 3, days: 30 };
    const DAY: i64 = 86_400;

    fn told(plan: &Plan) -> Vec<String> {
        plan.changes.iter().map(|change| format!("{:?} {}", change.action, change.key)).collect()
    }

    #[test]
    fn assets_come_first_and_go_last() {
        let base = manifest(&[("a.1.css", "1", Class::Asset), ("x/index.html", "1", Class::Page)]);
        let mut new = manifest(&[
            ("a.2.css", "2", Class::Asset),
            ("index.html", "2", Class::Page),
            ("sitemap.xml", "2", Class::Index),
        ]);
        let plan = plan(&base, &mut new, &[], KEEP, 2, 0);
        assert_eq!(told(&plan), ["Add a.2.css", "Add index.html", "Add sitemap.xml", "Remove x/index.html"]);
        assert!(new.retired.contains_key("a.1.css"), "yesterday's page still asks for it");
    }

    #[test]
    fn a_retired_asset_goes_after_three_releases_and_thirty_days() {
        let mut base = manifest(&[("a.1.css", "1", Class::Asset)]);
        let mut none = manifest(&[]);
        plan(&base, &mut none, &[], KEEP, 2, 0);
        base = none;
        for (generation, now, gone) in [(4, 40 * DAY, false), (9, 29 * DAY, false), (5, 30 * DAY, true)] {
            let mut next = manifest(&[]);
            let plan = plan(&base, &mut next, &[], KEEP, generation, now);
            assert_eq!(!plan.is_empty(), gone, "generation {generation}, second {now}");
            assert_eq!(next.retired.is_empty(), gone);
        }
        let mut back = manifest(&[("a.1.css", "1", Class::Asset)]);
        assert!(plan(&base, &mut back, &[], KEEP, 9, 90 * DAY).is_empty(), "what comes back is there already");
    }

    #[test]
    fn what_an_unfinished_release_has_touched_is_made_certain() {
        let base = manifest(&[("index.html", "1", Class::Page)]);
        let mut tried = manifest(&[("index.html", "2", Class::Page), ("new/index.html", "2", Class::Page)]);
        let begun = plan(&base, &mut tried, &[], KEEP, 2, 0);
        let release = Release {
            id: "tried".into(),
            generation: 2,
            at: 0,
            changes: begun.changes,
            unpurged: Vec::new(),
            manifest: tried.clone(),
        };
        let debt = Debt { release, moved: false, done: 1 };
        let mut reverted = base.clone();
        let reverted = plan(&base, &mut reverted, std::slice::from_ref(&debt), KEEP, 2, 0);
        assert_eq!(told(&reverted), ["Mend index.html", "Remove new/index.html"]);
        assert_eq!(reverted.unpurged.len(), 2);
        let again = plan(&base, &mut tried, &[debt], KEEP, 2, 0);
        assert_eq!(told(&again), ["Replace index.html", "Add new/index.html"]);
        assert_eq!(again.sent.iter().map(|key| &**key).collect::<Vec<_>>(), ["index.html"]);
    }
}

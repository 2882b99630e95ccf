//! Names for assets that refer to each other. An asset's name carries a fingerprint of its bytes,
//! and its bytes hold the names of those it refers to; so names are given from the leaves up.
//!
//! Where references go in a circle there is no first leaf. Then the whole circle (a strongly
//! connected component) is digested with each reference inside it replaced by the path that it
//! leads to, and each member is named by that digest and its own path. Knows nothing of files.

use super::references::{Found, is_path, renamed, rewrite};
use crate::digest::{Digest, Digester};
use crate::headers::FINGERPRINT_DIGITS;
use crate::paths::BasePath;

/// One asset to be named.
#[derive(Debug)]
pub struct Node<'a> {
    /// Its path below `assets/`.
    pub path: &'a str,
    /// The digest of its bytes as they are.
    pub digest: Digest,
    /// Its text, where it may hold references.
    pub text: Option<&'a str>,
    /// Its references to other assets (by index), in the order of the text.
    pub links: Vec<(&'a Found, usize)>,
    /// Its references to other paths of the site, where that lies below one.
    pub others: Vec<&'a Found>,
    /// The path below which the site lies: paths in the final text begin with it.
    pub base: &'a BasePath,
}

/// An asset with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The file's name with its fingerprint, without folders.
    pub name: String,
    /// The digest of its final bytes.
    pub digest: Digest,
    /// Its final text, where references in it were written anew.
    pub text: Option<String>,
}

/// Names all of `nodes`, in their order.
pub fn name(nodes: &[Node<'_>]) -> Vec<Named> {
    let mut named = vec![Named::default(); nodes.len()];
    for component in components(nodes) {
        let alone = component.len() == 1 && nodes[component[0]].links.iter().all(|(_, to)| *to != component[0]);
        if alone {
            let node = &nodes[component[0]];
            let (text, digest) = finished(node, &named);
            named[component[0]] = Named { name: with_fingerprint(node.path, digest), digest, text };
            continue;
        }
        let mut digester = Digester::default();
        for member in &component {
            let node = &nodes[*member];
            let inside = |to: usize| component.binary_search(&to).is_ok();
            let text =
                written(node, |to| if inside(to) { format!("\0{}\0", nodes[to].path) } else { named[to].name.clone() });
            digester.part(node.path.as_bytes());
            digester.part(text.unwrap_or_default().as_bytes());
        }
        let whole = digester.finish();
        for member in &component {
            let path = nodes[*member].path;
            named[*member].name = with_fingerprint(path, Digest::of_parts([&whole.0[..], path.as_bytes()]));
        }
        for member in component {
            let (text, digest) = finished(&nodes[member], &named);
            named[member].text = text;
            named[member].digest = digest;
        }
    }
    named
}

fn finished(node: &Node<'_>, named: &[Named]) -> (Option<String>, Digest) {
    let text = written(node, |to| named[to].name.clone());
    let digest = text.as_ref().map_or(node.digest, |text| Digest::of(text.as_bytes()));
    (text, digest)
}

/// The text with every link's file name replaced, and every path as the outside is told it; `None` where there are
/// none.
fn written(node: &Node<'_>, name: impl Fn(usize) -> String) -> Option<String> {
    let text = node.text.filter(|_| !node.links.is_empty() || !node.others.is_empty())?;
    let found = node.links.iter().map(|(found, _)| *found).chain(node.others.iter().copied());
    let mut found: Vec<Found> = found.cloned().collect();
    found.sort_by_key(|one| one.place.start);
    let to = |place: usize| node.links.iter().find(|(found, _)| found.place.start == place).map(|(_, to)| *to);
    let public = |path: String| {
        if is_path(&path) { node.base.public(&path).to_string() } else { path }
    };
    Some(rewrite(text, &found, |one| {
        Some(public(match to(one.place.start) {
            Some(to) => renamed(&one.value, &name(to)),
            None => one.value.clone(),
        }))
    }))
}

/// `site.b94b6a35e1db.css` for `css/site.css`.
fn with_fingerprint(path: &str, digest: Digest) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let fingerprint = digest.hex(FINGERPRINT_DIGITS);
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{fingerprint}.{extension}"),
        None => format!("{name}.{fingerprint}"),
    }
}

/// The strongly connected components, each sorted, those that are referred to first (Tarjan 1972;
/// without recursion, so that a long chain cannot exhaust the stack).
fn components(nodes: &[Node<'_>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; nodes.len()];
    let mut low = vec![0; nodes.len()];
    let mut on_stack = vec![false; nodes.len()];
    let (mut stack, mut found, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..nodes.len() {
        if order[root] != NEW {
            continue;
        }
        // A node and how many of its links have been followed.
        let mut path = vec![(root, 0)];
        while let Some((node, followed)) = path.last_mut() {
            let node = *node;
            if *followed == 0 && order[node] == NEW {
                order[node] = next;
                low[node] = next;
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some((_, to)) = nodes[node].links.get(*followed) {
                *followed += 1;
                if order[*to] == NEW {
                    path.push((*to, 0));
                } else if on_stack[*to] {
                    low[node] = low[node].min(order[*to]);
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
            if low[node] == order[node] {
                let from = stack.iter().rposition(|one| *one == node).unwrap_or(0);
                let mut component = stack.split_off(from);
                component.iter().for_each(|one| on_stack[*one] = false);
                component.sort_unstable();
                found.push(component);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::css;
    use super::*;
    use std::collections::BTreeSet;

    /// Assets `0.css`, `1.css`, …, each with a text of its own and imports of others.
    fn name_all(texts: &[String]) -> Vec<Named> {
        let paths: Vec<String> = (0..texts.len()).map(|index| format!("{index}.css")).collect();
        let found: Vec<Vec<Found>> = texts.iter().map(|text| css::references(text)).collect();
        let base = BasePath::default();
        let nodes: Vec<Node<'_>> = (0..texts.len())
            .map(|index| Node {
                path: &paths[index],
                digest: Digest::of(texts[index].as_bytes()),
                text: Some(&texts[index]),
                links: found[index]
                    .iter()
                    .map(|one| (one, paths.iter().position(|path| *path == one.value).expect("a file")))
                    .collect(),
                others: Vec::new(),
                base: &base,
            })
            .collect();
        name(&nodes)
    }

    fn sheet(own: u64, imports: &[usize]) -> String {
        let imports: String = imports.iter().map(|to| format!("@import '{to}.css';")).collect();
        format!("{imports}a{{b:{own}}}")
    }

    #[test]
    fn a_circle_has_names_that_follow_from_what_is_in_it() {
        let before = name_all(&[sheet(0, &[1]), sheet(1, &[2]), sheet(2, &[0]), sheet(3, &[3])]);
        assert_eq!(before, name_all(&[sheet(0, &[1]), sheet(1, &[2]), sheet(2, &[0]), sheet(3, &[3])]));
        for (index, named) in before.iter().enumerate() {
            let to = [1, 2, 0, 3][index];
            assert!(named.text.as_ref().is_some_and(|text| text.contains(&before[to].name)), "{named:?}");
        }
        let after = name_all(&[sheet(0, &[1]), sheet(9, &[2]), sheet(2, &[0]), sheet(3, &[3])]);
        assert!((0..3).all(|index| after[index].name != before[index].name), "each member follows each");
        assert_eq!(after[3], before[3]);
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let texts: Vec<String> = (0..3_000).map(|index| sheet(0, &[(index + 1).min(2_999)])).collect();
        assert_eq!(name_all(&texts).len(), 3_000);
    }

    /// A changed asset renames itself and everything that refers to it however far away, and
    /// nothing else, whatever the references.
    #[test]
    fn a_change_renames_exactly_the_ancestors() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        for _ in 0..300 {
            let size = 1 + random(12) as usize;
            let links: Vec<Vec<usize>> =
                (0..size).map(|_| (0..random(3)).map(|_| random(size as u64) as usize).collect()).collect();
            let texts = |changed: Option<usize>| -> Vec<String> {
                let own = |index| if changed == Some(index) { 1_000 } else { index as u64 };
                (0..size).map(|index| sheet(own(index), &links[index])).collect()
            };
            let before = name_all(&texts(None));
            let changed = random(size as u64) as usize;
            let after = name_all(&texts(Some(changed)));
            let mut ancestors = BTreeSet::from([changed]);
            loop {
                let more: BTreeSet<usize> =
                    (0..size).filter(|from| links[*from].iter().any(|to| ancestors.contains(to))).collect();
                if more.is_subset(&ancestors) {
                    break;
                }
                ancestors.extend(more);
            }
            let renamed: BTreeSet<usize> =
                (0..size).filter(|index| before[*index].name != after[*index].name).collect();
            assert_eq!(renamed, ancestors, "{links:?}, {changed} changed");
        }
    }
}

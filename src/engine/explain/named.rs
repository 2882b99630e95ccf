//! What people call a page: its URL path with and without slashes, its address, its file below
//! `output/`, the record that it is made from or that record's file. From such words to the files of the
//! pages that may be meant; knows nothing of what is to be said of them.

use std::path::Path;

use anyhow::{Result, bail};
use percent_encoding::percent_decode_str;

use crate::assets;
use crate::config::Settings;
use crate::engine::context::code_digest;
use crate::engine::scan::{KnownFile, split};
use crate::headers::Encoding;
use crate::model::slug::slugify;
use crate::model::{Kind, RecordId};
use crate::output;
use crate::paths::RelPath;
use crate::room::Room;
use crate::site::Route;
use crate::source::{self, Place, place};
use crate::state::{State, Store, Table};

use crate::engine::plan::trace::Trace;

/// The files below `output/` of the pages that `words` may mean in the site at `root`, the likeliest
/// first; whether there are such pages is another question.
pub fn page_files(root: &Path, settings: &Settings, words: &str) -> Result<Vec<RelPath>> {
    pages(&State::peek(root, code_digest(), Room::default())?.snapshot()?, settings, words)
}

/// The same, from a state that is open.
pub fn pages(store: &impl Store, settings: &Settings, words: &str) -> Result<Vec<RelPath>> {
    let words = bare(words);
    let below = |folder: &str| words.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    if let Some(path) = below(source::FOLDER) {
        return of_content(store, path.trim_end_matches('/'));
    }
    if let Some(file) = below(output::FOLDER) {
        return Ok(of_path(file));
    }
    if let Some(asset) = below(assets::FOLDER) {
        let published = of_asset(store, asset)?;
        return Ok(if published.is_empty() { of_path(words) } else { published });
    }
    if let Some(id) = RecordId::parse(words) {
        return Ok(of_record(&id));
    }
    let path = path_in(settings, words)?;
    let path = percent_decode_str(path).decode_utf8_lossy();
    let within = base_path(settings);
    let mut files = of_path(&path);
    files.extend(
        path.trim_start_matches('/')
            .strip_prefix(within)
            .filter(|_| !within.is_empty())
            .map(of_path)
            .into_iter()
            .flatten(),
    );
    Ok(files)
}

/// What stands before the part of a page that is meant, and without slashes at its end.
pub fn bare(words: &str) -> &str {
    let words = words.trim();
    let words = words.split(['#', '?']).next().unwrap_or(words);
    let words = words.strip_prefix("./").unwrap_or(words);
    if words.contains("://") { words } else { words.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(words) }
}

/// The path below the site's address: of an address, or of words that are a path already.
fn path_in<'w>(settings: &Settings, words: &'w str) -> Result<&'w str> {
    let targets = settings.publish.values().filter_map(|target| target.url.as_deref());
    let addresses: Vec<&str> = std::iter::once(settings.site.base_url.as_str()).chain(targets).collect();
    let Some((_, rest)) = words.split_once("://") else {
        // An address may have lost its beginning.
        let own = addresses.iter().find_map(|own| words.strip_prefix(own.split_once("://")?.1));
        return Ok(own.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(words));
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_here = |own: &&str| {
        let (own_host, _) = parts(own);
        own_host.eq_ignore_ascii_case(host)
    };
    if let Some(own) = addresses.iter().find(|own| is_here(own)) {
        let (_, within) = parts(own);
        let rest = path.strip_prefix(within).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        return Ok(rest.unwrap_or(path));
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let is_loopback =
        name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if !is_loopback {
        bail!("{words} is no address of this site, which is at {}", settings.site.base_url);
    }
    Ok(path)
}

/// Host and path of an absolute URL.
fn parts(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// The path below which the site lies at its address, without slashes around it.
fn base_path(settings: &Settings) -> &str {
    parts(&settings.site.base_url).1.trim_matches('/')
}

/// The files that a URL path or the path of a file means, however many slashes there are.
fn of_path(path: &str) -> Vec<RelPath> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let name = parts.join("/");
    let index = if name.is_empty() { "index.html".to_owned() } else { format!("{name}/index.html") };
    let plain = Encoding::plain_of(&name).unwrap_or_default().to_owned();
    let looks_like_file = parts.last().is_some_and(|last| last.contains('.'));
    let names = if looks_like_file { [name, plain, index] } else { [index, name, plain] };
    names.iter().filter_map(|name| RelPath::new(name)).collect()
}

/// The page of a record; that of its park for an area.
fn of_record(id: &RecordId) -> Vec<RelPath> {
    of_path(id.url().split('#').next().unwrap_or_default())
}

/// The pages that a content file, or the folder of a park, is known to make or would make.
fn of_content(store: &impl Store, path: &str) -> Result<Vec<RelPath>> {
    let (folder, name) = split(path);
    let known: Vec<KnownFile> = store.value(Table::Sources, folder.as_bytes())?.unwrap_or_default();
    let park = |key: String| of_record(&RecordId::new(Kind::Park, key));
    Ok(match place(path) {
        Place::Record(kind, scope, stem) => {
            let records = known.iter().find(|file| file.name == name).map(|file| file.records.as_slice());
            match records.unwrap_or_default() {
                [] => {
                    let slug = slugify(&stem);
                    let key = if scope.is_empty() { slug } else { format!("{scope}/{slug}") };
                    of_record(&RecordId::new(kind, key))
                }
                records => records.iter().flat_map(of_record).collect(),
            }
        }
        Place::Areas(key) | Place::Reviews(key) | Place::Photos(key) => park(key),
        Place::PhotoFile(picture) => park(slugify(picture.split('/').nth(1).unwrap_or_default())),
        Place::Ignored | Place::Unknown(_) => match place(&format!("{path}/index.md")) {
            Place::Record(..) => of_content(store, &format!("{path}/index.md"))?,
            _ => of_path(path),
        },
    })
}

/// The files that an asset is published as.
fn of_asset(store: &impl Store, asset: &str) -> Result<Vec<RelPath>> {
    let mut files = Vec::new();
    store.scan_prefix(Table::Pages, format!("{}/", assets::FOLDER).as_bytes(), |file, bytes| {
        let is_meant = matches!(Trace::decode(bytes)?.facts.route, Route::Asset(path, _) if path == asset);
        files.extend(RelPath::new(std::str::from_utf8(file)?).filter(|_| is_meant));
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str) -> Settings {
        Settings::parse(&format!("base_url = '{base_url}'\n")).expect("settings")
    }

    #[test]
    fn an_address_is_a_path_wherever_the_site_lies() {
        let site = settings("https://Parks.example/repo");
        for (words, path) in [
            ("https://parks.example/repo/parks/e/", "/parks/e/"),
            ("http://parks.example/repo", ""),
            ("http://localhost:1111/parks/e/", "/parks/e/"),
            ("http://[::1]:1111/parks/e", "/parks/e"),
            ("Parks.example/repo/parks/e", "/parks/e"),
            ("/parks/e/", "/parks/e/"),
        ] {
            assert_eq!(path_in(&site, words).expect("a path"), path, "{words}");
        }
        let refused = path_in(&site, "https://other.example/parks/e/").expect_err("another site's");
        assert!(refused.to_string().contains("https://Parks.example/repo"), "{refused}");
    }

    #[test]
    fn slashes_mean_nothing() {
        let files = |path: &str| of_path(path).iter().map(RelPath::to_string).collect::<Vec<_>>();
        assert_eq!(files("parks/e"), files("//parks//e//"));
        assert_eq!(files("/parks/e/")[0], "parks/e/index.html");
        assert_eq!(files("feed.xml/")[0], "feed.xml");
        assert_eq!(files("parks/e/index.html.br")[1], "parks/e/index.html");
        assert_eq!(files("/")[0], "index.html");
        assert!(files("../../etc/passwd").is_empty());
    }
}

//! The files for servers and hosts: what the site says of its redirects, headers and assets, handed to
//! whoever knows their formats.

use crate::assets::Assets;
use crate::catalog::{Group, Reader};
use crate::config::hosting::{Host, HostFile, Inlined};
use crate::headers::{HeaderRules, is_fingerprinted};
use crate::hosting::{
    Dialect, Kept, Redirect, balancer_http, balancer_server, caddyfile, headers_file, nginx_http, nginx_server,
    redirects_file, word,
};
use crate::paths::RelPath;
use crate::site::view::{Failure, View};

/// What a file for servers says.
pub fn view(file: HostFile, reader: &Reader) -> Result<View, Failure> {
    let base = &reader.setting("base_path").site.base_path;
    let hosting = &reader.setting("hosting").hosting;
    let name = word(&reader.site().base_url);
    let dialect = if hosting.hosts.contains(&Host::Netlify) { Dialect::Netlify } else { Dialect::Cloudflare };
    let packed = || !reader.setting("compress.pages").delivery.compress.pages.is_empty();
    let text = match file {
        HostFile::Headers => headers_file(dialect, &rules(reader)?, &kept(reader), base),
        HostFile::Redirects => redirects_file(dialect, &redirects(reader)?, base),
        HostFile::NginxHttp => Ok(nginx_http(&name, &rules(reader)?, &redirects(reader)?, base)),
        HostFile::NginxServer => nginx_server(&name, &rules(reader)?, hosting, packed(), base),
        HostFile::Caddyfile => caddyfile(&name, &rules(reader)?, &redirects(reader)?, hosting, packed(), base),
        HostFile::BalancerHttp | HostFile::BalancerServer => match &hosting.balancer {
            Some(balancer) if file == HostFile::BalancerHttp => Ok(balancer_http(&name, balancer)),
            Some(balancer) => Ok(balancer_server(&name, balancer, base)),
            None => Err("there is no balancer in the settings".to_owned()),
        },
    };
    text.map(|text| View::Bytes(text.into_bytes())).map_err(Failure::Mistake)
}

/// What is said of each file.
fn rules(reader: &Reader) -> Result<HeaderRules, Failure> {
    reader.setting("headers");
    let settings = reader.setting("security");
    let mut hashes = Vec::new();
    for (name, _) in &settings.policy.inline {
        let asset = reader.asset(name).zip(Inlined::of(name));
        let Some((asset, kind)) = asset else {
            let message = format!("security.inline names {name}, but there is no such script or style sheet");
            return Err(Failure::Mistake(message));
        };
        hashes.extend(asset.integrity.clone().map(|hash| (kind, hash)));
    }
    Ok(HeaderRules::new(settings, &hashes))
}

/// All redirects, sorted.
pub fn redirects(reader: &Reader) -> Result<Vec<Redirect>, Failure> {
    let mut all = Vec::new();
    for id in reader.members(&Group::Redirects)? {
        if let Some(card) = reader.member_card(&id)? {
            all.extend(card.redirects.iter().map(|from| Redirect { from: from.clone(), to: card.url.clone() }));
        }
    }
    all.sort();
    Ok(all)
}

/// What a host must be told to keep. A folder of assets is one line where all in it are kept alike.
fn kept(reader: &Reader) -> Kept {
    let mut kept = Kept { immutable: vec!["/photos/*".to_owned()], short: Vec::new() };
    let always =
        ["/feed.xml", "/robots.txt", "/sitemap.xml", "/sitemaps/*", "/redirects.json", "/assets/manifest.json"];
    kept.short.extend(always.map(str::to_owned));
    let assets = reader.assets();
    let files: Vec<(String, bool)> = files(assets);
    let folder = |url: &str| url.match_indices('/').nth(2).map(|(at, _)| url[..=at].to_owned());
    for (url, for_ever) in &files {
        let folder = folder(url).filter(|folder| {
            files.iter().filter(|(other, _)| other.starts_with(folder)).all(|(_, other)| other == for_ever)
        });
        let list = if *for_ever { &mut kept.immutable } else { &mut kept.short };
        let line = folder.map_or_else(|| url.clone(), |folder| format!("{folder}*"));
        if !list.contains(&line) {
            list.push(line);
        }
    }
    kept
}

/// The URL of every asset, and whether it is kept for ever.
fn files(assets: &Assets) -> Vec<(String, bool)> {
    let published = assets.published().into_iter();
    published.filter_map(|(_, url)| Some((url.clone(), is_fingerprinted(&RelPath::new(&url[1..])?)))).collect()
}

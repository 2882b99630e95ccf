//! Pages without much to say: redirects, robots.txt, the page for lost visitors, and files that
//! are passed on.

use crate::assets;
use crate::catalog::Reader;
use crate::model::RecordId;
use crate::render::Entries;
use crate::site::routes::Route;
use crate::site::view::{Failure, Frame, View, framed, map};

use super::missing;

/// A page that sends its visitors to a record.
pub fn redirect(route: &Route, id: &RecordId, reader: &Reader) -> Result<View, Failure> {
    let link = reader.link(id)?.ok_or_else(|| missing(id))?;
    let to = format!("{}{}", reader.site().base_url, link.url);
    let values = map! { "to" => to, "to_path" => reader.public(&link.url), "name" => link.name.as_str() };
    let frame = Frame { heading: link.name.clone(), noindex: true, ..Frame::default() };
    Ok(framed(route, "redirect.html", frame, ("redirect", values), reader)?)
}

/// All redirects as JSON: `[{"from": …, "to": …, "status": 301}]`, sorted by `from`.
pub fn redirects(reader: &Reader) -> Result<View, Failure> {
    reader.setting("base_path");
    let all = super::hosting::redirects(reader)?.into_iter();
    let public = |path: &str| reader.public(path).to_string();
    let all = all.map(|one| serde_json::json!({ "from": public(&one.from), "to": public(&one.to), "status": 301 }));
    let mut bytes = serde_json::to_vec_pretty(&all.collect::<Vec<_>>()).map_err(anyhow::Error::from)?;
    bytes.push(b'\n');
    Ok(View::Bytes(bytes))
}

/// robots.txt.
pub fn robots(route: &Route, reader: &Reader) -> Result<View, Failure> {
    Ok(framed(route, "robots.txt", Frame::default(), ("robots", Entries::default()), reader)?)
}

/// The page for addresses that lead nowhere.
pub fn not_found(route: &Route, reader: &Reader) -> Result<View, Failure> {
    let frame = Frame { heading: "Page not found".to_owned(), noindex: true, ..Frame::default() };
    Ok(framed(route, "404.html", frame, ("not_found", Entries::default()), reader)?)
}

/// An asset, as it is.
pub fn asset(path: &str, reader: &Reader) -> Result<View, Failure> {
    match reader.asset(path) {
        Some(asset) => Ok(View::File(format!("{}/{path}", assets::FOLDER), asset.digest)),
        None => Err(Failure::Broken(anyhow::anyhow!("there is a page for assets/{path}, but no such asset"))),
    }
}

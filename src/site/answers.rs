//! The functions that templates call, answered for one page through its reader, so that every
//! answer is a noted reading. Knows nothing of any one template.

use std::fmt::Display;
use std::rc::Rc;

use tera::ErrorKind;

use super::view::map;
use super::{lists, shapes};
use crate::catalog::Reader;
use crate::config::hosting::{Inlined, PolicyMode};
use crate::diagnostics::suggestion;
use crate::headers::content_type;
use crate::model::{Kind, RecordId};
use crate::paths::RelPath;
use crate::render::{Answers, Kwargs, Value};

/// Answers on behalf of one page.
pub struct PageAnswers(pub Rc<Reader>);

impl Answers for PageAnswers {
    fn answer(&self, function: &'static str, arguments: &Kwargs) -> Result<Value, String> {
        match function {
            "url" => self.url(arguments),
            "absolute_url" => {
                let path: &str = required(arguments, "path")?;
                if !path.starts_with('/') {
                    return Err(format!("`path` must begin with `/`, not be `{path}`"));
                }
                // What a template got from us begins with the path already.
                let site = self.0.site();
                let path = site.base_path.stripped(path).unwrap_or(path);
                Ok(format!("{}{path}", site.base_url).into())
            }
            "asset" => self.asset(arguments),
            "asset_info" => self.asset_info(arguments),
            "inline" => self.inline(arguments),
            "image" => super::images::image(&self.0, arguments),
            "setting" => self.setting(arguments),
            "park" => self.one(Kind::Park, arguments),
            "ride" => self.one(Kind::Ride, arguments),
            "parks" | "rides" | "companies" | "articles" => lists::list(&self.0, function, arguments),
            other => Err(format!("no function `{other}`")),
        }
    }
}

impl PageAnswers {
    fn url(&self, arguments: &Kwargs) -> Result<Value, String> {
        let reference: &str = required(arguments, "to")?;
        if reference.starts_with('/') && !reference.starts_with("//") {
            return Ok(self.0.public(reference).into());
        }
        let id = RecordId::parse(reference).ok_or_else(|| {
            format!("`{reference}` is neither a reference such as `park:efteling` nor a path such as `/parks/`")
        })?;
        match self.0.link(&id).map_err(in_words)? {
            Some(link) => Ok(self.0.public(&link.url).into()),
            None => {
                let near = self.0.near(&id).map_err(in_words)?;
                let near = near.map(|near| format!("; did you mean `{}:{near}`?", id.kind.word()));
                Err(format!("there is no {reference}{}", near.unwrap_or_default()))
            }
        }
    }

    fn asset(&self, arguments: &Kwargs) -> Result<Value, String> {
        let name: &str = required(arguments, "path")?;
        let asset = self.0.asset(name).ok_or_else(|| self.no_asset(name))?;
        Ok(self.0.public(&asset.url).into())
    }

    /// URL, integrity, size and type; of a source in a bundle also its style sheets and imports.
    fn asset_info(&self, arguments: &Kwargs) -> Result<Value, String> {
        let name: &str = required(arguments, "path")?;
        let asset = self.0.asset(name).ok_or_else(|| self.no_asset(name))?;
        let (css, imports) = self.0.bundled(name);
        let list =
            |urls: &[String]| Value::from(urls.iter().map(|url| self.0.public(url).into()).collect::<Vec<Value>>());
        let file = RelPath::new(asset.url.trim_start_matches('/'));
        Ok(Value::from(map! {
            "url" => self.0.public(&asset.url),
            "integrity" => asset.integrity.clone(),
            "size" => asset.size,
            "type" => file.map_or("application/octet-stream", |file| content_type(&file)),
            "css" => list(css),
            "imports" => list(imports),
        }))
    }

    /// The text of a style sheet or script, to stand in a page.
    fn inline(&self, arguments: &Kwargs) -> Result<Value, String> {
        let name: &str = required(arguments, "path")?;
        if self.0.asset(name).is_none() {
            return Err(self.no_asset(name));
        }
        let policy = &self.0.setting("security").policy;
        if policy.mode != PolicyMode::Off && !policy.inline.iter().any(|(known, _)| known == name) {
            return Err(format!("the policy forbids assets/{name} in pages; name it in `inline` of `[security]`"));
        }
        let text = self.0.asset_text(name).map_err(in_words)?;
        let lower = text.to_ascii_lowercase();
        if Inlined::of(name).is_none()
            || lower.contains("</style")
            || lower.contains("</script")
            || lower.contains("<!--")
        {
            return Err(format!("assets/{name} cannot stand in a page"));
        }
        Ok(Value::safe_string(&text))
    }

    fn no_asset(&self, name: &str) -> String {
        let help = suggestion(name, self.0.asset_names()).unwrap_or_default();
        format!("there is no file assets/{name}; {help}")
    }

    fn setting(&self, arguments: &Kwargs) -> Result<Value, String> {
        let name: &str = required(arguments, "name")?;
        if let Some(extra) = name.strip_prefix("extra.") {
            let (first, rest) = extra.split_once('.').unwrap_or((extra, ""));
            let mut value = self.0.setting(&format!("extra.{first}")).extra.get(first);
            for part in rest.split('.').filter(|part| !part.is_empty()) {
                value = value.and_then(|value| value.get(part));
            }
            return Ok(value.map_or_else(Value::none, Value::from_serializable));
        }
        let site = self.0.site();
        Ok(match name {
            "title" => site.title.as_str().into(),
            "base_url" => site.base_url.as_str().into(),
            "description" => site.description.as_str().into(),
            "language" => site.language.as_str().into(),
            "dir" => site.dir.as_str().into(),
            "tagline" => site.tagline.clone().into(),
            "author" => site.author.clone().into(),
            "rating_scale" => self.0.setting("rating_scale").rating_scale.into(),
            _ => {
                let known =
                    ["title", "base_url", "description", "language", "dir", "tagline", "author", "rating_scale"];
                let help = suggestion(name, known).unwrap_or_default();
                return Err(format!("there is no setting `{name}`; {help}; your own are `extra.…`"));
            }
        })
    }

    /// A record that there must be, unless it is asked for as one that need not.
    fn one(&self, kind: Kind, arguments: &Kwargs) -> Result<Value, String> {
        let key: &str = required(arguments, "key")?;
        let id = RecordId::new(kind, key);
        match self.0.card(&id).map_err(in_words)? {
            Some(card) => shapes::card(&self.0, &id, &card).map_err(in_words),
            None if optional(arguments, "optional")?.unwrap_or(false) => Ok(Value::none()),
            None => Err(missing(&self.0, &id)),
        }
    }
}

/// Says that there is no such record, and which may have been meant.
pub(super) fn missing(reader: &Reader, id: &RecordId) -> String {
    let help = match reader.near(id) {
        Ok(near) => near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default(),
        Err(error) => format!("; {error}"),
    };
    format!("there is no {} `{}`{help}", id.kind.word(), id.key)
}

/// The value of an argument that must be given.
pub(super) fn required<'k, T>(arguments: &'k Kwargs, name: &'k str) -> Result<T, String>
where
    T: tera::ArgFromValue<'k, Output = T>,
{
    optional(arguments, name)?.ok_or_else(|| format!("the argument `{name}` is missing"))
}

/// The value of an argument, if it is given.
pub(super) fn optional<'k, T>(arguments: &'k Kwargs, name: &'k str) -> Result<Option<T>, String>
where
    T: tera::ArgFromValue<'k, Output = T>,
{
    arguments.get(name).map_err(|error| match error.kind() {
        ErrorKind::InvalidArgument { expected_type, actual_type } => {
            format!("`{name}` must be {}, not of the type {actual_type}", type_in_words(expected_type))
        }
        ErrorKind::OutOfRangeArgument { value, .. } => format!("`{name}` cannot be {value}"),
        _ => format!("`{name}`: {error}"),
    })
}

fn type_in_words(name: &str) -> &str {
    match name {
        "&str" => "a text",
        "bool" => "true or false",
        "usize" | "u32" => "a whole number",
        "Vec<Value>" => "a list",
        other => other,
    }
}

pub(super) fn in_words(error: impl Display) -> String {
    error.to_string()
}

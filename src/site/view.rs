//! Views: the plain value that a template sees, its digest, and the frame that all pages share.
//! Knows nothing of any one kind of page.

use anyhow::Result;

use crate::catalog::Reader;
use crate::digest::Digest;
use crate::render::{Context, Entries, Value, canonical};

use super::routes::Route;

/// What a page is made of before it is rendered.
pub enum View {
    /// A template and its value.
    Template {
        /// The template's name.
        template: &'static str,
        /// Top-level variables.
        values: [(&'static str, Value); 3],
    },
    /// Finished bytes.
    Bytes(Vec<u8>),
    /// The bytes of a file of the site, by its path in the site's root.
    File(String, Digest),
}

/// Why a page cannot be made now.
#[derive(Debug)]
pub enum Failure {
    /// Something in the site's content or templates, in words for its author.
    Mistake(String),
    /// Something went wrong with the state.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// The entries of a template's map, from names and values.
macro_rules! map {
    ($($name:literal => $value:expr),* $(,)?) => {{
        let names = [$($name),*];
        let mut entries = $crate::render::Entries::with_capacity(names.len());
        $(entries.insert($name, $crate::render::Value::from($value));)*
        entries
    }};
}
pub(super) use map;

impl View {
    /// The digest of everything that the view, made through `reader`, would show.
    pub fn digest(&self, reader: &Reader) -> Digest {
        match self {
            Self::Template { template, values } => {
                let mut bytes = Vec::with_capacity(4096);
                bytes.extend_from_slice(template.as_bytes());
                for (name, value) in values {
                    canonical::put_text(name, &mut bytes);
                    canonical::write(value, &|map| reader.digest_of(map), &mut bytes);
                }
                Digest::of(&bytes)
            }
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::File(_, digest) => *digest,
        }
    }

    /// The template's name and context; `None` for views that need no rendering.
    pub fn into_context(self) -> Option<(&'static str, Context)> {
        match self {
            Self::Template { template, values } => {
                let mut context = Context::new();
                for (key, value) in values {
                    context.insert_value(key, value);
                }
                Some((template, context))
            }
            Self::Bytes(_) | Self::File(..) => None,
        }
    }
}

/// What the frame around every page shows.
#[derive(Default)]
pub struct Frame {
    /// The page's heading.
    pub heading: String,
    /// The `<title>`, without the site's; the heading where empty.
    pub title: String,
    /// For search engines; the site's own where none.
    pub description: Option<String>,
    /// Links to the pages above this one.
    pub breadcrumbs: Vec<Value>,
    /// When an editor last said something new.
    pub updated: Option<Value>,
    /// The page before this one of a list.
    pub previous: Option<String>,
    /// The page after this one of a list.
    pub next: Option<String>,
    /// Keep out of search engines.
    pub noindex: bool,
}

/// A view with a template, the variables `site` and `page`, and one named for the kind.
pub fn framed(
    route: &Route,
    template: &'static str,
    frame: Frame,
    (name, values): (&'static str, Entries),
    reader: &Reader,
) -> Result<View> {
    let site = reader.site();
    let url = route.url().map(|url| url.as_str().to_owned()).unwrap_or_default();
    let own = if frame.title.is_empty() { &frame.heading } else { &frame.title };
    let title = match route {
        _ if *own == site.title => own.clone(),
        Route::Home => format!("{} – {own}", site.title),
        _ => format!("{own} – {}", site.title),
    };
    // What is missing has no page above this one.
    let breadcrumbs: Vec<Value> = frame.breadcrumbs.into_iter().filter(|link| !link.is_none()).collect();
    let page = map! {
        "kind" => route.kind(),
        "canonical" => format!("{}{url}", site.base_url),
        "url" => reader.public(&url),
        "path" => url.as_str(),
        "title" => title,
        "heading" => frame.heading,
        "description" => frame.description.unwrap_or_else(|| site.description.clone()),
        "language" => site.language.as_str(),
        "dir" => site.dir.as_str(),
        "noindex" => frame.noindex,
        "breadcrumbs" => breadcrumbs,
        "updated" => frame.updated,
        "prev_url" => frame.previous,
        "next_url" => frame.next,
    };
    let site_value = reader.site_value(|| {
        Value::from(map! {
            "title" => site.title.as_str(),
            "base_url" => site.base_url.as_str(),
            "description" => site.description.as_str(),
            "language" => site.language.as_str(),
            "dir" => site.dir.as_str(),
            "author" => site.author.clone(),
            "tagline" => site.tagline.clone(),
        })
    });
    let values = [("site", site_value), ("page", Value::from(page)), (name, Value::from(values))];
    Ok(View::Template { template, values })
}

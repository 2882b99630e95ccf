//! From values to HTML: templates, the functions and filters they call, Markdown, minifying.
//! Functions find the page being rendered through one scoped thread-local, the only one in the
//! tree; render knows of it only that it answers calls.

mod anchors;
pub mod attributes;
mod calls;
pub mod canonical;
mod entries;
pub mod filters;
mod functions;
mod ids;
pub mod markdown;
mod minify;
mod names;
pub mod policy;
mod reach;
mod rebase;
pub mod safe_html;
mod sources;
mod tasks;
mod templates;
mod trouble;

pub use entries::Entries;
pub use functions::{Answers, with_answers};
pub use ids::Ids;
pub use names::THEME;
pub use rebase::{Text, rebased};
pub use sources::FOLDER as TEMPLATES;
pub use sources::{Sources, place as template_place};
pub use templates::{Rendered, Templates};

pub use tera::value::Key;
pub use tera::{Context, Kwargs, Map, Value};

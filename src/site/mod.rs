//! Which pages exist and what each shows. To add a kind of page: a variant in `routes.rs`, a
//! file in `views/`, a template. Reads only through the catalog's reader; knows nothing of
//! files, of the state or of when a page is built.

mod answers;
mod drawing;
mod images;
mod lists;
pub mod routes;
mod shapes;
mod view;
mod views;

pub use answers::PageAnswers;
pub use routes::Route;
pub use view::{Failure, View};
pub use views::view;

//! The functions that templates call. Each goes to the page being rendered, which answers and
//! notes the reading. Knows nothing of what the answers are made of.

use std::cell::RefCell;
use std::rc::Rc;

use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

/// The page being rendered, as functions see it.
pub trait Answers {
    /// The answer to a template's call of `function`. The error is a sentence for the person
    /// who wrote the template.
    fn answer(&self, function: &'static str, arguments: &Kwargs) -> Result<Value, String>;
}

thread_local! {
    /// The page that this thread is rendering. Rendering never forks, so nothing else can get
    /// in between.
    static CURRENT: RefCell<Option<Rc<dyn Answers>>> = const { RefCell::new(None) };
}

/// Every function that goes to the page, with the arguments that it takes.
pub(super) const FUNCTIONS: [(&str, &[&str]); 13] = [
    ("url", &["to"]),
    ("absolute_url", &["path"]),
    ("asset", &["path"]),
    ("asset_info", &["path"]),
    ("inline", &["path"]),
    ("image", &["photo", "widths", "fit", "formats", "sizes", "original"]),
    ("setting", &["name"]),
    ("park", &["key", "optional"]),
    ("parks", &["country", "company", "operator", "sort", "limit"]),
    ("ride", &["key", "optional"]),
    ("rides", &["park", "model", "manufacturer", "company", "category", "sort", "limit"]),
    ("companies", &["role", "sort", "limit"]),
    ("articles", &["sort", "limit"]),
];

/// Runs `work` with `page` answering the functions that templates call.
pub fn with_answers<R>(page: Rc<dyn Answers>, work: impl FnOnce() -> R) -> R {
    /// Puts the earlier page back even when rendering panics.
    struct Restore(Option<Rc<dyn Answers>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _restore = Restore(CURRENT.replace(Some(page)));
    work()
}

/// Registers the functions.
pub(super) fn register(tera: &mut Tera) {
    for (name, _) in FUNCTIONS {
        tera.register_function(name, move |arguments: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            let page = CURRENT.with_borrow(Clone::clone);
            let page = page.ok_or_else(|| Error::message(format!("`{name}` was called outside a page")))?;
            page.answer(name, &arguments).map_err(Error::message)
        });
    }
}

//! The names of templates: the theme's, the site's own over them, and the one that both go by. Knows nothing
//! of texts.

use std::collections::BTreeMap;

/// What stands before the name of each of the theme's own templates. Where the site has none of that name,
/// the name alone means the theme's too.
pub const THEME: &str = "theme/";

/// The one name for whatever `name` means: `NAME`, and `theme/NAME` only for what the site's own file of that
/// name hides. So it makes no difference where a text lies, only which text is meant.
pub fn label<'n>(sources: &BTreeMap<String, String>, name: &'n str) -> &'n str {
    match name.strip_prefix(THEME) {
        Some(short) if !sources.contains_key(short) => short,
        _ => name,
    }
}

//! What a run looks at: everything, or only what may have changed. Knows nothing of how.

use std::collections::BTreeSet;

/// What a run looks at.
#[derive(Clone, Debug)]
pub enum Look {
    /// Every content file, every output, all templates and assets.
    Everything,
    /// Only what may have changed since the last run.
    Only(Touched),
}

/// What may have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Files below `content/`.
    pub content: BTreeSet<String>,
    /// Whether anything below `templates/` may have.
    pub templates: bool,
    /// Whether anything below `assets/` may have.
    pub assets: bool,
}

impl Look {
    /// A look at what either looks at.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut one), Self::Only(other)) => {
                one.add(other);
                Self::Only(one)
            }
            _ => Self::Everything,
        }
    }
}

impl Touched {
    /// Adds what `other` touches.
    pub fn add(&mut self, other: Self) {
        self.content.extend(other.content);
        self.templates |= other.templates;
        self.assets |= other.assets;
    }
}

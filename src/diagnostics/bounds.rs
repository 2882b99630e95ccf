//! Bounds on how many problems are told: nobody reads thousands, and a file can hold millions. Knows
//! nothing of what they are.

use super::{Diagnostic, Severity};

/// The problems of one file: the first hundred errors and the first hundred warnings, and how many more
/// there are of each.
#[derive(Debug, Default)]
pub struct Problems {
    told: Vec<Diagnostic>,
    errors: u64,
    warnings: u64,
}

impl Problems {
    /// Errors of one file that are told, and as many warnings.
    pub const MOST: u64 = 100;

    /// Problems in all that are told of a site.
    pub const MOST_IN_ALL: usize = 1_000;

    /// Whether another error would only be counted.
    pub fn is_full(&self) -> bool {
        self.errors >= Self::MOST
    }

    /// Adds an error, which is made only if it is told.
    pub fn error(&mut self, problem: impl FnOnce() -> Diagnostic) {
        self.errors += 1;
        if self.errors <= Self::MOST {
            self.told.push(problem());
        }
    }

    /// Adds a warning, which is made only if it is told.
    pub fn warning(&mut self, problem: impl FnOnce() -> Diagnostic) {
        self.warnings += 1;
        if self.warnings <= Self::MOST {
            self.told.push(problem().warning());
        }
    }

    /// Errors and warnings so far.
    pub fn number(&self) -> u64 {
        self.errors + self.warnings
    }

    /// Errors so far.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// What is told, and a count of what is not. `file` is whose problems they are.
    pub fn into_told(self, file: &str) -> Vec<Diagnostic> {
        let Self { mut told, errors, warnings } = self;
        for (severity, number) in [(Severity::Error, errors), (Severity::Warning, warnings)] {
            if number > Self::MOST {
                told.push(Diagnostic::of_more(file, severity, number - Self::MOST, "in this file"));
            }
        }
        told
    }
}

impl Diagnostic {
    /// So many problems that are only counted.
    pub fn of_more(file: &str, severity: Severity, number: u64, place: &str) -> Self {
        let word = if severity == Severity::Error { "mistake" } else { "warning" };
        let s = if number == 1 { "" } else { "s" };
        Self { severity, number, ..Self::of_file(file, format!("and {number} more {word}{s} {place}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_hundred_there_is_a_count() {
        let mut problems = Problems::default();
        let mut made = 0;
        for _ in 0..5_000 {
            problems.error(|| {
                made += 1;
                Diagnostic::of_file("f", "x")
            });
        }
        problems.warning(|| Diagnostic::of_file("f", "y"));
        assert_eq!((problems.number(), problems.errors(), made), (5_001, 5_000, 100));
        let told = problems.into_told("f");
        assert_eq!(told.len(), 102);
        assert_eq!((told[101].message.as_str(), told[101].number), ("and 4900 more mistakes in this file", 4_900));
        assert_eq!(told[100].severity, Severity::Warning);
    }
}

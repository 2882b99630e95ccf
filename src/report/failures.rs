//! The pages that could not be made, gathered by what stands in their way: one mistake in a template that
//! thousands of pages use is one problem. Bounded, and the same in whatever order pages fail.

use std::collections::{BTreeMap, BTreeSet};

use super::grouped;
use crate::diagnostics::Diagnostic;

/// Problems told apart; of more there is only a count.
const PROBLEMS: usize = 100;

/// Other messages that are told of one place.
const MESSAGES: usize = 3;

/// A page that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedPage {
    /// Its URL path.
    pub url: String,
    /// Where its record comes from, if it has one.
    pub origin: Option<String>,
}

/// Pages that could not be made, by problem.
#[derive(Debug, Default)]
pub struct Failures {
    problems: BTreeMap<Key, Problem>,
    pages: u64,
}

/// What makes two failures one problem: a place in a template, whatever is said of it; else the file and what is
/// said of it.
type Key = (String, u32, u32, String);

#[derive(Debug)]
struct Problem {
    /// What the first page met.
    diagnostic: Diagnostic,
    first: FailedPage,
    second: Option<FailedPage>,
    pages: u64,
    /// What is said of pages here, no two alike, the first few by the alphabet.
    messages: BTreeSet<String>,
}

impl Failures {
    /// Notes that `page` cannot be made because of `diagnostic`.
    pub fn add(&mut self, page: FailedPage, diagnostic: Diagnostic) {
        self.pages += 1;
        let message = if diagnostic.line == 0 { diagnostic.message.clone() } else { String::new() };
        let key = (diagnostic.file.clone(), diagnostic.line, diagnostic.column, message);
        match self.problems.get_mut(&key) {
            Some(problem) => problem.add(page, diagnostic),
            None => drop(self.problems.insert(key, Problem::new(page, diagnostic))),
        }
        if self.problems.len() > PROBLEMS {
            self.problems.pop_last();
        }
    }

    /// The problems, each with the pages that it stands in the way of. Leaves none.
    pub fn take(&mut self) -> Vec<Diagnostic> {
        let Self { problems, pages } = std::mem::take(self);
        let told: u64 = problems.values().map(|problem| problem.pages).sum();
        let mut all: Vec<Diagnostic> = problems.into_values().map(Problem::told).collect();
        if pages > told {
            let count = grouped(pages - told);
            all.push(Diagnostic::of_file("output", format!("{count} more pages cannot be made, for other reasons")));
        }
        all
    }
}

impl Problem {
    fn new(page: FailedPage, diagnostic: Diagnostic) -> Self {
        let messages = BTreeSet::from([diagnostic.message.clone()]);
        Self { diagnostic, first: page, second: None, pages: 1, messages }
    }

    fn add(&mut self, page: FailedPage, diagnostic: Diagnostic) {
        self.pages += 1;
        if !self.messages.contains(&diagnostic.message) {
            self.messages.insert(diagnostic.message.clone());
            if self.messages.len() > MESSAGES + 1 {
                self.messages.pop_last();
            }
        }
        if page < self.first {
            self.second = Some(std::mem::replace(&mut self.first, page));
            self.diagnostic = diagnostic;
        } else if self.second.as_ref().is_none_or(|second| page < *second) {
            self.second = Some(page);
        }
    }

    fn told(self) -> Diagnostic {
        let place = |page: &FailedPage| match &page.origin {
            Some(origin) => format!("{} ({origin})", page.url),
            None => page.url.clone(),
        };
        let mut pages = place(&self.first);
        match (&self.second, self.pages - 1) {
            (Some(second), 1) => pages.push_str(&format!(" and {}", place(second))),
            (Some(second), others) => {
                pages.push_str(&format!(", and {} other pages, first {}", grouped(others), place(second)));
            }
            (None, _) => {}
        }
        let mut diagnostic = self.diagnostic;
        let others = self.messages.iter().filter(|message| **message != diagnostic.message).take(MESSAGES);
        for other in others {
            pages.push_str(&format!("\n  = also here: {}", other.lines().next().unwrap_or_default()));
        }
        diagnostic.pages = Some(pages);
        diagnostic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: usize) -> FailedPage {
        FailedPage { url: format!("/{number:04}/"), origin: None }
    }

    fn typo(message: &str) -> Diagnostic {
        Diagnostic::at("templates/components.html", "a\n{{ x.nmae }}\n", 7..11, message)
    }

    #[test]
    fn one_mistake_is_told_once_in_any_order() {
        let shown = |numbers: &mut dyn Iterator<Item = usize>| {
            let mut failures = Failures::default();
            numbers.for_each(|number| failures.add(page(number), typo(&format!("there is no {}", number % 7))));
            let all = failures.take();
            assert_eq!(all.len(), 1);
            all[0].to_string()
        };
        let forwards = shown(&mut (0..1105));
        assert_eq!(forwards, shown(&mut (0..1105).rev()));
        insta::assert_snapshot!(forwards, @r"
        error: there is no 0
          --> templates/components.html:2:6
           |
         2 | {{ x.nmae }}
           |      ^^^^
          = fails: /0000/, and 1,104 other pages, first /0001/
          = also here: there is no 1
          = also here: there is no 2
          = also here: there is no 3
        ");
    }

    #[test]
    fn problems_are_counted_where_there_are_too_many() {
        let mut failures = Failures::default();
        for number in 0..1000 {
            failures.add(page(number), Diagnostic::of_file(&format!("content/{number:04}.md"), "wrong"));
        }
        let all = failures.take();
        assert_eq!(all.len(), PROBLEMS + 1);
        assert!(all[PROBLEMS].message.starts_with("900 more pages"), "{}", all[PROBLEMS]);
        assert!(failures.take().is_empty());
    }
}

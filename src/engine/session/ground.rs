//! What a session stands on: the state's folder and `output/`. Either may be taken away while the site is
//! held open; the next run finds out, and makes good what is missing. Knows nothing of what a run does.

use anyhow::Result;

use super::Session;
use crate::diagnostics::Diagnostic;
use crate::engine::options::Extent;
use crate::engine::outputs::journal;
use crate::engine::scan::scope::Look;
use crate::report::Report;

impl Session {
    /// Makes sure of the ground before a run that would look at `look`; returns what it has to look at.
    pub(super) fn make_sure(&mut self, look: Look) -> Result<Look> {
        if self.options.extent == Extent::Plan {
            return Ok(look);
        }
        let lost = !self.state.is_in_place();
        if lost {
            self.regain()?;
        }
        self.output.begin()?;
        let output = self.output.identity();
        let same = !lost && output == self.output_seen;
        self.output_seen = output;
        Ok(if same { look } else { Look::Everything })
    }

    /// Opens the site anew where its state was taken away or replaced. What is known to be ours stays ours.
    fn regain(&mut self) -> Result<()> {
        if self.state.is_open() {
            let ours = journal::testimony(&self.state)?;
            self.state.close();
            journal::adopt(&self.state, &ours)?;
        }
        let fresh = self.fresh.take();
        *self = Self::open(self.options.clone())?;
        self.fresh = self.fresh.take().or(fresh);
        Ok(())
    }

    /// Says what had to be set aside; where something was not as it was left, the next run looks at all.
    pub(super) fn tell_surprises(&mut self, report: &mut Report) {
        for (stood, now) in self.output.take_aside() {
            let message = format!("stood where a folder of the site belongs; it lies in {now} now");
            report.diagnostics.push(Diagnostic::of_file(&stood, message).warning());
        }
        if self.output.was_surprised() {
            self.output_seen = None;
        }
    }

    /// Whether the last run was one that no run goes on with until the site is mended.
    pub fn is_refused(&self) -> bool {
        self.refused
    }
}

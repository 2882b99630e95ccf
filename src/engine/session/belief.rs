//! What a session believes of what an earlier build has left: a state that makes no sense, or one whose build
//! did not come to its end, costs a clean build and never an error.

use anyhow::Result;

use super::{Extent, Look, Memory, Readers, Session, code_digest, journal, state};

impl Session {
    /// Loads what the last build remembered, and tidies up after one that did not come to its end.
    pub(super) fn remember(&mut self) -> Result<()> {
        self.memory = Memory::load(&self.state.snapshot()?)?;
        self.forget_unfinished()?;
        if self.state.fresh().is_none() && !journal::fits(&self.state)? {
            let reason = "the state and the journal beside it are not of one build";
            self.state.start_afresh(code_digest(), reason)?;
            self.memory = Memory::default();
            self.fresh = Some(reason.to_owned());
        }
        if self.state.fresh().is_some() {
            journal::restore(&self.state, &self.output, self.options.ours)?;
        }
        Ok(())
    }

    /// Whether an error is about a state of an earlier build that makes no sense.
    pub(super) fn is_past_belief(&self, error: &anyhow::Error) -> bool {
        self.state.fresh().is_none() && state::is_damage(error)
    }

    /// Sets aside a state that makes no sense: it costs a clean build, never an error.
    pub(super) fn begin_anew(&mut self, error: &anyhow::Error) -> Result<()> {
        let reason = state::could_not_be_read(error);
        self.state.begin_anew(code_digest(), &reason)?;
        (self.memory, self.around, self.unsettled) = (Memory::default(), None, Look::Everything);
        self.readers = self.readers.take().map(|_| Readers::default());
        self.fresh = Some(reason);
        journal::restore(&self.state, &self.output, self.options.ours)
    }

    /// A run that did not come to its end may have written anything: nothing that it knew counts.
    pub(super) fn forget_unfinished(&mut self) -> Result<()> {
        if self.memory.unfinished {
            let reason = "the last build did not come to its end";
            self.state.start_afresh(code_digest(), reason)?;
            self.memory = Memory::default();
            self.readers = self.readers.take().map(|_| Readers::default());
            self.unsettled = Look::Everything;
            self.fresh = Some(reason.to_owned());
        }
        match self.options.extent {
            Extent::Whole => journal::recover(&self.state, &self.output),
            Extent::Plan => Ok(()),
        }
    }
}

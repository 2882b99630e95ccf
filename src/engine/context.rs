//! The context of a build: what every step of it needs and none makes.

use super::options::Options;
use super::progress::Progress;
use super::threads::Threads;
use crate::cas::Cas;
use crate::compress;
use crate::config::Settings;
use crate::digest::Digest;
use crate::media::Budget;
use crate::room::TooLittle;
use crate::source;

/// The digest of the code that pages depend on, made when it was compiled.
pub fn code_digest() -> Digest {
    Digest::of(env!("LIFTHILL_CODE").as_bytes())
}

/// What every step needs.
pub struct Build<'b> {
    /// What is asked.
    pub options: &'b Options,
    /// The settings of the site.
    pub settings: Settings,
    /// Who is told how far it is.
    pub progress: &'b dyn Progress,
    /// The threads.
    pub threads: &'b Threads,
    /// What was made by earlier builds.
    pub cas: &'b Cas,
    /// Bounds what is decoded at one moment.
    pub budget: &'b Budget,
    /// What was compressed.
    pub compressed: compress::Counts,
}

impl Build<'_> {
    /// Fails where a picture below `content/` needs more bytes than there are for all.
    pub fn check_room(&self, path: &str, needs: u64) -> Result<(), TooLittle> {
        self.options.room.check_picture(&source::name_of(path), needs, self.budget.most())
    }
}

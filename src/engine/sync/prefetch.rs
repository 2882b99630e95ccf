//! What is read and parsed ahead of being applied: one thread has files read, by many that wait for the
//! disk; one has them parsed, by as many as there are processors. Knows nothing of what becomes of it.

use std::thread::Scope;

use crossbeam_channel::Receiver;
use rayon::prelude::*;

use crate::catalog::Picture;
use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::engine::context::Build;
use crate::engine::scan::{Candidate, Candidates};
use crate::engine::sync::bodies;
use crate::media;
use crate::room::TooLittle;
use crate::source::{self, FileBytes, Parsed, Reading};
use crate::text::composed;

/// Files held at a time at each step.
const BATCH: usize = 256;

/// The same in bytes.
const BATCH_BYTES: u64 = 8 << 20;

/// Files that one thread reads at a time.
const AT_A_TIME: usize = 4;

/// What became of reading one file.
pub enum Outcome {
    Vanished,
    Unreadable(Box<Diagnostic>),
    /// A picture for which there is not enough memory.
    TooLarge(TooLittle),
    Same(Digest),
    Parsed(Digest, Box<Parsed>),
    /// A picture: what is known of it, and whether it was decoded for that.
    Picture(Box<Picture>, bool),
}

/// What a file holds, if it could be read.
type Bytes = Result<Option<FileBytes>, Box<Diagnostic>>;

/// Reads and parses `candidates`, in their order and some batches ahead of who takes them.
pub fn parse<'s>(
    scope: &'s Scope<'s, '_>,
    build: &'s Build<'_>,
    candidates: Candidates,
    reading: &'s Reading,
) -> Receiver<Vec<(Candidate, Outcome)>> {
    let (to_parse, texts) = crossbeam_channel::bounded::<Vec<(Candidate, Option<Bytes>)>>(1);
    let (sender, parsed) = crossbeam_channel::bounded(2);
    scope.spawn(move || {
        let read_text = |candidate: Candidate| {
            // Pictures are read only when there is room for them.
            let text = (!source::is_picture(&candidate.path)).then(|| read(build, &candidate));
            (candidate, text)
        };
        for batch in Batches(candidates.take()) {
            let batch = batch.into_par_iter().with_min_len(AT_A_TIME).map(read_text);
            if to_parse.send(build.threads.waiting.install(|| batch.collect())).is_err() {
                return;
            }
        }
    });
    scope.spawn(move || {
        let parse = |(candidate, text): (Candidate, Option<Bytes>)| {
            let outcome = parse_one(build, &candidate, text, reading);
            (candidate, outcome)
        };
        for batch in texts {
            if sender.send(build.threads.working.install(|| batch.into_par_iter().map(parse).collect())).is_err() {
                return;
            }
        }
    });
    parsed
}

/// Candidates some at a time: not too many, and not too large.
struct Batches<I>(I);

impl<I: Iterator<Item = Candidate>> Iterator for Batches<I> {
    type Item = Vec<Candidate>;

    fn next(&mut self) -> Option<Vec<Candidate>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Some(candidate) = self.0.next() else { break };
            bytes += if source::is_picture(&candidate.path) { 0 } else { candidate.stamp.size };
            batch.push(candidate);
        }
        (!batch.is_empty()).then_some(batch)
    }
}

fn read(build: &Build<'_>, candidate: &Candidate) -> Bytes {
    let photos = build.settings.photos.folder.as_deref();
    source::read(&build.options.root, photos, &candidate.path, build.options.room)
}

/// Parses the `text` of a file; `None` is a picture, which is still to be read.
pub fn parse_one(build: &Build<'_>, candidate: &Candidate, text: Option<Bytes>, reading: &Reading) -> Outcome {
    let is_photo = text.is_none();
    // A picture file may be as large as many of them.
    if is_photo && let Err(little) = build.check_room(&candidate.path, candidate.stamp.size) {
        return Outcome::TooLarge(little);
    }
    match text.unwrap_or_else(|| read(build, candidate)) {
        Err(problem) => Outcome::Unreadable(problem),
        Ok(None) => Outcome::Vanished,
        Ok(Some(file)) => {
            let same = candidate.known == Some(file.digest);
            if same && !candidate.again {
                Outcome::Same(file.digest)
            } else if is_photo {
                if let Err(little) = build.check_room(&candidate.path, media::needs(&file.bytes)) {
                    return Outcome::TooLarge(little);
                }
                let (found, decoded) = media::survey(build.cas, build.budget, file.digest, &file.bytes);
                let written = (composed(&candidate.path) != candidate.path).then(|| candidate.path.clone());
                Outcome::Picture(Box::new(Picture { file: written, digest: file.digest, found }), decoded)
            } else {
                Outcome::Parsed(file.digest, Box::new(bodies::of_file(&candidate.path, &file.bytes, reading)))
            }
        }
    }
}

//! The register: one small object, `_deploy/current.json`, that says what is live, who is
//! deploying and what was left undone. It is only ever replaced under the condition that it still
//! is as it was read, so it is fence, pointer and journal's index in one: of two deploys exactly
//! one gets its write through. Knows nothing of what is deployed.

use object_store::{PutPayload, UpdateVersion};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::manifest::Headers;
use super::remote::{Object, Pauses, Put, Remote, Write, random};

/// The register's key.
pub const KEY: &str = "_deploy/current.json";

const FORMAT: u32 = 1;

/// What the register says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Version of this format.
    pub format: u32,
    /// How many releases have gone live.
    pub generation: u64,
    /// Releases that can be gone back to, newest first; the first is live.
    pub releases: Vec<Line>,
    /// Who is deploying.
    pub deploy: Option<Deploy>,
    /// Releases that did not come to their end, oldest first.
    pub debts: Vec<DebtLine>,
    /// Who wrote this, so that a writer whose answer was lost knows its own hand.
    pub writer: String,
}

/// One release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its name.
    pub id: String,
    /// Its number.
    pub generation: u64,
    /// When it was made, in seconds since 1970.
    pub at: i64,
    /// The digest of its stored form.
    pub digest: String,
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The release that it is a return to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<String>,
}

/// A deploy in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploy {
    /// The release in the making.
    pub id: String,
    /// Whose: a random name that a site's folder keeps.
    pub owner: String,
    /// When it began, in seconds since 1970.
    pub begun: i64,
    /// When it last gave a sign of life.
    pub renewed: i64,
}

/// A release that did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebtLine {
    /// Its name.
    pub id: String,
    /// Whether it went live, so that only removals and purges are missing.
    pub moved: bool,
    /// How many of its changes, from the first, are done.
    pub done: u64,
    /// Until when its requests may still arrive, in seconds since 1970: it was taken for dead, and
    /// somebody else has gone on in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mistrusted_until: Option<i64>,
}

impl DebtLine {
    /// That of a release that is about to begin.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), moved: false, done: 0, mistrusted_until: None }
    }
}

impl Register {
    /// Notes that a silent deploy, if there is one that is not `owner`'s, may still have requests
    /// under way for some seconds after its last sign of life. One of the same owner is dead: its
    /// machine has given us the site's state, which it would hold.
    pub fn mistrust_silent(&mut self, owner: &str, seconds: i64) {
        let Some(silent) = self.deploy.as_ref().filter(|deploy| deploy.owner != owner) else { return };
        if let Some(debt) = self.debts.iter_mut().find(|debt| debt.id == silent.id) {
            debt.mistrusted_until = Some(silent.renewed + seconds);
        }
    }
}

/// The register as read, and the right to replace it.
pub struct Held {
    /// What it says.
    pub register: Register,
    version: Option<UpdateVersion>,
    run: String,
    step: u32,
}

impl Held {
    /// Reads the register; an empty one where there is none.
    pub async fn read(remote: &Remote) -> Result<Self, Failure> {
        let run = format!("{:016x}", random());
        let Some(found) = remote.get(KEY).await? else {
            let register = Register { format: FORMAT, ..Register::default() };
            return Ok(Self { register, version: None, run, step: 0 });
        };
        let register = decode(&found.bytes)?;
        Ok(Self { register, version: Some(found.version), run, step: 0 })
    }

    /// Replaces the register by `register` if it still is as it was read, and refuses otherwise.
    pub async fn swap(&mut self, remote: &Remote, mut register: Register) -> Result<(), Failure> {
        self.step += 1;
        register.format = FORMAT;
        register.writer = format!("{}-{}", self.run, self.step);
        let text = serde_json::to_vec_pretty(&register).map_err(anyhow::Error::from)?;
        let bytes = PutPayload::from(text);
        let headers = Headers {
            content_type: "application/json".to_owned(),
            cache_control: "no-store".to_owned(),
            ..Headers::default()
        };
        let object = Object { key: KEY, bytes: &bytes, headers: &headers, tags: "" };
        let write = self.version.clone().map_or(Write::New, Write::Over);
        let mut pauses = Pauses::new(remote.patience());
        for attempt in 1.. {
            let lost = match remote.put_once(&object, &write).await {
                Ok(Put::Done(version)) => {
                    *self = Self { register, version: Some(version), run: self.run.clone(), step: self.step };
                    return Ok(());
                }
                Ok(Put::Refused) => None,
                Ok(Put::Failed(failure)) | Err(failure @ Failure::Network(_)) => Some(failure),
                Err(other) => return Err(other),
            };
            // An answer may be lost where the write was not: whose hand stands there now?
            let found = remote.get(KEY).await?;
            let there = found.as_ref().map(|found| decode(&found.bytes)).transpose()?;
            if let (Some(found), Some(there)) = (found, there.as_ref())
                && there.writer == register.writer
            {
                *self = Self { register, version: Some(found.version), run: self.run.clone(), step: self.step };
                return Ok(());
            }
            let unchanged =
                there.as_ref().map(|there| &there.writer) == self.version.as_ref().map(|_| &self.register.writer);
            match lost {
                Some(lost) if unchanged && attempt >= remote.patience().attempts => return Err(lost),
                _ if unchanged && attempt < remote.patience().attempts => pauses.rest().await,
                _ => return Err(Failure::refused(moved(there.as_ref()))),
            }
        }
        unreachable!("attempts are counted from one without end")
    }
}

fn decode(bytes: &[u8]) -> Result<Register, Failure> {
    let register: Register = serde_json::from_slice(bytes)
        .map_err(|error| Failure::Local(anyhow::anyhow!("{KEY} in the target is not ours or damaged: {error}")))?;
    if register.format != FORMAT {
        return Err(Failure::refused(format!("{KEY} was written by another version of lifthill")));
    }
    Ok(register)
}

fn moved(there: Option<&Register>) -> String {
    match there.and_then(|there| there.deploy.as_ref()) {
        Some(deploy) => format!("another deploy was faster: {} has the target now", deploy.id),
        None => "another deploy was faster: the target is no longer as it was read".to_owned(),
    }
}

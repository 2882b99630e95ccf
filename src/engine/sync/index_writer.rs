//! Places: what happens to the members of groups, collected and put in order before it goes to the
//! state. The places of one record lie far apart there, those of many in order do not; and a thread
//! of its own can write them while others are found out. Knows nothing of cards.

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender};

use crate::state::{Lent, Table, Tables};

/// A member's key, and its value or nothing where it has gone.
pub type Change = (Vec<u8>, Option<Vec<u8>>);

/// Changes put in order at a time: some megabytes. Few where bugs are looked for.
const MANY: usize = if cfg!(debug_assertions) { 64 } else { 1 << 14 };

/// Changes that the state does not hold yet.
#[derive(Default)]
pub struct Places {
    changes: Vec<Change>,
    /// Who writes them, where that is another thread.
    writer: Option<Sender<Vec<Change>>>,
}

impl Places {
    /// Puts a member in its place, or takes it away.
    pub fn set(&mut self, tables: &mut Tables<'_>, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<()> {
        self.changes.push((key, value));
        if self.changes.len() >= MANY { self.flush(tables) } else { Ok(()) }
    }

    /// Everything goes to the state now, or to who writes it.
    pub fn flush(&mut self, tables: &mut Tables<'_>) -> Result<()> {
        let changes = std::mem::take(&mut self.changes);
        match &self.writer {
            Some(writer) => writer.send(changes).context("members cannot be written"),
            None if changes.is_empty() => Ok(()),
            None => {
                let mut members = tables.lend(Table::Members);
                let written = write(&mut members, changes);
                tables.take_back(members);
                written
            }
        }
    }

    /// From now on changes go to who is given what this returns.
    pub fn hand_over(&mut self) -> Receiver<Vec<Change>> {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        self.writer = Some(sender);
        receiver
    }

    /// Nobody else writes any more.
    pub fn hand_back(&mut self) {
        self.writer = None;
    }
}

/// Writes what comes, until no more can come.
pub fn write_all<'t>(mut members: Lent<'t>, changes: &Receiver<Vec<Change>>) -> Result<Lent<'t>> {
    changes.iter().try_for_each(|changes| write(&mut members, changes))?;
    Ok(members)
}

/// Of several changes to one place the last counts: the order is stable.
fn write(members: &mut Lent<'_>, mut changes: Vec<Change>) -> Result<()> {
    changes.sort_by(|(a, _), (b, _)| a.cmp(b));
    changes.iter().try_for_each(|(key, value)| members.set(key, value.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::disk::Disk;
    use crate::room::Room;
    use crate::state::{State, Store};

    #[test]
    fn of_several_changes_to_one_place_the_last_counts() {
        let root = tempfile::tempdir().expect("a folder");
        let state = State::open(root.path(), Digest::default(), &Disk::default(), Room::default()).expect("a state");
        let draft = state.begin().expect("a draft");
        let change = |key: u32, value: Option<&str>| (key.to_be_bytes().to_vec(), value.map(|value| value.into()));
        draft
            .write(|tables| {
                for apart in [false, true] {
                    let mut places = Places::default();
                    std::thread::scope(|scope| -> Result<()> {
                        let writer = apart.then(|| {
                            let (members, changes) = (tables.lend(Table::Members), places.hand_over());
                            scope.spawn(move || write_all(members, &changes))
                        });
                        for number in (0..3 * MANY as u32).rev() {
                            for value in [Some("came"), None, Some("came back")] {
                                let (key, value) = change(number, value.filter(|_| number % 2 == 0));
                                places.set(tables, key, value)?;
                            }
                        }
                        places.flush(tables)?;
                        places.hand_back();
                        if let Some(writer) = writer {
                            tables.take_back(writer.join().expect("no panic")?);
                        }
                        Ok(())
                    })?;
                    assert_eq!(tables.count(Table::Members)?, 3 * MANY as u64 / 2, "the odd ones have gone");
                    let value = tables.bytes(Table::Members, &2_u32.to_be_bytes(), <[u8]>::to_vec)?;
                    assert_eq!(value.as_deref(), Some(b"came back".as_slice()));
                }
                Ok(())
            })
            .expect("members are written");
    }
}

//! States that cannot be used, in whole or in part: the next build ends as a clean one would, and
//! says in one sentence why it started afresh.

use std::fs;

use crate::site::{Site, copy};

fn efteling() -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'\n+++\nFour inversions.")
        .ride("efteling/droomvlucht", "name = 'Droomvlucht'\ncategory = 'dark_ride'")
}

/// A site with its state, and pages that have to go when the rides do.
fn built() -> Site {
    let site = efteling();
    site.build();
    site
}

const STATE: &str = ".lifthill/state.redb";

/// Spoils the state of a built site, edits it, and builds: a page that is no more must go, one
/// that changed must change, as in a clean build (which every `build` compares with).
#[track_caller]
fn survives(site: &Site, what: &str, spoil: impl FnOnce(&Site)) {
    spoil(site);
    site.remove("content/parks/efteling/rides/python.md");
    site.edit("content/parks/efteling/rides/droomvlucht.md", "'Droomvlucht'", "'Dream flight'");
    let built = site.run(&["-v"]);
    assert_eq!(built.code(), 0, "{what}:\n{}", built.stderr());
    assert!(!site.has("/parks/efteling/rides/python/"), "{what}: a page stays that is no more\n{}", built.stderr());
    let (_, expected) = site.build_elsewhere(&[]);
    let found = site.output().differences(&expected);
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// The same site again and again, without building it each time.
struct Again {
    original: Site,
}

impl Again {
    fn new() -> Self {
        Self { original: built() }
    }

    fn site(&self) -> Site {
        let site = Site::new();
        fs::remove_dir_all(site.path("")).expect("an empty site");
        copy(&self.original.path(""), &site.path(""), &[]);
        site
    }
}

#[test]
fn bytes_of_the_state_that_were_flipped() {
    let again = Again::new();
    let length = fs::metadata(again.original.path(STATE)).expect("the state").len() as usize;
    for step in 0..40 {
        let at = (step * length / 40 + step * 37) % length;
        survives(&again.site(), &format!("byte {at} of {length} flipped"), |site| {
            let mut bytes = fs::read(site.path(STATE)).expect("the state");
            bytes[at] ^= 1 << (step % 8);
            fs::write(site.path(STATE), bytes).expect("the state");
        });
    }
}

#[test]
fn a_state_that_was_cut_off() {
    let again = Again::new();
    let length = fs::metadata(again.original.path(STATE)).expect("the state").len();
    for at in [0, 1, 100, 4096, length / 3, length / 2, length - 4096, length - 1] {
        survives(&again.site(), &format!("cut off at {at} of {length}"), |site| {
            let file = fs::File::options().write(true).open(site.path(STATE)).expect("the state");
            file.set_len(at).expect("shorter");
        });
    }
}

#[test]
fn a_state_that_is_something_else() {
    let again = Again::new();
    let garbage: Vec<u8> = (0..50_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    survives(&again.site(), "garbage", |site| site.write(STATE, &garbage));
    survives(&again.site(), "empty", |site| site.write(STATE, ""));
    survives(&again.site(), "text", |site| site.write(STATE, "this is no state\n".repeat(1000)));
    survives(&again.site(), "no state", |site| site.remove(STATE));
    survives(&again.site(), "no state but a seal", |site| {
        site.remove(STATE);
        site.write(".lifthill/seal", "0 0 0 0\n");
    });
    survives(&again.site(), "swapped bytes", |site| {
        let mut bytes = fs::read(site.path(STATE)).expect("the state");
        bytes.chunks_exact_mut(4).for_each(<[u8]>::reverse);
        fs::write(site.path(STATE), bytes).expect("the state");
    });
}

#[test]
fn a_damaged_state_is_told_in_one_sentence() {
    let site = built();
    site.write(STATE, "this is no state\n");
    site.run(&["-v"]).exit(0).says("Built everything: the state could not be read (");
}

#[test]
fn a_damaged_journal_loses_nothing_that_the_state_knows() {
    let again = Again::new();
    let length = fs::metadata(again.original.path(".lifthill/journal")).expect("the journal").len() as usize;
    for step in 0..8 {
        let at = step * length / 8;
        survives(&again.site(), &format!("byte {at} of the journal"), |site| {
            let mut bytes = fs::read(site.path(".lifthill/journal")).expect("the journal");
            bytes[at] ^= 4;
            fs::write(site.path(".lifthill/journal"), bytes).expect("the journal");
        });
    }
    survives(&again.site(), "a journal cut off", |site| {
        let bytes = fs::read(site.path(".lifthill/journal")).expect("the journal");
        fs::write(site.path(".lifthill/journal"), &bytes[..bytes.len() / 2]).expect("the journal");
    });
}

#[test]
fn a_state_of_another_site() {
    let other = Site::new()
        .park("liseberg", "name = 'Liseberg'\ncountry = 'SE'")
        .ride("liseberg/helix", "name = 'Helix'\ncategory = 'roller_coaster'");
    other.build();
    let site = built();
    survives(&site, "the state of another site", |site| {
        fs::copy(other.path(STATE), site.path(STATE)).map(drop).expect("a copy");
        fs::copy(other.path(".lifthill/seal"), site.path(".lifthill/seal")).map(drop).expect("a copy");
    });
    assert!(!site.has("/parks/liseberg/"));
}

/// Version and page code are the first things in the state; whatever is there must fit.
#[test]
fn a_state_of_another_version() {
    use lifthill::digest::Digest;
    use lifthill::disk::Disk;
    use lifthill::room::Room;
    use lifthill::state::State;
    let site = built();
    survives(&site, "the state of another version", |site| {
        drop(
            State::open(&site.path(""), Digest::of(b"other code"), &Disk::default(), Room::default()).expect("a state"),
        );
    });
}

#[test]
fn what_was_ours_stays_ours_when_the_state_is_lost() {
    let site = built();
    site.write("output/foreign.html", "somebody else's");
    site.remove(STATE);
    site.remove("content/parks/efteling/rides/python.md");
    site.build();
    assert!(!site.has("/parks/efteling/rides/python/"));
    assert!(site.has("/foreign.html"), "what we did not write stays");
}

#[test]
fn a_journal_that_has_grown_long_is_written_anew() {
    let site = built();
    let path = site.path(".lifthill/journal");
    let old = fs::read(&path).expect("the journal");
    fs::write(&path, [b"what once was\n".repeat(20_000), old].concat()).expect("a longer journal");
    site.edit("content/parks/efteling/rides/python.md", "Four", "Five");
    site.build();
    let length = fs::metadata(&path).expect("the journal").len();
    assert!(length < 20_000, "{length} bytes");
    survives(&site, "the state lost beside a journal written anew", |site| site.remove(STATE));
}

/// Rows whose checksums fit, and which say nothing that anybody could have written: of each table in turn.
#[test]
fn rows_that_make_no_sense() {
    use lifthill::disk::Disk;
    use lifthill::engine::code_digest;
    use lifthill::room::Room;
    use lifthill::state::{State, Store, Table};
    let again = Again::new();
    let garbage: [&[u8]; 3] = [b"", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", &[7; 40]];
    for (number, table) in Table::ALL.into_iter().enumerate() {
        let garbage = garbage[number % garbage.len()];
        survives(&again.site(), &format!("{table:?} full of {garbage:?}"), |site| {
            let state = State::open(&site.path(""), code_digest(), &Disk::default(), Room::default());
            let state = state.expect("the state");
            let draft = state.begin().expect("a draft");
            let spoil = draft.write(|tables| {
                let mut keys: Vec<Vec<u8>> = Vec::new();
                tables.scan(table, b"", |key, _| {
                    keys.push(key.to_vec());
                    Ok(std::ops::ControlFlow::Continue(()))
                })?;
                // The version says that the rest may be read.
                keys.retain(|key| key != b"version");
                keys.iter().try_for_each(|key| tables.put(table, key, garbage))
            });
            spoil.expect("garbage");
            draft.commit().expect("a commit");
        });
    }
}

#[test]
fn a_state_of_a_later_format() {
    use lifthill::disk::Disk;
    use lifthill::engine::code_digest;
    use lifthill::room::Room;
    use lifthill::state::{State, Table};
    let site = built();
    survives(&site, "a later format", |site| {
        let state = State::open(&site.path(""), code_digest(), &Disk::default(), Room::default()).expect("the state");
        let draft = state.begin().expect("a draft");
        let put = |version: &(u32, lifthill::digest::Digest)| {
            draft.write(|tables| tables.put_value(Table::Meta, b"version", version)).expect("a row");
        };
        put(&(99, code_digest()));
        draft.commit().expect("a commit");
    });
}

#[test]
fn all_that_is_known_of_another_site() {
    let other = Site::new()
        .park("liseberg", "name = 'Liseberg'\ncountry = 'SE'")
        .ride("liseberg/helix", "name = 'Helix'\ncategory = 'roller_coaster'");
    other.build();
    let site = efteling();
    site.remove("content/parks/efteling/rides/droomvlucht.md");
    copy(&other.path(".lifthill"), &site.path(".lifthill"), &[]);
    site.build();
    assert!(!site.has("/parks/liseberg/"));

    // The journal of another site names nothing of this one, and that of an older build not all.
    let site = built();
    let old = fs::read(site.path(".lifthill/journal")).expect("the journal");
    site.write("content/parks/efteling/rides/new.md", crate::site::markdown("name = 'New'\ncategory = 'other'"));
    site.build();
    site.write(".lifthill/journal", &old);
    survives(&site, "an older journal", |_| {});
    let site = built();
    survives(&site, "the journal of another site", |site| {
        fs::copy(other.path(".lifthill/journal"), site.path(".lifthill/journal")).map(drop).expect("a copy");
    });
}

#[cfg(unix)]
#[test]
fn a_journal_of_gigabytes_takes_neither_memory_nor_for_ever() {
    let again = Again::new();
    survives(&again.site(), "a journal of four gigabytes", |site| {
        let journal = fs::File::options().write(true).open(site.path(".lifthill/journal")).expect("the journal");
        journal.set_len(4 << 30).expect("sparse");
        site.run(&["--memory", "256M"]).exit(0);
        let length = fs::metadata(site.path(".lifthill/journal")).expect("the journal").len();
        assert!(length < 1 << 20, "it is written anew: {length} bytes");
    });
}

//! How much memory a process may take, and how that is shared out between what can do with less:
//! the database's own pages, cards kept ready, pictures being decoded. Knows nothing of any of them.
//!
//! Everything else that a build holds does not grow with the site, but for lists of a few bytes a
//! file: what the walk saw, and which pages are due. They get what they need, and what is left goes to
//! pictures; where too little is left the build is refused before it has written anything, so that it
//! never has to be killed for want of memory.

use std::fmt;

use crate::door::Most;

/// What the program needs whatever it builds: itself, threads, templates, pages in the making.
const PROGRAM: u64 = 72 << 20;

/// What the lists of a build take for each content file that is looked at (a million of them: see
/// `benches/README.md`).
const PER_FILE: u64 = 120;

/// What they take for each file that is to be read or made besides, with what the database notes of its
/// new pages until the build is over: some 4 KB of the state a file.
const PER_DUE: u64 = 180;

/// What the name of a file takes where the report is to hold it.
const PER_NAME: u64 = 110;

/// The least that pictures are given.
const LEAST_PICTURES: u64 = 16 << 20;

/// The most that ready cards are given: those of some 20,000 records, made once where a park and its rides, makers
/// and countries ask for them again and again (see `benches/README.md`). Smaller sites take less.
const MOST_CARDS: u64 = 64 << 20;

/// Asks C's allocator, which is the one of the libraries that are written in C, for one arena rather than
/// one a thread: it reserves 64 MB of addresses for each, which count where a shell's `ulimit -v` bounds
/// them. To be called before there are other threads.
pub fn spare_addresses() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn mallopt(parameter: std::ffi::c_int, value: std::ffi::c_int) -> std::ffi::c_int;
        }
        /// From glibc's malloc.h.
        const M_ARENA_MAX: std::ffi::c_int = -8;
        // SAFETY: glibc lets any thread set any parameter, and refuses those that it does not know.
        unsafe { mallopt(M_ARENA_MAX, 1) };
    }
}

/// A bound on memory, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room(Option<u64>);

/// What a build holds lists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Content files.
    pub files: u64,
    /// Content files to be read, or pages to be made: whichever are more.
    pub due: u64,
    /// Pages whose names the report is to hold.
    pub names: u64,
}

impl Lists {
    fn bytes(&self) -> u64 {
        self.files * PER_FILE + self.due * PER_DUE + self.names * PER_NAME
    }
}

/// The error of work that would take more memory than it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLittle {
    /// What needs it, in words.
    what: String,
    given: u64,
    /// What would be enough.
    enough: u64,
}

impl fmt::Display for TooLittle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (given, enough) = (megabytes(self.given), megabytes(self.enough));
        write!(f, "--memory {given}M is too little for {}; give it {enough}M", self.what)
    }
}

impl std::error::Error for TooLittle {}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

impl Room {
    /// The least that can be asked for.
    pub const LEAST: u64 = 128 << 20;

    /// At most `bytes`.
    pub fn of(bytes: u64) -> Self {
        Self(Some(bytes))
    }

    /// Whether there is a bound.
    pub fn is_bounded(self) -> bool {
        self.0.is_some()
    }

    /// What is written as `512M` or `2G`: binary units, as everywhere where memory is bounded.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write a size such as 512M or 2G".to_owned();
        let upper = text.to_ascii_uppercase();
        let short = upper.strip_suffix("IB").or(upper.strip_suffix('B')).unwrap_or(&upper);
        let unit = short.chars().last().ok_or_else(wrong)?;
        let shift = match unit {
            'K' => 10,
            'M' => 20,
            'G' => 30,
            '0'..='9' => 0,
            _ => return Err(wrong()),
        };
        let digits = if shift == 0 { short } else { &short[..short.len() - 1] };
        let number: u64 = digits.trim().parse().map_err(|_| wrong())?;
        let bytes = number.checked_mul(1 << shift).ok_or_else(wrong)?;
        if bytes < Self::LEAST {
            return Err(format!("{}M is the least that a build can do with", megabytes(Self::LEAST)));
        }
        Ok(Self::of(bytes))
    }

    /// Bytes for the pages that the state's database keeps at hand.
    pub fn state_cache(self) -> u64 {
        self.0.map_or(64 << 20, |limit| (limit / 16).clamp(8 << 20, 1 << 30))
    }

    /// The most that is read of a text of which a tree is made, which takes up to some hundreds of times as much:
    /// `most`, or what there is room for.
    pub fn text(self, most: Most) -> Most {
        self.share(most, 512)
    }

    /// The most that is read of a file that is held as it is, or line by line.
    pub fn lines(self, most: Most) -> Most {
        self.share(most, 16)
    }

    /// Bytes for work that another process does: `most`, or a quarter of the whole.
    pub fn workshop(self, most: u64) -> u64 {
        self.0.map_or(most, |given| most.min(given / 4))
    }

    fn share(self, most: Most, parts: u64) -> Most {
        self.0.map_or(most, |given| most.min(Most(given / parts)))
    }

    /// What is left beside such `lists` of a bound.
    fn left(self, lists: &Lists, given: u64) -> u64 {
        given.saturating_sub(PROGRAM + self.state_cache() + lists.bytes())
    }

    /// Bytes for cards that are kept ready for the next page, beside such `lists`: a quarter of what is left, and
    /// where little is given a few megabytes.
    pub fn ready_cards(self, lists: &Lists) -> u64 {
        let share = |given: u64| (given / 64).max(8 << 20).min(given / 16);
        self.0.map_or(MOST_CARDS, |given| (self.left(lists, given) / 4).min(share(given)).min(MOST_CARDS))
    }

    /// Bytes of pictures that may be decoded at once, at most `most`, beside such `lists`: half of what is
    /// left, for encoders take about as much again. Fails where there is not even room for the lists.
    pub fn pictures(self, lists: &Lists, most: u64) -> Result<u64, TooLittle> {
        let Some(given) = self.0 else { return Ok(most) };
        match self.left(lists, given) - self.ready_cards(lists) {
            left if left >= LEAST_PICTURES => Ok((left / 2).min(most)),
            // The state's share grows with what is given, by 1/16 of it.
            _ => {
                let files = lists.files.max(lists.due);
                let least = PROGRAM + lists.bytes() + LEAST_PICTURES * 4 / 3;
                let enough = (least + (8 << 20)).max(least * 16 / 15) + (1 << 20);
                Err(TooLittle { what: format!("{files} files"), given, enough: enough.max(given + (1 << 20)) })
            }
        }
    }

    /// Fails where `held`, the bytes of what a plan changes in the state without writing it there, are
    /// more than a quarter of the whole.
    pub fn check_plan(self, held: u64) -> Result<(), TooLittle> {
        let Some(given) = self.0.filter(|given| held > given / 4) else { return Ok(()) };
        Err(TooLittle { what: "what this plan would change".to_owned(), given, enough: given * 2 })
    }

    /// Fails where a picture that needs so many bytes has no room among `pictures`, the bytes for all.
    pub fn check_picture(self, path: &str, needs: u64, pictures: u64) -> Result<(), TooLittle> {
        let Some(given) = self.0.filter(|_| needs > pictures) else { return Ok(()) };
        let what = format!("{path}, which takes {}M while it is worked on", megabytes(needs));
        // Of what is given beyond this, at most an eighth goes elsewhere, and half of the rest to encoders.
        Err(TooLittle { what, given, enough: given + (needs - pictures) * 12 / 5 + (1 << 20) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written_elsewhere() {
        let bytes = |text| Room::parse(text).map(|room| room.0.expect("a bound"));
        assert_eq!(bytes("512M"), Ok(512 << 20));
        assert_eq!(bytes("512MiB"), Ok(512 << 20));
        assert_eq!(bytes("2g"), Ok(2 << 30));
        assert_eq!(bytes("200000K"), Ok(200_000 << 10));
        assert_eq!(bytes("536870912"), Ok(512 << 20));
        for wrong in ["", "M", "lots", "1.5G", "-1G", "512X", "99999999999999G", "é"] {
            assert!(bytes(wrong).is_err_and(|words| words.contains("512M")), "{wrong}");
        }
        assert!(bytes("64M").is_err_and(|words| words.contains("128M is the least")));
    }

    #[test]
    fn what_is_said_to_be_enough_is() {
        for given in [Room::LEAST, 200 << 20, 512 << 20] {
            for files in [1_000_000, 5_000_000, 40_000_000] {
                let lists = Lists { files, due: files, names: files };
                let Err(little) = Room::of(given).pictures(&lists, 192 << 20) else { continue };
                let enough = Room::of(megabytes(little.enough) << 20);
                assert!(enough.pictures(&lists, 192 << 20).is_ok(), "{little}");
            }
        }
        for (given, needs) in [(Room::LEAST, 100 << 20), (300 << 20, 800 << 20)] {
            let room = Room::of(given);
            let had = room.pictures(&Lists::default(), u64::MAX).expect("room for no lists");
            let little = room.check_picture("a.jpg", needs, had).expect_err("it needs more");
            let enough = Room::of(megabytes(little.enough) << 20);
            let has = enough.pictures(&Lists::default(), u64::MAX).expect("room for no lists");
            assert_eq!(enough.check_picture("a.jpg", needs, has), Ok(()), "{little}");
        }
        assert_eq!(Room::default().check_picture("a.jpg", u64::MAX, 1), Ok(()));
    }
}

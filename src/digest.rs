//! Content digests. Knows nothing of what is digested or where digests are kept.
//!
//! Every digest is the first 16 bytes of BLAKE3. 128 bits keep accidental collisions out of
//! reach (a million pages collide with probability 2^-88) at half the space in the state.

use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// Bytes that are read at a time.
const PIECE: usize = 128 << 10;

/// The first 16 bytes of a BLAKE3 hash. Prints as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hash(&blake3::hash(bytes))
    }

    /// The digest of all that `reader` gives, a piece at a time, and how many bytes it were.
    pub fn of_reader(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE];
        let mut bytes = 0;
        loop {
            let read = match reader.read(&mut piece) {
                Ok(0) => return Ok((Self::from_hash(&hasher.finalize()), bytes)),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&piece[..read]);
            bytes += read as u64;
        }
    }

    /// The digest of several parts, each preceded by its length, so that parts cannot run
    /// into each other (`["ab", "c"]` differs from `["a", "bc"]`).
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut digester = Digester::default();
        for part in parts {
            digester.part(part);
        }
        digester.finish()
    }

    /// The first 8 bytes as a number, for ids where a collision costs only needless work.
    pub fn short(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(bytes)
    }

    /// The first `digits` hexadecimal digits, for file names (at most 32).
    pub fn hex(&self, digits: usize) -> String {
        self.digits()[..digits.min(32)].iter().map(|digit| char::from(*digit)).collect()
    }

    /// All hexadecimal digits.
    fn digits(&self) -> [u8; 32] {
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            let digit = |number: u8| b"0123456789abcdef"[usize::from(number)];
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        digits
    }

    /// The digest that a BLAKE3 hasher has come to.
    pub fn from_hash(hash: &blake3::Hash) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The digest of a set, to which members come and from which they go one at a time: the sum of theirs. No two
/// sets have the same by accident; somebody who chooses the members can make two that do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetDigest(u128);

impl SetDigest {
    /// Adds a member that is not in the set.
    pub fn add(&mut self, member: Digest) {
        self.0 = self.0.wrapping_add(u128::from_le_bytes(member.0));
    }

    /// Removes a member that is in the set.
    pub fn remove(&mut self, member: Digest) {
        self.0 = self.0.wrapping_sub(u128::from_le_bytes(member.0));
    }

    /// Does what was done to `other` since it was empty.
    pub fn merge(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// The digest.
    pub fn finish(self) -> Digest {
        Digest(self.0.to_le_bytes())
    }
}

/// Builds a digest part by part.
#[derive(Default)]
pub struct Digester(blake3::Hasher);

impl Digester {
    /// Adds one part, length first.
    pub fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The digest of all parts so far.
    pub fn finish(&self) -> Digest {
        Digest::from_hash(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let joined = Digest::of_parts([b"ab".as_slice(), b"c"]);
        assert_ne!(joined, Digest::of_parts([b"a".as_slice(), b"bc"]));
    }

    #[test]
    fn a_set_is_what_is_in_it_however_it_came_to_be() {
        let [one, two, three] = [b"one".as_slice(), b"two", b"three"].map(Digest::of);
        let (mut set, mut other, mut done) = (SetDigest::default(), SetDigest::default(), SetDigest::default());
        [one, two].into_iter().for_each(|member| set.add(member));
        [three, two].into_iter().for_each(|member| other.add(member));
        assert_ne!(set, other);
        done.add(one);
        done.remove(three);
        other.merge(done);
        assert_eq!(set, other);
        assert_ne!(set.finish(), SetDigest::default().finish());
    }

    #[test]
    fn prints_as_hexadecimal() {
        assert_eq!(Digest::of(b"").to_string().len(), 32);
        assert_eq!(Digest::of(b"").hex(8), "af1349b9");
    }
}

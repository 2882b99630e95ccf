//! The dice of the random tests: one seed, one sequence, everywhere; and how long a test is asked to be.
//! Knows nothing of what is diced.

use std::str::FromStr;

/// The number that an environment variable asks for, or the test's own.
pub fn asked<T: FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    /// The next number in `0..bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

//! Seeded randomness: SplitMix64 started from (seed, stream, index). It does not know what is drawn from it.
//!
//! Every fact of the synthetic site comes from a fresh `Dice` of its own, so any record can be
//! made again alone, in any order, without what came before it. Integers only: floating-point
//! functions may differ between machines, and the same shape must give the same bytes.

use std::ops::RangeInclusive;

pub struct Dice(u64);

/// One independent source of numbers per question asked about a record.
#[derive(Clone, Copy)]
pub enum Stream {
    ParkSize,
    ParkName,
    ParkFacts,
    ParkBody,
    ParkReviews,
    AreaNames,
    RideName,
    RideKind,
    RideFacts,
    RideBody,
    RideReviews,
    CompanyName,
    CompanyFacts,
    CompanyBody,
    ModelName,
    ModelFacts,
}

impl Dice {
    pub fn new(seed: u64, stream: Stream, index: u32) -> Dice {
        let mut dice = Dice(seed);
        dice.0 = dice.roll() ^ (((stream as u64) << 32) | u64::from(index));
        dice.0 = dice.roll();
        dice
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from `0..bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        (((self.roll() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// From `0..bound`, low numbers more often: the tenth part of the range nearest 0 gets a third of the rolls.
    pub fn skewed(&mut self, bound: u32) -> u32 {
        let even = self.roll() >> 40;
        ((((even * even) >> 24) * u64::from(bound)) >> 24) as u32
    }

    pub fn between(&mut self, range: RangeInclusive<u32>) -> u32 {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    pub fn one_in(&mut self, chances: u32) -> bool {
        self.below(chances) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }
}

/// A permutation of `0..2^bits`: different indexes never meet.
pub fn scrambled(seed: u64, stream: Stream, index: u32, bits: u32) -> u32 {
    let mask = ((1u64 << bits) - 1) as u32;
    let mut dice = Dice::new(seed, stream, u32::MAX);
    let mut x = index & mask;
    for _ in 0..3 {
        x = x.wrapping_mul(dice.roll() as u32 | 1) & mask;
        x ^= x >> (bits / 2);
        x = x.wrapping_add(dice.roll() as u32) & mask;
    }
    x
}

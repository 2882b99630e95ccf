//! What every record of a synthetic site is called and what it belongs to. It does not know how a file looks.
//!
//! Answers are worked out from (seed, kind, index) each time they are asked for, so a link can name
//! a ride that was written long ago or will be written later. The only thing held is where
//! each park's rides begin: 4 bytes a park.

use super::Shape;
use super::dice::{Dice, Stream, scrambled};
use super::prose::capitalised;
use super::words;
use std::ops::Range;

pub struct Plan {
    pub seed: u64,
    pub parks: u32,
    pub companies: u32,
    pub models: u32,
    pub rides: u32,
    /// The first companies build rides, the others operate parks.
    makers: u32,
    /// The first makers have models, in turns.
    model_makers: u32,
    /// `first_ride[p]..first_ride[p + 1]` are the rides of park `p`.
    first_ride: Vec<u32>,
}

impl Plan {
    pub fn new(shape: &Shape) -> Plan {
        let pages = shape.pages;
        let parks = (pages / 10).max(1).min(pages);
        let companies = (pages / 20).max(1).min(pages - parks);
        let models = pages / 100;
        let rides = pages - parks - companies - models;
        let makers = (companies * 2 / 5).max(1).min(companies);
        Plan {
            seed: shape.seed,
            parks,
            companies,
            models,
            rides,
            makers,
            model_makers: models.div_ceil(4).min(makers),
            first_ride: first_rides(shape.seed, parks, rides),
        }
    }

    pub fn dice(&self, stream: Stream, index: u32) -> Dice {
        Dice::new(self.seed, stream, index)
    }

    pub fn rides_of(&self, park: u32) -> Range<u32> {
        self.first_ride[park as usize]..self.first_ride[park as usize + 1]
    }

    pub fn park_of(&self, ride: u32) -> u32 {
        self.first_ride.partition_point(|first| *first <= ride) as u32 - 1
    }

    pub fn park_name(&self, park: u32) -> String {
        let tail = self.dice(Stream::ParkName, park).pick(words::PARK_TAILS);
        format!("{} {tail}", self.stem(Stream::ParkName, park, self.parks))
    }

    pub fn park_slug(&self, park: u32) -> String {
        slug(&self.park_name(park))
    }

    pub fn country(&self, park: u32) -> &'static str {
        let mut dice = self.dice(Stream::ParkFacts, park);
        words::COUNTRIES[dice.skewed(words::COUNTRIES.len() as u32) as usize].0
    }

    /// Names of the park's areas, all different; most parks have none.
    pub fn areas(&self, park: u32) -> Vec<&'static str> {
        let mut dice = self.dice(Stream::AreaNames, park);
        if !dice.one_in(3) {
            return Vec::new();
        }
        let all = words::AREAS.len() as u32;
        let start = dice.below(all);
        (0..dice.between(2..=6)).map(|at| words::AREAS[((start + at) % all) as usize]).collect()
    }

    pub fn ride_name(&self, ride: u32) -> String {
        let park = self.park_of(ride);
        let mut dice = self.dice(Stream::RideName, park);
        let firsts = words::RIDE_FIRST.len() as u32;
        let names = firsts * words::RIDE_SECOND.len() as u32;
        let (start, stride) = (dice.below(names), dice.pick(words::RIDE_STRIDES));
        let at = ride - self.first_ride[park as usize];
        let name = (start + (at % names) * stride) % names;
        let first = words::RIDE_FIRST[(name % firsts) as usize];
        let second = words::RIDE_SECOND[(name / firsts) as usize];
        match at / names {
            0 => format!("{first} {second}"),
            round => format!("{first} {second} {}", round + 1),
        }
    }

    pub fn ride_slug(&self, ride: u32) -> String {
        slug(&self.ride_name(ride))
    }

    /// `<park>/<ride>`, as links and reviews name it.
    pub fn ride_key(&self, ride: u32) -> String {
        format!("{}/{}", self.park_slug(self.park_of(ride)), self.ride_slug(ride))
    }

    pub fn company_name(&self, company: u32) -> String {
        let tail = self.dice(Stream::CompanyName, company).pick(words::COMPANY_TAILS);
        format!("{} {tail}", self.stem(Stream::CompanyName, company, self.companies))
    }

    pub fn company_slug(&self, company: u32) -> String {
        slug(&self.company_name(company))
    }

    pub fn builds_rides(&self, company: u32) -> bool {
        company < self.makers
    }

    /// Any company that operates parks; none where there is no company but makers.
    pub fn operator(&self, dice: &mut Dice) -> Option<u32> {
        (self.companies > self.makers).then(|| self.makers + dice.skewed(self.companies - self.makers))
    }

    /// Every fifth manufacturer designs rides too.
    pub fn designs_rides(&self, company: u32) -> bool {
        self.builds_rides(company) && company.is_multiple_of(5)
    }

    pub fn designer(&self, dice: &mut Dice) -> Option<u32> {
        (self.makers > 0).then(|| dice.skewed(self.makers) / 5 * 5)
    }

    /// The three largest manufacturers build about a tenth, a sixteenth and a twenty-fifth of the rides.
    pub fn maker(&self, ride: u32) -> Option<u32> {
        if self.makers == 0 || ride % 40 == 39 {
            return None;
        }
        let mut dice = self.dice(Stream::RideKind, ride);
        let share = dice.below(1000);
        if self.makers < 8 {
            return Some(share % self.makers);
        }
        match share {
            0..=102 => Some(0),
            103..=166 => Some(1),
            167..=207 => Some(2),
            _ => Some(3 + dice.skewed(self.makers - 3)),
        }
    }

    /// The model a ride is built to: one of its maker's, or none.
    pub fn model(&self, ride: u32) -> Option<u32> {
        let maker = self.maker(ride).filter(|maker| *maker < self.model_makers)?;
        let of_maker = (self.models - maker).div_ceil(self.model_makers);
        let mut dice = self.dice(Stream::RideKind, ride);
        dice.roll();
        dice.roll();
        dice.one_in(2).then(|| maker + dice.below(of_maker) * self.model_makers)
    }

    pub fn model_maker(&self, model: u32) -> u32 {
        model % self.model_makers
    }

    pub fn model_name(&self, model: u32) -> String {
        let names = words::MODELS.len() as u32;
        let start = self.dice(Stream::ModelName, self.model_maker(model)).below(names);
        let turn = model / self.model_makers;
        let name = words::MODELS[((start + turn) % names) as usize];
        match turn / names {
            0 => name.to_string(),
            round => format!("{name} {}", round + 1),
        }
    }

    /// `<company>/<model>`.
    pub fn model_key(&self, model: u32) -> String {
        format!("{}/{}", self.company_slug(self.model_maker(model)), slug(&self.model_name(model)))
    }

    /// Index into `words::KINDS`.
    pub fn model_category(&self, model: u32) -> usize {
        category(&mut self.dice(Stream::ModelFacts, model))
    }

    /// Index into `words::KINDS`; a ride built to a model is of the model's category.
    pub fn ride_category(&self, ride: u32) -> usize {
        match self.model(ride) {
            Some(model) => self.model_category(model),
            None => category(&mut self.dice(Stream::RideFacts, ride)),
        }
    }

    /// A capitalised made-up word that no other index of the stream has.
    fn stem(&self, stream: Stream, index: u32, of: u32) -> String {
        let syllables = match of {
            0..=4_096 => 2,
            4_097..=262_144 => 3,
            _ => 4,
        };
        word(scrambled(self.seed, stream, index, syllables * 6), syllables)
    }
}

/// A capitalised word for things that need not be unique.
pub fn made_up(dice: &mut Dice) -> String {
    word(dice.roll() as u32, 3)
}

/// Six bits of `code` a syllable.
fn word(code: u32, syllables: u32) -> String {
    let plain: String = (0..syllables).map(|at| words::SYLLABLES[(code >> (6 * at)) as usize % 64]).collect();
    let mut out = String::new();
    capitalised(&mut out, &plain);
    out
}

/// What a name becomes in a path: lower-case ASCII letters and digits, single hyphens.
pub fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => out.push(letter),
            'é' => out.push('e'),
            'ö' => out.push('o'),
            '\'' => {}
            _ if out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    out.trim_matches('-').to_string()
}

/// Two in five are roller coasters.
fn category(dice: &mut Dice) -> usize {
    dice.pick(&[0, 0, 0, 0, 1, 2, 2, 3, 4, 5])
}

/// Shares the rides out: about one park in twenty has none, the largest about six times the mean.
fn first_rides(seed: u64, parks: u32, rides: u32) -> Vec<u32> {
    let weight = |park: u32| -> u64 {
        let mut dice = Dice::new(seed, Stream::ParkSize, park);
        if park > 0 && dice.one_in(20) {
            return 0;
        }
        u64::from(10_000 / dice.between(100..=10_000).isqrt())
    };
    let total: u64 = (0..parks).map(weight).sum();
    let mut before = 0;
    let mut first = vec![0];
    for park in 0..parks {
        before += weight(park);
        first.push((u64::from(rides) * before / total) as u32);
    }
    first
}

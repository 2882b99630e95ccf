//! The enumerations of the domain, each with the word that content files use and the name that
//! readers see. Knows nothing of files or pages.

use serde::{Deserialize, Serialize};

/// Declares an enumeration whose variants have a word for content files and a name for readers.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal, $name:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $type { $($(#[$vdoc])* #[doc = $name] $variant,)* }

        impl $type {
            /// Every word, in order.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The value that a content file's word means; spaces and hyphens count as underscores.
            pub fn parse(word: &str) -> Option<Self> {
                let word = word.trim().to_lowercase().replace([' ', '-'], "_");
                match word.as_str() { $($word => Some(Self::$variant),)* _ => None }
            }

            /// The word used in content files.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The name that readers see.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

words! {
    /// What kind of ride it is.
    Category {
        RollerCoaster = "roller_coaster", "Roller coaster";
        DarkRide = "dark_ride", "Dark ride";
        FlatRide = "flat_ride", "Flat ride";
        WaterRide = "water_ride", "Water ride";
        Transport = "transport", "Transport ride";
        Other = "other", "Attraction";
    }
}

words! {
    /// Where a park or ride stands in its life.
    Status {
        Operating = "operating", "Operating";
        Closing = "closing", "Closing";
        ClosedTemporarily = "closed_temporarily", "Closed temporarily";
        Sbno = "sbno", "Standing but not operating";
        UnderConstruction = "under_construction", "Under construction";
        Planned = "planned", "Planned";
        Cancelled = "cancelled", "Cancelled";
        Closed = "closed", "Closed";
        Relocated = "relocated", "Relocated";
        Demolished = "demolished", "Demolished";
        Unknown = "unknown", "Unknown";
    }
}

words! {
    /// What kind of park it is.
    ParkType {
        ThemePark = "theme_park", "Theme park";
        AmusementPark = "amusement_park", "Amusement park";
        WaterPark = "water_park", "Water park";
        Zoo = "zoo", "Zoo";
        AnimalPark = "animal_park", "Animal park";
        Resort = "resort", "Resort";
        Fair = "fair", "Travelling fair";
    }
}

words! {
    /// What a coaster's track is made of.
    Track {
        Steel = "steel", "Steel";
        Wood = "wood", "Wood";
        Hybrid = "hybrid", "Hybrid";
        Other = "other", "Other";
    }
}

words! {
    /// How a train gets its energy.
    Launch {
        ChainLift = "chain_lift", "Chain lift";
        CableLift = "cable_lift", "Cable lift";
        Tire = "tire", "Drive tyres";
        Lim = "lim", "LIM launch";
        Lsm = "lsm", "LSM launch";
        Hydraulic = "hydraulic", "Hydraulic launch";
        Pneumatic = "pneumatic", "Compressed-air launch";
        Flywheel = "flywheel", "Flywheel launch";
        Catapult = "catapult", "Catapult launch";
        Gravity = "gravity", "Gravity";
        FerrisWheelLift = "ferris_wheel_lift", "Ferris-wheel lift";
        VerticalLift = "vertical_lift", "Vertical lift";
        ElevatorLift = "elevator_lift", "Elevator lift";
        SpiralLift = "spiral_lift", "Spiral lift";
        Other = "other", "Other";
    }
}

words! {
    /// How wet riders get.
    Water {
        None = "none", "Riders stay dry";
        Splash = "splash", "Riders may get splashed";
        Moderate = "moderate", "Riders get wet";
        Soaking = "soaking", "Riders get soaked";
        Extreme = "extreme", "Riders get drenched";
    }
}

words! {
    /// What a company does.
    Role {
        Operator = "operator", "Operator";
        Owner = "owner", "Property owner";
        Manufacturer = "manufacturer", "Manufacturer";
        Designer = "designer", "Designer";
    }
}

words! {
    /// Where a review or photo stands in moderation; only approved ones appear.
    Moderation {
        Pending = "pending", "Pending";
        Approved = "approved", "Approved";
        Rejected = "rejected", "Rejected";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_means_its_own_value() {
        for word in Status::WORDS {
            assert_eq!(Status::parse(word).unwrap().word(), *word);
        }
        assert_eq!(Category::parse("Roller-Coaster"), Some(Category::RollerCoaster));
        assert_eq!(Category::parse("coaster"), None);
    }
}

//! The tables words are drawn from, and what the ISO 3166 country codes are called. They do not know who draws.

/// Running text; earlier words are drawn more often.
#[rustfmt::skip]
pub const WORDS: &[&str] = &[
    "the", "of", "and", "a", "to", "in", "is", "on", "for", "with", "as", "at", "by", "from", "its", "it", "that",
    "was", "are", "which", "this", "into", "over", "after", "park", "ride", "coaster", "track", "train", "station",
    "lift", "hill", "drop", "loop", "turn", "airtime", "launch", "brake", "block", "car", "row", "seat", "guest",
    "queue", "line", "theme", "area", "zone", "land", "lake", "river", "bridge", "tunnel", "tower", "wheel",
    "carousel", "stage", "show", "parade", "summer", "winter", "season", "spring", "autumn", "weekend", "holiday",
    "family", "children", "adult", "classic", "modern", "wooden", "steel", "inverted", "floating", "spinning",
    "water", "dark", "boat", "flume", "rapids", "splash", "mine", "mountain", "forest", "castle", "village",
    "pirate", "jungle", "space", "western", "harbour", "garden", "valley", "meadow", "cliff", "island", "desert",
    "canyon", "rocket", "dragon", "eagle", "falcon", "tiger", "wolf", "bear", "lion", "phoenix", "company",
    "builder", "designer", "engineer", "contract", "model", "layout", "version", "prototype", "upgrade", "painted",
    "opened", "closed", "moved", "relocated", "sold", "bought", "planned", "announced", "rebuilt", "replaced",
    "extended", "shortened", "renamed", "first", "second", "third", "largest", "smallest", "tallest", "fastest",
    "longest", "oldest", "newest", "original", "popular", "quiet", "steep", "gentle", "short", "long", "wide",
    "narrow", "early", "late", "often", "rarely", "usually", "always", "almost", "nearly", "about", "around",
    "between", "above", "below", "metres", "seconds", "minutes", "hours", "visitors", "riders", "staff", "crew",
    "operator", "owner", "council", "region", "town", "city", "coast", "motorway", "railway", "bus", "tram",
    "entrance", "exit", "plaza", "restaurant", "café", "kiosk", "shop", "locker", "ticket", "price", "weather",
    "rain", "wind", "snow", "sun", "shade", "bench", "path", "fence", "gate", "roof", "floor", "light", "music",
    "sound", "smoke", "fire", "fog", "computer", "sensor", "controller", "magnet", "motor", "chain", "cable",
    "gear", "bogie", "rail", "support", "column", "footer", "concrete", "bolt", "inspection", "maintenance",
    "safety", "record", "report", "delay", "rehearsal", "ceremony", "ribbon", "history", "drawing", "photograph",
    "archive", "brochure", "map", "museum", "catalogue", "interview", "article", "book", "Größe", "naïve", "façade",
];

/// Two letters each, so that equally long names made of different syllables always differ. 64 of them: six bits.
#[rustfmt::skip]
pub const SYLLABLES: &[&str; 64] = &[
    "ba", "be", "bi", "bo", "da", "de", "di", "do", "fa", "fe", "fi", "fo", "ga", "ge", "gi", "go", "ka", "ke", "ki",
    "ko", "la", "le", "li", "lo", "ma", "me", "mi", "mo", "na", "ne", "ni", "no", "pa", "pe", "pi", "po", "ra", "re",
    "ri", "ro", "sa", "se", "si", "so", "ta", "te", "ti", "to", "va", "ve", "vi", "vo", "wa", "we", "wi", "wo", "za",
    "ze", "zi", "zo", "ha", "he", "hi", "ho",
];

#[rustfmt::skip]
pub const RIDE_FIRST: &[&str] = &[
    "Thunder", "Silver", "Wild", "Crimson", "Midnight", "Golden", "Raging", "Frozen", "Electric", "Hidden", "Flying",
    "Iron", "Velvet", "Pirate's", "Copper", "Shadow", "Storm", "Royal", "Little", "Grand", "Mystic", "Twisted",
    "Blazing", "Émeraude", "Furious", "Fröhlicher",
];
#[rustfmt::skip]
pub const RIDE_SECOND: &[&str] = &[
    "Dragon", "Falcon", "Express", "Mine", "Canyon", "Rapids", "Serpent", "Eagle", "Comet", "Viper", "Phoenix",
    "Galleon", "Carousel", "Tower", "Wheel", "Flume", "Runner", "Mountain", "Voyage", "Raptor", "Hurricane", "Meteor",
    "Pendulum", "Swing", "Titan",
];
/// Steps through the `RIDE_FIRST` x `RIDE_SECOND` names that meet each of the 650 once: none shares a factor with it.
pub const RIDE_STRIDES: &[u32] = &[27, 53, 77, 101, 123, 149, 171, 197, 223, 249];

#[rustfmt::skip]
pub const PARK_TAILS: &[&str] = &[
    "Gardens", "Kingdom", "World", "Park", "Land", "Adventure", "Pier", "Island", "Resort", "Pleasureland", "Valley",
    "Lagoon",
];
pub const TOWN_TAILS: &[&str] = &["", "", "", " Bay", " Hill", "-sur-Mer", "stad", " Springs"];
#[rustfmt::skip]
pub const COMPANY_TAILS: &[&str] = &[
    "Rides", "Engineering", "Attractions", "Coasters", "Leisure", "Holdings", "Werke", "Entertainment", "Amusements",
    "& Sons",
];
#[rustfmt::skip]
pub const AREAS: &[&str] = &[
    "Pirate Harbour", "Frontier", "Fairy Wood", "Old Town", "Space Port", "Jungle", "Water World", "Kids Corner",
    "Medieval Village", "Nordic Fjord", "Lost City", "Main Street", "Far East",
];
#[rustfmt::skip]
pub const MODELS: &[&str] = &[
    "Boomerang", "Sky Loop", "Family Launch", "Mine Train", "Drop Zone", "Giant Wheel", "Top Swing", "Log Flume",
    "Spinning Coaster", "Star Flyer", "Free Spin", "Rapid River", "Wave Swinger", "Dark Tracker", "Junior", "Hyper",
];
#[rustfmt::skip]
pub const AUTHORS: &[&str] = &[
    "Mia", "Noah", "Emma", "Liam", "Zoë", "Jürgen", "Aiko", "Mateo", "Chloé", "Søren", "Priya", "Oluwaseun", "Hana",
    "Luca", "Ingrid", "O'Brien",
];
pub const THEMES: &[&str] = &["Mining", "Pirates", "Space", "Fairy tale", "Egypt", "Vikings", "Jungle", "Racing"];
pub const LANGUAGES: &[&str] = &["en", "en", "en", "de", "nl", "fr", "es"];
pub const SEASONS: &[&str] = &["Spring", "Summer", "Autumn", "Winter", "Holidays"];

#[rustfmt::skip]
pub const KINDS: &[(&str, &[&str])] = &[
    ("roller_coaster", &["Launched", "Inverted", "Family", "Mine train", "Flying", "Suspended", "Spinning", "Wing"]),
    ("dark_ride", &["Trackless", "Shooter", "Boat", "Omnimover"]),
    ("flat_ride", &["Drop tower", "Carousel", "Swing", "Top spin", "Pendulum", "Ferris wheel"]),
    ("water_ride", &["Log flume", "Rapids", "Shoot the chute", "Water coaster"]),
    ("transport", &["Railway", "Monorail", "Cable car"]),
    ("other", &["Maze", "Walkthrough"]),
];
pub const LAUNCHES: &[&str] = &["chain_lift", "chain_lift", "chain_lift", "tire", "lim", "lsm", "hydraulic"];
#[rustfmt::skip]
pub const STATUSES_BUT_OPERATING: &[&str] = &[
    "closed", "closed", "closed", "demolished", "relocated", "closed_temporarily", "sbno", "under_construction",
    "planned", "unknown",
];

/// Sixty countries, the earlier ones with more parks.
#[rustfmt::skip]
pub const COUNTRIES: &[(&str, &str)] = &[
    ("US", "United States"), ("DE", "Germany"), ("CN", "China"), ("JP", "Japan"), ("FR", "France"),
    ("GB", "United Kingdom"), ("NL", "Netherlands"), ("ES", "Spain"), ("IT", "Italy"), ("SE", "Sweden"),
    ("BE", "Belgium"), ("DK", "Denmark"), ("PL", "Poland"), ("KR", "South Korea"), ("BR", "Brazil"), ("MX", "Mexico"),
    ("CA", "Canada"), ("AU", "Australia"), ("AT", "Austria"), ("CH", "Switzerland"), ("NO", "Norway"),
    ("FI", "Finland"), ("TR", "Turkey"), ("IN", "India"), ("RU", "Russia"), ("UA", "Ukraine"), ("CZ", "Czechia"),
    ("HU", "Hungary"), ("PT", "Portugal"), ("IE", "Ireland"), ("AR", "Argentina"), ("CL", "Chile"),
    ("CO", "Colombia"), ("PE", "Peru"), ("VN", "Vietnam"), ("TH", "Thailand"), ("MY", "Malaysia"), ("ID", "Indonesia"),
    ("SG", "Singapore"), ("PH", "Philippines"), ("TW", "Taiwan"), ("IL", "Israel"), ("EG", "Egypt"), ("MA", "Morocco"),
    ("ZA", "South Africa"), ("NZ", "New Zealand"), ("GR", "Greece"), ("RO", "Romania"), ("BG", "Bulgaria"),
    ("HR", "Croatia"), ("RS", "Serbia"), ("SK", "Slovakia"), ("SI", "Slovenia"), ("LT", "Lithuania"), ("LV", "Latvia"),
    ("EE", "Estonia"), ("KZ", "Kazakhstan"), ("SA", "Saudi Arabia"), ("QA", "Qatar"), ("IS", "Iceland"),
];

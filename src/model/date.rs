//! Dates as sources know them: to the day, the month, the year or the decade. An unknown date is
//! no date (`Option::None`). Knows nothing of clocks.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A date with its precision. Sorts by time first; of two dates that begin alike the coarser
/// comes first, so "1984" stands before "January 1984".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartialDate {
    year: i16,
    /// 1–12, or 0 where only the year or decade is known.
    month: u8,
    /// 1–31, or 0 where only the month is known.
    day: u8,
    precision: Precision,
}

/// How much of a date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Precision {
    /// "1980s".
    Decade,
    /// "1984".
    Year,
    /// "May 1984".
    Month,
    /// "12 May 1984".
    Day,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl PartialDate {
    /// Reads "1984-05-12", "1984-05", "1984" or "1980s", and of a time such as
    /// "2024-01-01T10:00:00+01:00" the date where that was the time. Years run from 1000 to 2199; the
    /// error is a sentence for the person who wrote the date.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = day_of_time(text).unwrap_or(text);
        let wanted = || format!("`{text}` is not a date; write 1984-05-12, 1984-05, 1984 or 1980s");
        if let Some(decade) = text.strip_suffix('s') {
            let year = parse_year(decade).ok_or_else(wanted)?;
            if year % 10 != 0 {
                return Err(format!("`{text}` is not a decade; did you mean {}s?", year - year % 10));
            }
            return Ok(Self { year, month: 0, day: 0, precision: Precision::Decade });
        }
        let mut parts = text.split('-');
        let year = parts.next().and_then(parse_year).ok_or_else(wanted)?;
        let Some(month) = parts.next() else {
            return Ok(Self { year, month: 0, day: 0, precision: Precision::Year });
        };
        let month = parse_two_digits(month).ok_or_else(wanted)?;
        if !(1..=12).contains(&month) {
            return Err(format!("`{text}` has no month {month}"));
        }
        let Some(day) = parts.next() else {
            return Ok(Self { year, month, day: 0, precision: Precision::Month });
        };
        let day = parse_two_digits(day).ok_or_else(wanted)?;
        if parts.next().is_some() {
            return Err(wanted());
        }
        Date::new(year, month as i8, day as i8).map_err(|_| format!("`{text}` has no day {day}"))?;
        Ok(Self { year, month, day, precision: Precision::Day })
    }

    /// The year; the first one of a decade.
    pub fn year(&self) -> i16 {
        self.year
    }

    /// How much is known.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The value of an HTML `datetime` attribute: "1984-05-12", "1984-05" or "1984"; a decade has none.
    pub fn iso(&self) -> Option<String> {
        match self.precision {
            Precision::Decade => None,
            Precision::Year => Some(format!("{:04}", self.year)),
            Precision::Month => Some(format!("{:04}-{:02}", self.year, self.month)),
            Precision::Day => Some(format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)),
        }
    }

    /// The first day that the date can mean, as an RFC 3339 time at midnight UTC.
    pub fn rfc3339(&self) -> String {
        format!("{:04}-{:02}-{:02}T00:00:00Z", self.year, self.month.max(1), self.day.max(1))
    }

    /// Bytes that sort as the dates do, newest first.
    pub fn newest_first_key(&self) -> [u8; 5] {
        let year = u16::MAX - self.year as u16;
        let [high, low] = year.to_be_bytes();
        [high, low, u8::MAX - self.month, u8::MAX - self.day, u8::MAX - self.precision as u8]
    }

    /// Whether `self` must lie before `other`: true only where no reading of the two agrees
    /// with another order.
    pub fn surely_before(&self, other: &Self) -> bool {
        self.last_day() < other.first_day()
    }

    fn first_day(&self) -> (i16, u8, u8) {
        (self.year, self.month.max(1), self.day.max(1))
    }

    fn last_day(&self) -> (i16, u8, u8) {
        match self.precision {
            Precision::Decade => (self.year + 9, 12, 31),
            Precision::Year => (self.year, 12, 31),
            Precision::Month => (self.year, self.month, 31),
            Precision::Day => (self.year, self.month, self.day),
        }
    }
}

/// The date at the beginning of a time, with an offset or without.
fn day_of_time(text: &str) -> Option<&str> {
    let is_long = matches!(text.as_bytes().get(10)?, b'T' | b't' | b' ');
    let is_time = || text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok();
    (is_long && is_time()).then(|| text.get(..10)).flatten()
}

fn parse_year(text: &str) -> Option<i16> {
    let year = text.parse().ok().filter(|_| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()))?;
    (1000..2200).contains(&year).then_some(year)
}

fn parse_two_digits(text: &str) -> Option<u8> {
    text.parse().ok().filter(|_| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for PartialDate {
    /// "12 May 1984", "May 1984", "1984" or "1980s".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let month = || MONTHS[usize::from(self.month) - 1];
        match self.precision {
            Precision::Decade => write!(f, "{}s", self.year),
            Precision::Year => write!(f, "{}", self.year),
            Precision::Month => write!(f, "{} {}", month(), self.year),
            Precision::Day => write!(f, "{} {} {}", self.day, month(), self.year),
        }
    }
}

/// Reads a moment for `publish_on` and `expires_on`: a date (its midnight, UTC) or an RFC 3339
/// time. Returns seconds since 1970-01-01T00:00:00Z.
pub fn parse_moment(text: &str) -> Option<i64> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(timestamp.as_second());
    }
    let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_second())
}

/// A moment as text: "2026-12-01 09:00 UTC".
pub fn moment_text(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        PartialDate::parse(text).map_or_else(|error| error, |date| date.to_string())
    }

    #[test]
    fn prints_only_what_is_known() {
        assert_eq!(shown("1984"), "1984");
        assert_eq!(shown("1984-01"), "January 1984");
        assert_eq!(shown("1984-01-01"), "1 January 1984");
        assert_eq!(shown("1980s"), "1980s");
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(shown("1984-02-30"), "`1984-02-30` has no day 30");
        assert_eq!(shown("1984-13"), "`1984-13` has no month 13");
        assert_eq!(shown("1985s"), "`1985s` is not a decade; did you mean 1980s?");
        assert!(shown("May 1984").contains("is not a date"));
        assert!(shown("1984-5-1").contains("is not a date"));
        assert!(shown("1984-05-01T25:00:00Z").contains("is not a date"));
        assert!(shown("1984-05-01 and later").contains("is not a date"));
        assert_eq!(
            shown("1984-02-30T10:00:00Z"),
            "`1984-02-30T10:00:00Z` is not a date; write 1984-05-12, 1984-05, 1984 or 1980s"
        );
    }

    #[test]
    fn of_a_time_the_date_is_read_where_it_was() {
        for time in
            ["T23:30:00+01:00", "t23:30:00z", " 23:30:00", "T23:30Z", "T23:30:00.5-08:00", "T23:30:00", " 23:30:00+01"]
        {
            assert_eq!(shown(&format!("2024-01-01{time}")), "1 January 2024", "{time}");
        }
    }

    #[test]
    fn sorts_by_time_then_precision() {
        let mut dates =
            ["1984-01", "1980s", "1984-01-01", "1984", "1899-12-31"].map(|d| PartialDate::parse(d).unwrap());
        dates.sort();
        let order = dates.map(|date| date.to_string());
        assert_eq!(order, ["31 December 1899", "1980s", "1984", "January 1984", "1 January 1984"]);
        let mut keys = dates;
        keys.sort_by_key(PartialDate::newest_first_key);
        keys.reverse();
        assert_eq!(keys, dates);
    }

    #[test]
    fn moments_are_dates_or_times() {
        assert_eq!(parse_moment("1970-01-02"), Some(86_400));
        assert_eq!(parse_moment("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_moment("1970"), None);
        assert_eq!(moment_text(86_400), "1970-01-02 00:00 UTC");
    }
}

//! When things happened: from the stamps of all formats to a timeline by hour.
//!
//! Hours are those that the records write: no time zone is applied, and epochs and TAI64N count in UTC. No clock is asked:
//! stamps without a year (RFC 3164) are ordered by what else is known, see [`Times::timeline`].

use std::collections::BTreeMap;

/// Hours that are told apart: more than two years. Records of further ones count in [`Times::unplaced`].
const MOST_HOURS: usize = 20_000;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// Days before each month of a leap year.
const DAYS_BEFORE: [u16; 12] = [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335];
/// Hours of a leap year: a stamp without a year may be of one.
const LEAP_YEAR: i64 = 366 * 24;

/// An hour as a record writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hour {
    /// The hour of a leap year.
    OfSomeYear(u16),
    /// Hours since the beginning of 1970.
    Dated(i32),
}

impl Hour {
    /// Reads any stamp: `Jun  1 10:00:00`, `2026-06-01T10:00:00Z`, `Mon, 1 Jun 2026 10:00:00 +0200`, `@4000...` (TAI64N), or
    /// an epoch in seconds down to nanoseconds. A day written in numbers without the year first has no certain month.
    #[must_use]
    pub fn read(stamp: &str) -> Option<Self> {
        let bytes = stamp.as_bytes();
        match bytes.first()? {
            b'@' => tai64(stamp.get(1..17)?),
            b'0'..=b'9' if matches!(bytes.get(4), Some(b'-' | b'/')) => iso(stamp),
            b'0'..=b'9' if bytes.len() > 8 && is_number(stamp) => epoch(stamp),
            _ => worded(stamp),
        }
    }
}

/// What of a stamp tells its hour, its beginning and its end: all but the minutes and seconds, and what stands behind them
/// in ISO 8601.
fn telling(stamp: &str) -> (&[u8], &[u8]) {
    let bytes = stamp.as_bytes();
    if let [b'0'..=b'9', _, _, _, b'-' | b'/', ..] = bytes {
        return (bytes.get(..13).unwrap_or(bytes), &[]);
    }
    let colon = bytes.iter().position(|byte| *byte == b':');
    match colon.and_then(|place| bytes.split_at_checked(place + 1)) {
        Some((begin, [a, b, b':', c, d, end @ ..]))
            if [a, b, c, d].into_iter().all(u8::is_ascii_digit) =>
        {
            (begin, end)
        }
        _ => (bytes, &[]),
    }
}

/// TAI64 (<https://cr.yp.to/libtai/tai64.html>): 2^62 and ten seconds stand for the beginning of 1970.
fn tai64(label: &str) -> Option<Hour> {
    let seconds = u64::from_str_radix(label, 16).ok()?;
    dated(i64::try_from(seconds).ok()?.checked_sub((1 << 62) + 10)? / 3600)
}

fn is_number(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// An epoch; its length tells the unit.
fn epoch(text: &str) -> Option<Hour> {
    let whole = text.split('.').next()?;
    let seconds = match whole.len() {
        9 | 10 => whole,
        12 | 13 => whole.get(..whole.len() - 3)?,
        15 | 16 => whole.get(..whole.len() - 6)?,
        18 | 19 => whole.get(..whole.len() - 9)?,
        _ => return None,
    };
    dated(seconds.parse::<i64>().ok()? / 3600)
}

/// ISO 8601 and RFC 3339.
fn iso(text: &str) -> Option<Hour> {
    let number = |place: std::ops::Range<usize>| text.get(place)?.parse::<u16>().ok();
    let hour = match text.as_bytes().get(10) {
        Some(b'T' | b't' | b' ' | b'_') => number(11..13)?,
        _ => 0,
    };
    of_date(Some(number(0..4)?), number(5..7)?, number(8..10)?, hour)
}

/// A stamp with the month in letters, its parts in any order.
fn worded(text: &str) -> Option<Hour> {
    let (mut year, mut month, mut day, mut hour) = (None, None, None, None);
    for word in text.split([' ', ',', '/', '-']).take(8) {
        let number = |text: &str| text.parse::<u16>().ok();
        if let Some((before, _)) = word.split_once(':') {
            hour = hour.or(number(before));
        } else if word.len() == 4 && year.is_none() && !word.starts_with('0') {
            year = number(word);
        } else if word.len() <= 2 && day.is_none() {
            day = number(word);
        } else if month.is_none() {
            month = MONTHS.iter().zip(1..).find(|(name, _)| **name == word);
        }
    }
    of_date(year, month?.1, day?, hour?)
}

fn of_date(year: Option<u16>, month: u16, day: u16, hour: u16) -> Option<Hour> {
    let before = *DAYS_BEFORE.get(usize::from(month.checked_sub(1)?))?;
    if !(1..=31).contains(&day) || hour > 23 {
        return None;
    }
    let of_year = (before + day - 1) * 24 + hour;
    match year {
        None => Some(Hour::OfSomeYear(of_year)),
        Some(year) => dated(since_1970(i64::from(year), of_year)),
    }
}

/// The hours since 1970 of an hour of a leap year in this year.
fn since_1970(year: i64, of_year: u16) -> i64 {
    let of_year = i64::from(of_year);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let after_february = of_year >= i64::from(DAYS_BEFORE[2]) * 24;
    let leap_day = if is_leap || !after_february { 0 } else { 24 };
    year_start(year) + of_year - leap_day
}

/// Hours from 1970 to the beginning of a year of the Gregorian calendar.
fn year_start(year: i64) -> i64 {
    let before = year - 1;
    let days =
        before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    (days - 719_162) * 24
}

/// Stamps before 1970 or after 2200 are no time of a mail.
fn dated(hours: i64) -> Option<Hour> {
    let hours = i32::try_from(hours).ok()?;
    (0..2_016_000)
        .contains(&hours)
        .then_some(Hour::Dated(hours))
}

/// What happened in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub records: u64,
    pub refused: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.records += other.records;
        self.refused += other.refused;
    }
}

/// What happened by the hour.
#[derive(Clone, Debug, Default)]
pub struct Times {
    hours: BTreeMap<Hour, Count>,
    /// The hour of the last record, which is nearly always that of the next.
    current: Option<(Hour, Count)>,
    /// Its stamp.
    last: String,
    /// Records without a time that could be read.
    pub unplaced: Count,
}

impl Times {
    /// Counts a record.
    pub fn add(&mut self, stamp: Option<&str>, refused: bool) {
        let count = Count {
            records: 1,
            refused: u64::from(refused),
        };
        let stamp = stamp.unwrap_or_default();
        if let Some((_, sum)) = &mut self.current {
            let is_same = *stamp == self.last;
            if is_same || telling(stamp) == telling(&self.last) {
                sum.add(count);
                if !is_same {
                    stamp.clone_into(&mut self.last);
                }
                return;
            }
        }
        let Some(hour) = Hour::read(stamp) else {
            self.unplaced.add(count);
            return;
        };
        stamp.clone_into(&mut self.last);
        if let Some((current, sum)) = &mut self.current
            && *current == hour
        {
            sum.add(count);
            return;
        }
        if let Some((last, sum)) = self.current.replace((hour, count)) {
            self.put(last, sum);
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Self) {
        self.unplaced.add(other.unplaced);
        for (hour, count) in other.hours.into_iter().chain(other.current) {
            self.put(hour, count);
        }
    }

    fn put(&mut self, hour: Hour, count: Count) {
        self.hours.entry(hour).or_default().add(count);
        // Always the last ones go, so that the order of adding does not matter.
        if self.hours.len() > MOST_HOURS
            && let Some((_, count)) = self.hours.pop_last()
        {
            self.unplaced.add(count);
        }
    }

    /// Puts the last hour to the others: to be called when all was added.
    pub fn close(&mut self) {
        if let Some((hour, count)) = self.current.take() {
            self.put(hour, count);
        }
    }

    /// The hours in order. Those without a year stand in the year that brings them nearest to the newest dated one; when
    /// there is none, the year is taken to begin behind the longest time in which nothing happened.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        let all = &self.hours;
        let newest = all.keys().rev().find_map(|hour| match hour {
            Hour::Dated(hours) => Some(i64::from(*hours)),
            Hour::OfSomeYear(_) => None,
        });
        let begin = newest.map_or_else(|| quietest(all.keys()), |_| 0);
        let mut hours: BTreeMap<i64, Count> = BTreeMap::new();
        for (&hour, &count) in all {
            let at = match (hour, newest) {
                (Hour::Dated(hours), _) => i64::from(hours),
                (Hour::OfSomeYear(of_year), Some(newest)) => nearest(of_year, newest),
                (Hour::OfSomeYear(of_year), None) => {
                    let at = i64::from(of_year);
                    if at < begin { at + LEAP_YEAR } else { at }
                }
            };
            hours.entry(at).or_default().add(count);
        }
        Timeline {
            hours,
            has_years: newest.is_some(),
        }
    }
}

/// The hour of the year behind the longest pause.
fn quietest<'h>(hours: impl Iterator<Item = &'h Hour>) -> i64 {
    let hours: Vec<i64> = hours
        .map(|hour| match hour {
            Hour::OfSomeYear(of_year) => i64::from(*of_year),
            Hour::Dated(hours) => i64::from(*hours),
        })
        .collect();
    let before = hours.last().map(|last| last - LEAP_YEAR);
    before
        .into_iter()
        .chain(hours.iter().copied())
        .zip(&hours)
        // Of equal pauses the earliest: the year begins in January.
        .min_by_key(|(before, hour)| before - **hour)
        .map_or(0, |(_, hour)| *hour)
}

/// The hour of the year that is nearest to another hour.
fn nearest(of_year: u16, to: i64) -> i64 {
    let year = 1970 + to / 8766;
    (year - 1..=year + 1)
        .map(|year| since_1970(year, of_year))
        .min_by_key(|hour| (hour - to).abs())
        .unwrap_or(to)
}

/// The length of the spans that a timeline is shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Hour,
    Day,
    Week,
    FourWeeks,
}

impl Unit {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::FourWeeks => "four weeks",
        }
    }

    const fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::FourWeeks => 28 * 24,
        }
    }
}

/// The hours in which something happened, in order.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    hours: BTreeMap<i64, Count>,
    has_years: bool,
}

impl Timeline {
    /// The hours with their names.
    pub fn hours(&self) -> impl ExactSizeIterator<Item = (String, Count)> {
        self.hours
            .iter()
            .map(|(hour, count)| (self.name(*hour, Unit::Hour), *count))
    }

    /// At most so many spans without a gap, each with the name of its beginning, and their length.
    #[must_use]
    pub fn spans(&self, most: usize) -> (Unit, Vec<(String, Count)>) {
        let (Some((first, _)), Some((last, _))) =
            (self.hours.first_key_value(), self.hours.last_key_value())
        else {
            return (Unit::Hour, Vec::new());
        };
        let length = |unit: Unit| {
            let spans = last.div_euclid(unit.hours()) - first.div_euclid(unit.hours()) + 1;
            usize::try_from(spans).unwrap_or(usize::MAX)
        };
        let unit = [Unit::Hour, Unit::Day, Unit::Week]
            .into_iter()
            .find(|unit| length(*unit) <= most)
            .unwrap_or(Unit::FourWeeks);
        let end = last.div_euclid(unit.hours());
        // Of a time longer than that the end.
        let kept = i64::try_from(length(unit).min(most)).unwrap_or_default();
        let begin = end - kept + 1;
        let mut spans: Vec<(String, Count)> = (begin..=end)
            .map(|span| (self.name(span * unit.hours(), unit), Count::default()))
            .collect();
        for (hour, count) in &self.hours {
            let place = usize::try_from(hour.div_euclid(unit.hours()) - begin).ok();
            if let Some((_, sum)) = place.and_then(|place| spans.get_mut(place)) {
                sum.add(*count);
            }
        }
        (unit, spans)
    }

    /// `2026-06-01 10:00`, or `Jun 1 10:00` where no record tells the year; the day alone for longer spans.
    fn name(&self, hour: i64, unit: Unit) -> String {
        let clock = match unit {
            Unit::Hour => format!(" {:02}:00", hour.rem_euclid(24)),
            _ => String::new(),
        };
        if self.has_years {
            // A guess that is one year off at most.
            let guess = 1970 + hour.div_euclid(8766);
            let year = (guess - 1..=guess + 1)
                .rev()
                .find(|year| year_start(*year) <= hour)
                .unwrap_or(guess);
            let leap = year_start(year + 1) - year_start(year) == LEAP_YEAR;
            let mut day = (hour - year_start(year)) / 24;
            if !leap && day >= i64::from(DAYS_BEFORE[2]) - 1 {
                day += 1;
            }
            let (month, day) = month_and_day(day);
            format!("{year:04}-{:02}-{day:02}{clock}", month + 1)
        } else {
            let (month, day) = month_and_day(hour.rem_euclid(LEAP_YEAR) / 24);
            format!("{} {day}{clock}", MONTHS.get(month).unwrap_or(&"?"))
        }
    }
}

/// The month, from 0, and the day, from 1, of a day of a leap year.
fn month_and_day(day: i64) -> (usize, i64) {
    let month = DAYS_BEFORE
        .iter()
        .rposition(|before| i64::from(*before) <= day)
        .unwrap_or_default();
    let before = DAYS_BEFORE.get(month).copied().unwrap_or_default();
    (month, day - i64::from(before) + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn spans(stamps: &[&str], most: usize) -> (Unit, Vec<(String, u64)>) {
        let mut times = Times::default();
        for stamp in stamps {
            times.add(Some(stamp), true);
        }
        times.close();
        let (unit, spans) = times.timeline().spans(most);
        let refused = |(name, count): (String, Count)| (name, count.refused);
        (unit, spans.into_iter().map(refused).collect())
    }

    #[test]
    fn every_kind_of_stamp_is_the_same_hour() {
        for stamp in [
            "2026-06-01T10:20:30Z",
            "2026-06-01T10:20:30.123+02:00",
            "2026-06-01 10:20:30",
            "2026/06/01 10:20:30",
            "Mon, 1 Jun 2026 10:20:30 +0200",
            "1 Jun 2026 10:20:30 GMT",
            "Mon Jun  1 10:20:30 2026",
            "Jun  1 2026 10:20:30",
            "@400000006a1d5fa81a2b3c4d",
            "1780309230",
            "1780309230.5",
            "1780309230000",
            "1780309230000000",
            "1780309230000000000",
        ] {
            assert_eq!(
                spans(&[stamp], 9).1,
                [("2026-06-01 10:00".into(), 1)],
                "{stamp}"
            );
        }
    }

    #[test]
    fn no_stamp_is_taken_for_the_one_before() {
        let stamps = [
            "Jun  1 10:00:00",
            "Jun  1 10:59:59",
            "Jun  1 10:",
            "Jun  1 10",
            "Jun  1 11:00:00",
            "Jun  2 10:00:00",
            "Jun  1 10:00:00 2025",
            "Jun  1 10:00:00 2026",
            "Mon, 1 Jun 2026 10:20:30 +0200",
            "1 Jun 2026 10:20:30",
            "2026-06-01T10:20:30.123+02:00",
            "2026-06-01T10:21:30Z",
            "2026-06-01T11:20:30Z",
            "2026-06-01",
            "2026-06-0",
            "1780309230",
            "1780312830",
            "@400000006a1d5fa81a2b3c4d",
            "@400000006a1d6fa81a2b3c4d",
            "10:00",
            "10:00:00",
            "",
        ];
        for first in stamps {
            for second in stamps {
                let mut times = Times::default();
                times.add(Some(first), true);
                times.add(Some(second), true);
                times.close();
                let mut expected = BTreeMap::new();
                for hour in [first, second].into_iter().filter_map(Hour::read) {
                    *expected.entry(hour).or_insert(0) += 1;
                }
                let hours = times.hours.iter();
                let counted: BTreeMap<_, _> =
                    hours.map(|(hour, count)| (*hour, count.records)).collect();
                assert_eq!(counted, expected, "{first:?} and {second:?}");
            }
        }
    }

    #[test]
    fn what_is_no_certain_time_has_no_place() {
        for stamp in [
            "",
            "x",
            "06/01/2026 10:00",
            "Jun 40 10:00:00",
            "2026-13-01",
            "99",
            "-",
            "@zz",
            "@4000",
        ] {
            assert_eq!(Hour::read(stamp), None, "{stamp}");
        }
    }

    #[test]
    fn every_day_has_its_name_and_is_read_back() {
        for day in 0..80_000 {
            let hour = i64::from(day) * 24;
            let timeline = Timeline {
                hours: BTreeMap::new(),
                has_years: true,
            };
            let name = timeline.name(hour, Unit::Hour);
            assert_eq!(Hour::read(&name), dated(hour), "{name}");
        }
    }

    #[test]
    fn a_log_without_years_goes_on_over_the_turn_of_the_year() {
        let (unit, spans) = spans(
            &["Jan  1 00:10:00", "Dec 31 23:50:00", "Jan  1 01:00:00"],
            9,
        );
        assert_eq!(unit, Unit::Hour);
        assert_eq!(
            spans,
            [
                ("Dec 31 23:00".into(), 1),
                ("Jan 1 00:00".into(), 1),
                ("Jan 1 01:00".into(), 1)
            ]
        );
    }

    #[test]
    fn a_stamp_without_a_year_joins_the_dated_ones() {
        let (_, spans) = spans(&["2026-01-01T00:30:00Z", "Dec 31 23:50:00"], 9);
        assert_eq!(
            spans,
            [
                ("2025-12-31 23:00".into(), 1),
                ("2026-01-01 00:00".into(), 1)
            ]
        );
    }

    #[test]
    fn spans_have_no_gaps_and_grow_with_the_time() {
        let stamps = ["2026-02-27 10:00:00", "2026-03-02 10:00:00"];
        let (unit, days) = spans(&stamps, 10);
        assert_eq!(unit, Unit::Day);
        let names: Vec<_> = days.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
        );
        assert_eq!(days.iter().map(|(_, refused)| refused).sum::<u64>(), 2);
        assert_eq!(spans(&["2020-01-01", "2026-01-01"], 10).1.len(), 10);
    }

    #[test]
    fn the_order_of_parts_does_not_matter() {
        let (mut left, mut right) = (Times::default(), Times::default());
        left.add(Some("Jun  1 10:00:00"), true);
        right.add(Some("Jun  1 10:30:00"), false);
        right.add(Some("Jun  1 09:30:00"), false);
        right.add(None, true);
        let hours = |left: &Times, right: &Times| {
            let mut sum = left.clone();
            sum.merge(right.clone());
            sum.close();
            (sum.timeline().hours().collect::<Vec<_>>(), sum.unplaced)
        };
        assert_eq!(hours(&left, &right), hours(&right, &left));
        assert_eq!(hours(&left, &right).0.len(), 2);
    }

    #[test]
    fn hours_beyond_measure_do_not_fill_the_memory() {
        let mut times = Times::default();
        for hour in 0..2 * MOST_HOURS {
            times.add(Some(&format!("{}", 1_000_000_000 + hour * 3600)), false);
        }
        times.close();
        assert!(times.hours.len() <= MOST_HOURS);
        let placed: u64 = times
            .timeline()
            .hours()
            .map(|(_, count)| count.records)
            .sum();
        assert_eq!(placed + times.unplaced.records, 2 * MOST_HOURS as u64);
    }
}

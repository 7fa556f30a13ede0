//! Days of the proleptic Gregorian calendar, as far as a freeze needs them.

/// Days of the week, the first one first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const SECONDS: i64 = 24 * 60 * 60;

/// A day, counted from 1970-01-01.
pub struct Day(i64);

impl Day {
    /// The day that it is at a time, in seconds since 1970-01-01 UTC, where clocks are this many seconds ahead of UTC.
    pub fn of(time: u64, offset: i64) -> Self {
        Self((i64::try_from(time).unwrap_or(i64::MAX - SECONDS) + offset).div_euclid(SECONDS))
    }

    /// Its day of the week. The first of January 1970 was a Thursday.
    pub fn weekday(&self) -> &'static str {
        let index = (self.0 + 3).rem_euclid(7);
        WEEKDAYS[usize::try_from(index).unwrap_or_default()]
    }

    /// Its date: `2026-12-24`. By Howard Hinnant's `civil_from_days`.
    pub fn date(&self) -> String {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// Seconds of `+01:00` or `-05:30`.
pub fn offset(text: &str) -> Option<i64> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |text: &str, limit: i64| -> Option<i64> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number < limit)
    };
    Some(sign * (number(hours, 15)? * 3600 + number(minutes, 60)? * 60))
}

/// Whether a text is a date as [`Day::date`] writes it.
pub fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let fits = |part: &str, length: usize, limit: u32| {
        part.len() == length
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse().is_ok_and(|number: u32| (1..=limit).contains(&number))
    };
    matches!(parts[..], [year, month, day] if fits(year, 4, 9999) && fits(month, 2, 12) && fits(day, 2, 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_names_and_dates() {
        let check = |time: u64, expected: (&str, &str)| {
            let day = Day::of(time, 0);
            assert_eq!((day.weekday(), day.date().as_str()), expected, "{time}");
        };
        check(0, ("thu", "1970-01-01"));
        check(951_782_400, ("tue", "2000-02-29"));
        check(1_769_853_600, ("sat", "2026-01-31"));
        check(1_798_675_199, ("wed", "2026-12-30"));
        check(4_107_542_400, ("mon", "2100-03-01"));
    }

    #[test]
    fn offsets_are_read() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(offset(text), expected, "{text}");
        check("+01:00", Some(3600));
        check("-05:30", Some(-19_800));
        check("+00:00", Some(0));
        check("01:00", None);
        check("+1:00", None);
        check("+24:00", None);
        check("+ü1:00", None);
        check("", None);
    }
}

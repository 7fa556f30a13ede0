//! Time as AWS writes it.

/// A time in seconds since 1970-01-01 UTC as `20150830T123600Z`. The date by Howard Hinnant's `civil_from_days`.
pub fn compact(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_aws_does() {
        let check = |seconds: u64, expected: &str| assert_eq!(compact(seconds), expected);
        check(0, "19700101T000000Z");
        check(1_440_938_160, "20150830T123600Z");
        check(951_868_799, "20000229T235959Z");
    }
}

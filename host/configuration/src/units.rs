//! Amounts with a unit: `64MiB`, `500ms`.

use std::time::Duration;

/// A number of bytes: `1000`, `64KiB`, `64MiB`, `1GiB`; nothing if it is none, or zero.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let factor: u64 = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A span of time: `500ms`, `2s`, `1m`; nothing if it is none, or zero.
pub(crate) fn time(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return None,
    };
    number.checked_mul(factor).map(Duration::from_millis)
}

/// A whole number that is not zero.
pub(crate) fn count(text: &str) -> Option<u64> {
    split(text).filter(|(_, unit)| unit.is_empty()).map(|(number, _)| number)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().ok().filter(|number| *number > 0)?;
    Some((number, text[end..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!(bytes("64MiB"), Some(64 << 20));
        assert_eq!(bytes("1 KiB"), Some(1024));
        assert_eq!(bytes("1000"), Some(1000));
        for wrong in ["", "MiB", "0", "64MB", "-1", "1.5GiB", "99999999999GiB"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
        assert_eq!(time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(time("2s"), Some(Duration::from_secs(2)));
        assert_eq!(time("1m"), Some(Duration::from_secs(60)));
        for wrong in ["2", "0s", "2h", "s"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
        assert_eq!((count("10000"), count("1k"), count("0")), (Some(10_000), None, None));
    }
}

//! Compares versions the way RubyGems does.

use std::cmp::Ordering;

/// The Kamal version this program is compatible with, and what `minimum_version` is compared with.
pub const KAMAL_VERSION: &str = "2.12.0";

/// A version as RubyGems understands it: numbers and words between dots, trailing zeros without weight.
#[derive(Debug)]
pub(crate) struct Version(Vec<Segment>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// A word makes a prerelease, so it sorts before any number.
    Word(String),
    Number(u64),
}

impl Version {
    /// Reads a version; nothing if it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().replace('-', ".pre.");
        let is_formed = text.starts_with(|first: char| first.is_ascii_digit())
            && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if !text.is_empty() && !is_formed {
            return None;
        }
        let mut segments = Vec::new();
        for part in text.split('.').filter(|part| !part.is_empty()) {
            let mut rest = part;
            while let Some(first) = rest.chars().next() {
                let is_digit = first.is_ascii_digit();
                let end = rest.find(|letter: char| letter.is_ascii_digit() != is_digit).unwrap_or(rest.len());
                let (run, after) = rest.split_at(end);
                segments.push(match run.parse() {
                    Ok(number) if is_digit => Segment::Number(number),
                    _ if is_digit => Segment::Number(u64::MAX),
                    _ => Segment::Word(run.to_owned()),
                });
                rest = after;
            }
        }
        Some(Self(segments))
    }

    /// Which of two versions comes first; `2.12` and `2.12.0` are the same.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        const ZERO: Segment = Segment::Number(0);
        let longest = self.0.len().max(other.0.len());
        let order = |index: usize| {
            let [mine, theirs] = [self, other].map(|version| version.0.get(index).unwrap_or(&ZERO));
            mine.cmp(theirs)
        };
        (0..longest).map(order).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_versions() {
        let order = |left, right| Version::parse(left).unwrap().compare(&Version::parse(right).unwrap());
        assert_eq!(order("2.12", "2.12.0"), Ordering::Equal);
        assert_eq!(order("9.9.9", KAMAL_VERSION), Ordering::Greater);
        assert_eq!(order("2.9.0", KAMAL_VERSION), Ordering::Less);
        assert_eq!(order("2.12.0.beta1", KAMAL_VERSION), Ordering::Less);
        assert_eq!(order("3.0.0-rc.1", KAMAL_VERSION), Ordering::Greater);
        assert!(Version::parse("latest").is_none());
        assert!(Version::parse("1..2").is_none());
    }
}

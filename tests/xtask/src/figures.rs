//! Arithmetic on timings. Pure.

use std::fmt;
use std::time::Duration;

/// How long the same thing took, several times.
#[derive(Debug, Clone, PartialEq)]
pub struct Timings {
    sorted: Vec<f64>,
}

impl Timings {
    /// # Panics
    /// Without any timing.
    pub fn new(timings: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<f64> = timings.into_iter().map(|timing| timing.as_secs_f64()).collect();
        assert!(!sorted.is_empty(), "a median needs at least one timing");
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    /// The middle one, in seconds; between the middle two of an even number.
    pub fn median(&self) -> f64 {
        let middle = self.sorted.len() / 2;
        if self.sorted.len() % 2 == 1 {
            self.sorted[middle]
        } else {
            (self.sorted[middle - 1] + self.sorted[middle]) / 2.0
        }
    }

    /// How many times longer this takes than the other, by their medians.
    pub fn ratio_to(&self, other: &Self) -> f64 {
        self.median() / other.median()
    }
}

/// Seconds above one second, milliseconds below.
impl fmt::Display for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.sorted[0], self.sorted[self.sorted.len() - 1]);
        let (scale, unit, digits) = if self.median() < 1.0 { (1000.0, "ms", 0) } else { (1.0, "s", 2) };
        let show = |seconds: f64| format!("{:.digits$}", seconds * scale);
        write!(f, "median {} {unit} ({}–{}, {} runs)", show(self.median()), show(least), show(most), self.sorted.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timings(milliseconds: &[u64]) -> Timings {
        Timings::new(milliseconds.iter().copied().map(Duration::from_millis))
    }

    #[test]
    fn a_median_is_the_middle_or_between_the_middle_two() {
        for (milliseconds, median) in [(&[5000][..], 5.0), (&[3000, 1000, 2000], 2.0), (&[4000, 1000, 3000, 2000], 2.5)]
        {
            assert_eq!(timings(milliseconds).median(), median, "{milliseconds:?}");
        }
    }

    #[test]
    fn figures_read_in_the_unit_that_fits() {
        assert_eq!(timings(&[4500, 4700, 6000]).to_string(), "median 4.70 s (4.50–6.00, 3 runs)");
        assert_eq!(timings(&[12, 18]).to_string(), "median 15 ms (12–18, 2 runs)");
    }

    #[test]
    fn a_ratio_compares_medians() {
        assert_eq!(timings(&[4000, 6000, 90_000]).ratio_to(&timings(&[2000])), 3.0);
    }
}

//! How two texts differ.

use similar::TextDiff;

/// The lines that differ, with three around each; empty if none does.
pub fn diff(before: &str, after: &str, (of_before, of_after): (&str, &str)) -> String {
    if before == after {
        return String::new();
    }
    TextDiff::from_lines(before, after).unified_diff().context_radius(3).header(of_before, of_after).to_string()
}

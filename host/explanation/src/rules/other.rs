//! What no rule knows.

use crate::Finding;
use crate::case::Case;

pub(super) fn finding(case: &Case<'_>) -> Finding {
    let what = match (case.failure, case.error) {
        (Some(failure), _) => format!("a step on {} failed", failure.machine),
        (None, "") => "the run went well".to_string(),
        (None, error) => error.lines().next().unwrap_or_default().to_string(),
    };
    Finding {
        cause: "unknown",
        what,
        why: "no rule knows this failure; what was printed is below".to_string(),
        look_at: vec!["run it again with -v to see everything".to_string()],
        ..Finding::default()
    }
}

//! The deploy lock.

use crate::case::{Case, between, says};
use crate::{Finding, Limit};

pub(super) fn held_by_hand(case: &Case<'_>) -> Option<Finding> {
    says(case.error, &["Deploy lock held manually"]).then(|| Finding {
        cause: "lock-held",
        what: "somebody took the deploy lock by hand".to_string(),
        why: "whoever took it wants no deploys until it is released by hand".to_string(),
        look_at: vec!["`sextant lock status` tells who and why".to_string(), "`sextant lock release`".to_string()],
        ..Finding::default()
    })
}

pub(super) fn timed_out(case: &Case<'_>) -> Option<Finding> {
    let seconds = between(case.error, "Timed out after ", "s waiting for the deploy lock")?.parse().ok()?;
    Some(Finding {
        cause: "lock-held",
        what: "the deploy lock was not free in time".to_string(),
        limit: Some(Limit { name: "--lock-wait-timeout".to_string(), seconds }),
        why: "another run holds it, or one that was killed left it behind".to_string(),
        look_at: vec!["`sextant lock status` tells who holds it".to_string(), "--lock-wait-timeout".to_string()],
        ..Finding::default()
    })
}

pub(super) fn held(case: &Case<'_>) -> Option<Finding> {
    let host = between(case.error, "the deploy lock on ", " is held")?;
    Some(Finding {
        cause: "lock-held",
        what: format!("somebody else holds the deploy lock on {host}"),
        why: "another run is going on, or one that was killed left it behind".to_string(),
        look_at: vec![
            "`sextant lock status` tells who holds it".to_string(),
            "--lock-wait waits for it".to_string(),
            "`sextant lock release`, if nobody works on it".to_string(),
        ],
        ..Finding::default()
    })
}

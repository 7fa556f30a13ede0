//! Logins to registries.

use crate::Finding;
use crate::case::Case;

pub(super) fn login(case: &Case<'_>) -> Option<Finding> {
    if !matches!(case.kind(), "login" | "login-with-credentials") {
        return None;
    }
    let refused =
        case.tells(&["unauthorized", "incorrect username or password", "denied", "authentication required", "401"]);
    let (cause, why) = if refused {
        (
            "registry-login",
            "the registry takes no such user and password; tokens of some registries hold for hours only",
        )
    } else if case.tells(&["connection refused", "no such host", "timeout", "timed out", "TLS"]) {
        ("registry-unreachable", "the registry does not answer")
    } else {
        ("registry-login", "docker could not log in")
    };
    Some(Finding {
        cause,
        what: format!("{} cannot log in to the registry", case.machine()),
        why: why.to_string(),
        look_at: ["registry/password", "registry/username", "registry/server", ".kamal/secrets"]
            .map(str::to_string)
            .to_vec(),
        ..Finding::default()
    })
}

//! Connections to hosts.

use crate::case::{Case, between, says};
use crate::{Finding, Limit};

pub(super) fn unreachable(case: &Case<'_>) -> Option<Finding> {
    let sentence = sentence(case);
    let host = between(sentence, "reach `", "`")?;
    let (why, limit) = if says(sentence, &["timed out", "timeout"]) {
        ("nobody answers: the host is down, or a firewall drops what is sent", Some(15))
    } else if says(sentence, &["connection refused"]) {
        ("the host is there, and no sshd listens on this port", None)
    } else if says(sentence, &["could not resolve", "name or service not known"]) {
        ("no address belongs to this name", None)
    } else {
        ("ssh cannot get through to it", None)
    };
    Some(Finding {
        cause: "unreachable",
        what: format!("{host} cannot be reached"),
        limit: limit.map(|seconds| Limit { name: "time to connect".to_string(), seconds }),
        why: why.to_string(),
        evidence: Some(sentence.lines().map(str::to_string).collect()),
        look_at: keys(&["servers", "ssh/port", "ssh/proxy"]),
    })
}

pub(super) fn unauthorized(case: &Case<'_>) -> Option<Finding> {
    let sentence = sentence(case);
    let (host, cause, why) = match (between(sentence, "log in to `", "`"), between(sentence, "trust `", "`")) {
        (Some(host), _) if case.kind() != "login" => {
            (host, "ssh-refused", "the host takes none of our keys for this user")
        }
        (_, Some(host)) => (host, "host-key", "its host key is not the one that is known, or is not known at all"),
        _ => return None,
    };
    Some(Finding {
        cause,
        what: format!("ssh cannot log in to {host}"),
        why: why.to_string(),
        evidence: Some(sentence.lines().map(str::to_string).collect()),
        look_at: keys(&["ssh/user", "ssh/keys", "~/.ssh/known_hosts"]),
        ..Finding::default()
    })
}

pub(super) fn lost(case: &Case<'_>) -> Option<Finding> {
    let failure = case.failure.filter(|failure| matches!(failure.kind.as_str(), "connection" | "time-limit"))?;
    let host = failure.machine.to_string();
    let is_limit = failure.kind == "time-limit";
    let limit = case
        .step
        .filter(|_| is_limit)
        .map(|step| Limit { name: "the step's own".to_string(), seconds: step.time_limit });
    let (cause, what, why) = if is_limit {
        (
            "time-limit",
            format!("a step on {host} took too long, and was stopped"),
            "the step did not end within its limit",
        )
    } else {
        ("connection-lost", format!("the connection to {host} was lost"), "the host went away while a step was running")
    };
    Some(Finding {
        cause,
        what,
        limit,
        why: why.to_string(),
        look_at: vec!["run it again with -v to see what the step prints".to_string(), "ssh".to_string()],
        ..Finding::default()
    })
}

/// The error that tells about a connection.
fn sentence<'a>(case: &Case<'a>) -> &'a str {
    case.failure.map_or(case.error, |failure| failure.error.as_str())
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_string()).collect()
}

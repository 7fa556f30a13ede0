//! Runs that ended before their first step: nothing was touched.

use journal::Fate;

use crate::Finding;
use crate::case::{Case, between, says};

pub(super) fn interrupted(case: &Case<'_>) -> Option<Finding> {
    let (what, why) = match case.account.fate {
        Fate::Interrupted => {
            ("the run was interrupted", "the operator, or whatever started the program, sent it a signal")
        }
        Fate::Unknown => (
            "nobody wrote down how the run ended",
            "it is going on, or the program was killed, or the machine went down",
        ),
        _ => return None,
    };
    Some(Finding {
        cause: "interrupted",
        what: what.to_string(),
        why: why.to_string(),
        look_at: vec!["`sextant resume` takes the run up".to_string()],
        ..Finding::default()
    })
}

pub(super) fn denied_by_policy(case: &Case<'_>) -> Option<Finding> {
    let policy = between(case.error, "policy `", "`").filter(|_| case.failure.is_none())?;
    Some(Finding {
        cause: "denied-by-policy",
        what: format!("the policy `{policy}` does not let this plan pass"),
        why: "policies judge the whole plan before anything is touched".to_string(),
        look_at: vec![format!("x-plugins/{policy}")],
        ..Finding::default()
    })
}

pub(super) fn missing_secret(case: &Case<'_>) -> Option<Finding> {
    let name = between(case.error, "Secret '", "'").or_else(|| between(case.error, "find the secret `", "`"))?;
    Some(Finding {
        cause: "missing-secret",
        what: format!("the secret `{name}` does not exist"),
        why: "the plan needs it, and no secrets file of this destination has it".to_string(),
        look_at: vec![".kamal/secrets".to_string(), "`sextant secrets print` shows what is there".to_string()],
        ..Finding::default()
    })
}

pub(super) fn proxy_too_old(case: &Case<'_>) -> Option<Finding> {
    let version = between(case.error, "kamal-proxy version ", " on ")?;
    let host = between(case.error, " on ", " is too old")?;
    Some(Finding {
        cause: "proxy-too-old",
        what: format!("the proxy on {host} has the version {version}, which is too old"),
        why: "a newer program needs a newer proxy; replacing it interrupts requests for a moment, so no deploy does it by itself"
            .to_string(),
        look_at: vec!["`sextant proxy reboot --rolling`".to_string(), "proxy/run/version".to_string()],
        ..Finding::default()
    })
}

pub(super) fn missing_version(case: &Case<'_>) -> Option<Finding> {
    let version = between(case.error, "the app version `", "` is not available")?;
    Some(Finding {
        cause: "missing-version",
        what: format!("the version `{version}` is not on every host any more"),
        why: "a rollback starts a container that is still there; older ones are pruned".to_string(),
        look_at: vec!["`sextant app containers` shows what is there".to_string(), "retain_containers".to_string()],
        ..Finding::default()
    })
}

pub(super) fn missing_image(case: &Case<'_>) -> Option<Finding> {
    let image = between(case.error, "the image ", " is missing on")?;
    Some(Finding {
        cause: "missing-image",
        what: format!("the image {image} is missing"),
        why: "this subcommand pulls nothing".to_string(),
        look_at: vec!["`sextant deploy` pulls it first".to_string(), "image".to_string()],
        ..Finding::default()
    })
}

pub(super) fn docker_missing(case: &Case<'_>) -> Option<Finding> {
    let missing = says(case.error, &["docker is not installed on"]);
    let failing =
        says(case.error, &["docker does not answer on"]) || case.tells(&["cannot connect to the docker daemon"]);
    let (what, look_at) = match (missing, failing) {
        (true, _) => ("docker is not installed on a host", "`sextant server bootstrap` installs it"),
        (_, true) => ("docker does not answer on a host", "`systemctl status docker` on that host"),
        _ => return None,
    };
    Some(Finding {
        cause: "no-docker",
        what: what.to_string(),
        why: "everything on a host is done by docker".to_string(),
        look_at: vec![look_at.to_string(), "servers".to_string()],
        ..Finding::default()
    })
}

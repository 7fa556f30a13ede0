//! A new container that does not become healthy: the failure that is asked about most.

use plan::Action;

use crate::case::{Case, says};
use crate::{Finding, Limit};

/// What apps print while they come down.
const CRASHES: [&str; 16] = [
    "error:",
    "exception",
    "panicked",
    "traceback",
    "fatal",
    "loaderror",
    "cannot find module",
    "no such file or directory",
    "segmentation fault",
    "aborted",
    "undefined method",
    "keyerror",
    "could not connect to server",
    "econnrefused",
    "bundler",
    "exited",
];

/// What apps print once they listen, before the address.
const LISTENS: [&str; 6] = ["listening on", "listening at", "running on", "running at", "started on", "listening tcp"];

pub(super) fn wrong_port(case: &Case<'_>) -> Option<Finding> {
    let Some(Action::Route { port, .. }) = case.action() else { return None };
    let (line, listens) = case.log().find_map(|line| Some((line, port_in(line)?)))?;
    if listens == *port {
        return None;
    }
    Some(Finding {
        cause: "wrong-app-port",
        what: format!("the app listens on port {listens}, and the proxy asks port {port}"),
        limit: limit(case),
        why: "the proxy found nobody on the port that it was told".to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: vec![case.key("proxy/app_port"), "env/clear/PORT".to_string()],
    })
}

/// The app answers the check, but not with a 200.
pub(super) fn refuses_the_check(case: &Case<'_>) -> Option<Finding> {
    let Some(Action::Route { .. }) = case.action() else { return None };
    let blocked = ["blocked host", "blocked hosts", "disallowedhost", "invalid http_host", "host not permitted"];
    let answered = |line: &&str| {
        let about_the_check = says(line, &["get /up", "\"get /", "get \"/", "healthcheck", "/health"]);
        let refused = [" 301", " 302", " 400", " 401", " 403", " 404", " 500", " 503", "=301", "=404", "=500", "=403"];
        about_the_check && says(line, &refused)
    };
    let line = case.log().find(|line| says(line, &blocked)).or_else(|| case.log().find(answered))?;
    let why = match says(line, &blocked) {
        true => "the app lets only requests for certain hosts in, and the check asks for none of them",
        false => "the check counts as healthy only what is answered with a 200",
    };
    Some(Finding {
        cause: "health-check-refused",
        what: "the app runs, and answers the health check with something else than a 200".to_string(),
        limit: limit(case),
        why: why.to_string(),
        evidence: Some(vec![line.to_string()]),
        look_at: vec![case.key("proxy/healthcheck/path"), case.key("proxy/ssl"), case.key("proxy/host")],
    })
}

pub(super) fn crashes(case: &Case<'_>) -> Option<Finding> {
    if !waits(case) {
        return None;
    }
    let ended = case.tells(&["(exited)", "(restarting)", "(dead)", "is restarting", "is not running"]);
    let line = case.log().find(|line| says(line, &CRASHES)).filter(|_| !listens(case) || ended);
    if line.is_none() && !ended {
        return None;
    }
    let within_delay =
        matches!(case.action(), Some(Action::AwaitHealthy { readiness_delay, .. }) if *readiness_delay > 0);
    let why = match (within_delay, case.failure.map(|failure| failure.aftermath.is_empty())) {
        (_, Some(true) | None) => "its process ended, and said nothing",
        (true, _) => "its process ended before it had run for `readiness_delay`; its last words are below",
        (false, _) => "its process ended while it started; its last words are below",
    };
    let mut look_at = vec!["env".to_string(), case.key("cmd")];
    look_at.extend(within_delay.then(|| "readiness_delay".to_string()));
    look_at.push(format!("`sextant app logs --roles {}`", case.role()));
    Some(Finding {
        cause: "app-crashes",
        what: format!("the new container of the role {} on {} does not stay up", case.role(), case.machine()),
        limit: limit(case),
        why: why.to_string(),
        evidence: Some(case.log().map(str::to_string).collect::<Vec<_>>()).filter(|lines| !lines.is_empty()),
        look_at,
    })
}

pub(super) fn too_slow(case: &Case<'_>) -> Option<Finding> {
    if !waits(case) {
        return None;
    }
    let limit = limit(case);
    let seconds = limit.as_ref().map_or_else(String::new, |limit| format!(" {} seconds", limit.seconds));
    let routed = matches!(case.action(), Some(Action::Route { .. })) || case.kind() == "route";
    let mut look_at = vec!["deploy_timeout".to_string()];
    if routed {
        look_at.extend([case.key("proxy/healthcheck/path"), case.key("proxy/app_port")]);
    } else {
        look_at.push("readiness_delay".to_string());
    }
    Some(Finding {
        cause: "deploy-timeout",
        what: format!("the new container of the role {} on {} was not healthy in time", case.role(), case.machine()),
        limit,
        why: format!(
            "it was running, but not ready after{seconds}: it starts too slowly, or the check asks for the wrong thing"
        ),
        look_at,
        ..Finding::default()
    })
}

fn waits(case: &Case<'_>) -> bool {
    matches!(case.kind(), "route" | "await-healthy")
        || matches!(case.action(), Some(Action::Route { .. } | Action::AwaitHealthy { .. }))
}

/// How long the container had.
fn limit(case: &Case<'_>) -> Option<Limit> {
    let seconds = match case.action()? {
        Action::AwaitHealthy { timeout, .. } => *timeout,
        Action::Route { options, .. } => {
            let own = options.iter().find(|(name, _)| name == "deploy-timeout").and_then(|(_, value)| value.clone());
            own.and_then(|value| value.trim_end_matches('s').parse().ok()).unwrap_or(30)
        }
        _ => return None,
    };
    Some(Limit { name: "deploy_timeout".to_string(), seconds })
}

fn listens(case: &Case<'_>) -> bool {
    case.log().any(|line| port_in(line).is_some())
}

/// The port in a line that tells where an app listens: `* Listening on http://0.0.0.0:3000`.
fn port_in(line: &str) -> Option<u64> {
    let lower = line.to_lowercase();
    let at = LISTENS.iter().find_map(|words| lower.find(words).map(|at| at + words.len()))?;
    let rest = &lower[at..];
    let after =
        rest.rsplit_once(':').map(|(_, port)| port).or_else(|| rest.split_once("port ").map(|(_, port)| port))?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

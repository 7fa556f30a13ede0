//! A policy for Sextant: no container gets what would make it master of its host.

mod danger;

use serde::de::DeserializeOwned;
use sextant_sdk::{Deployment, Facts, Fault, Plan, PlannedStep, Policy, Verdict};

/// An option without dashes and its value.
type Choice = (String, Option<String>);

struct NoPrivileged;

impl Policy for NoPrivileged {
    fn review(_: &Deployment, _: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        for step in plan.steps() {
            for (name, value) in choices(&step) {
                if let Some(reason) = danger::of(&name, value.as_deref()) {
                    verdict.deny(&reason, &[step.id()]);
                }
            }
        }
        Ok(())
    }
}

/// What a step tells docker about a container.
fn choices(step: &PlannedStep) -> Vec<Choice> {
    match step.kind().as_str() {
        "start-container" | "start-accessory" => {
            let volumes: Vec<String> = detail(step, "/volumes");
            let network: Option<String> = detail(step, "/network");
            let named = |name: &'static str| move |value: String| (name.to_string(), Some(value));
            let mut choices: Vec<Choice> = volumes.into_iter().map(named("volume")).collect();
            choices.extend(network.map(named("network")));
            choices.extend(detail::<Vec<Choice>>(step, "/flags"));
            choices
        }
        "boot-proxy" | "run-proxy" => detail(step, "/container/options"),
        "run" => of_words(&detail::<Vec<String>>(step, "/words")),
        _ => Vec::new(),
    }
}

fn detail<T: DeserializeOwned + Default>(step: &PlannedStep, pointer: &str) -> T {
    step.detail(pointer).and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

/// Options among the words of a program: `--pid host`, `--pid=host`, `-v /:/host`, `-v/:/host`. Which options take a value is not known here, so
/// every word is taken for the value of the one before it too.
fn of_words(words: &[String]) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).cloned();
        if let Some(name) = word.strip_prefix("--") {
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                // `--privileged false` is privileged: the word behind it is the image.
                None => (name, next.filter(|_| name != "privileged")),
            };
            // A service of a swarm has its own words for the same: `--cap-add`, and `--mount-add` where it is updated.
            let name = name.strip_suffix("-add").filter(|name| *name != "cap" && *name != "group").unwrap_or(name);
            choices.push((name.to_string(), value));
        } else if let Some(value) = word.strip_prefix("-v") {
            let value = if value.is_empty() { next } else { Some(value.trim_start_matches('=').to_string()) };
            choices.push(("volume".to_string(), value));
        }
    }
    choices
}

sextant_sdk::export!(NoPrivileged: policy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_among_words() {
        let check = |words: &str, expected: &[&str]| {
            let words: Vec<String> = words.split(' ').map(str::to_string).collect();
            let found: Vec<String> =
                of_words(&words).iter().filter_map(|(name, value)| danger::of(name, value.as_deref())).collect();
            assert_eq!(found, expected, "{words:?}");
        };
        check("docker run --detach --name x acme/tool", &[]);
        check("docker run --privileged acme/tool", &["a privileged container is master of its host"]);
        check("docker run --privileged=false acme/tool", &[]);
        check("docker run --pid host acme/tool", &["a container with `--pid host` sees what its host does"]);
        check("docker run --pid=host acme/tool", &["a container with `--pid host` sees what its host does"]);
        check("docker run -v /:/host acme/tool", &["the volume /:/host gives the container its host"]);
        check("docker run -v/:/host acme/tool", &["the volume /:/host gives the container its host"]);
        check(
            "docker service update --mount-add type=bind,source=/run/docker.sock,target=/x web",
            &["the mount type=bind,source=/run/docker.sock,target=/x gives the container its host"],
        );
        check(
            "docker service update --cap-add NET_ADMIN web",
            &["the capability NET_ADMIN is more than a container needs"],
        );
    }
}

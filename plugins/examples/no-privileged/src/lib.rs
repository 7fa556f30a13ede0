//! A policy for Sextant: no container gets what would make it master of its host.

mod danger;

use serde::de::DeserializeOwned;
use sextant_sdk::{Deployment, Facts, Fault, Plan, Policy, Verdict};

/// An option without dashes and its value.
type Choice = (String, Option<String>);

struct NoPrivileged;

impl Policy for NoPrivileged {
    fn review(_: &Deployment, _: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        for (choices, steps) in choices(plan) {
            for (name, value) in choices {
                if let Some(reason) = danger::of(&name, value.as_deref()) {
                    verdict.deny(&reason, &steps);
                }
            }
        }
        Ok(())
    }
}

/// What steps tell docker about containers, with the numbers of the steps.
fn choices(plan: &Plan) -> Vec<(Vec<Choice>, Vec<u32>)> {
    let named = |name: &'static str| move |value: String| (name.to_string(), Some(value));
    let starting = ["start-container", "start-accessory"];
    let proxy = ["boot-proxy", "run-proxy"];
    let volumes = values::<Vec<String>>(plan, &starting, "/volumes");
    let networks = values::<String>(plan, &starting, "/network");
    let words = values::<Vec<String>>(plan, &["run"], "/words");
    let mut choices: Vec<(Vec<Choice>, Vec<u32>)> = Vec::new();
    choices.extend(volumes.map(|(volumes, steps)| (volumes.into_iter().map(named("volume")).collect(), steps)));
    choices.extend(networks.map(|(network, steps)| (vec![named("network")(network)], steps)));
    choices.extend(values(plan, &starting, "/flags"));
    choices.extend(values(plan, &proxy, "/container/options"));
    choices.extend(words.map(|(words, steps)| (of_words(&words), steps)));
    choices
}

/// The values that a pointer leads to in steps of some kinds, with the numbers of the steps.
fn values<T: DeserializeOwned>(plan: &Plan, kinds: &[&str], pointer: &str) -> impl Iterator<Item = (T, Vec<u32>)> {
    let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    let found = plan.values(&kinds, pointer).into_iter();
    found.filter_map(|(json, steps)| Some((serde_json::from_str(&json).ok()?, steps)))
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

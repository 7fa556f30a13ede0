//! What a run left on a host, as lines that do not depend on when or by whom it was left.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use fleet::Host;
use regex_lite::Regex;
use serde_json::Value;

/// Every file below root's home, but for the key that lets us in and our own bookkeeping: `FILE MODE PATH`, then its lines.
const FILES: &str = "cd /root; find . -path ./.ssh -prune -o -path ./.sextant -prune -o -type f -print | sort | while read -r file; do \
     echo \"file $(stat --format %a \"$file\") $file\"; sed 's/^/  /' \"$file\"; echo; done; \
     find . -path ./.ssh -prune -o -path ./.sextant -prune -o -type d -printf 'directory %m %p\\n' | sort";

/// Containers, images, networks, volumes, files and the proxy's routes of a host, a line per fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    lines: Vec<String>,
}

impl Snapshot {
    /// How the host is now.
    pub fn of(host: &Host) -> Self {
        let ask = |line: &str| host.sh(line).unwrap_or_else(|error| panic!("{}: {error}", host.address));
        let containers = ask("docker ps --all --quiet | xargs -r docker inspect");
        let containers: Vec<Value> = if containers.is_empty() {
            Vec::new()
        } else {
            serde_json::from_str(&containers).expect("docker inspect answers in JSON")
        };
        let mut lines: Vec<String> = containers.iter().flat_map(container).collect();
        lines.sort();
        for (kind, line) in [
            ("image", "docker image ls --format '{{.Repository}}:{{.Tag}}' | sort"),
            ("network", "docker network ls --format '{{.Name}} {{.Driver}}' | sort"),
            ("volume", "docker volume ls --quiet | sort"),
            ("route", "docker ps --quiet --filter name=^kamal-proxy$ | xargs -r -I ID docker exec ID kamal-proxy list"),
        ] {
            lines.extend(ask(line).lines().map(|fact| format!("{kind} {fact}")));
        }
        lines.extend(ask(FILES).lines().map(str::to_owned));
        let names: Vec<(String, String)> = containers.iter().map(|it| (text(&it["Id"]), text(&it["Name"]))).collect();
        Self { lines: lines.iter().map(|line| without_chance(line, &names)).collect() }
    }

    /// What only one of two hosts has: `- ` before what only the first has, `+ ` before what only the second has. A line
    /// that both have, but not equally often, counts.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let lines: BTreeSet<&String> = self.lines.iter().chain(&other.lines).collect();
        let often = |of: &Self, line: &String| of.lines.iter().filter(|it| *it == line).count();
        let sign = |line: &String| match often(self, line).cmp(&often(other, line)) {
            Ordering::Greater => Some("-"),
            Ordering::Less => Some("+"),
            Ordering::Equal => None,
        };
        lines.into_iter().filter_map(|line| sign(line).map(|sign| format!("{sign} {line}"))).collect()
    }

    /// Whether a fact of this kind was found: `container`, `image`, `network`, `volume`, `route`, `file`, `directory`.
    pub fn tells_of(&self, kind: &str) -> bool {
        self.lines.iter().any(|line| line.split(' ').next() == Some(kind))
    }
}

/// A container's settings, state and networks, flat.
fn container(inspected: &Value) -> Vec<String> {
    let name = text(&inspected["Name"]);
    let mut lines = Vec::new();
    for part in ["Config", "HostConfig", "Mounts"] {
        flatten(&format!("container {name} {part}"), &inspected[part], &mut lines);
    }
    let running = &inspected["State"]["Running"];
    lines.push(format!("container {name} running {running}"));
    for (network, settings) in inspected["NetworkSettings"]["Networks"].as_object().into_iter().flatten() {
        flatten(&format!("container {name} in network {network}"), &settings["Aliases"], &mut lines);
    }
    lines
}

fn flatten(path: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| flatten(&format!("{path}.{name}"), value, lines));
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(&format!("{path}[]"), item, lines)),
        Value::Null => {}
        scalar => lines.push(format!("{path} = {scalar}")),
    }
}

/// Takes out what is drawn by lot or told by a clock: ids, the random ends of names, times.
fn without_chance(line: &str, names: &[(String, String)]) -> String {
    let mut line = line.to_owned();
    for (id, name) in names {
        line = line.replace(id, &format!("<id of {name}>")).replace(&id[..12], &format!("<id of {name}>"));
    }
    let replacements = [
        (r"^  \[[^\]]*\]", "  [time]"),
        (r"(10\.77\.0\.\d+|app-\d|store)-[0-9a-f]{12}", "$1-<random>"),
        (r"_replaced_[0-9a-f]+", "_replaced_<random>"),
        (r"\b[0-9a-f]{64}\b", "<id>"),
    ];
    for (pattern, replacement) in replacements {
        let pattern = Regex::new(pattern).expect("the pattern is well-formed");
        line = pattern.replace_all(&line, replacement).into_owned();
    }
    line
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim_start_matches('/').to_owned()
}

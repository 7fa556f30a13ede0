//! What a run left behind, in the words of a case, and how it differs from what the case expects.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;

use crate::case::Case;
use crate::play::Played;
use crate::world::{World, is_lock_details};

/// Sections by heading.
pub type Sections = BTreeMap<String, Vec<String>>;

/// What was there at some time, for comparing with later.
pub struct Traces {
    /// Files of every host.
    files: Sections,
    calls: Vec<Call>,
    hooks: String,
    /// The words of every ssh that was started.
    ssh: Vec<String>,
}

/// A call of docker, or of another program that the cases replace.
struct Call {
    machine: String,
    words: Vec<String>,
    shown: String,
    exit: u64,
    changes: bool,
}

impl Traces {
    /// Looks at everything.
    pub fn of(world: &World) -> Self {
        let files = world.hosts().iter().map(|host| (host.clone(), files(&world.home(host)))).collect();
        let log = fs::read_to_string(world.path("calls")).unwrap_or_default();
        let calls = log.lines().filter_map(|line| serde_json::from_str(line).ok()).map(|call: Value| Call::read(&call));
        let text = |name: &str| fs::read_to_string(world.path(name)).unwrap_or_default();
        let ssh = text("ssh.log").lines().map(str::to_string).collect();
        Self { files, calls: calls.collect(), hooks: text("hooks"), ssh }
    }

    /// What changed since another look, in words; nothing must have during a rehearsal.
    pub fn changed_since(&self, before: &Self) -> Vec<String> {
        let calls = self.calls.iter().skip(before.calls.len()).filter(|call| call.changes);
        let mut changes: Vec<String> =
            calls.map(|call| format!("{} was asked: {}", call.machine, call.shown)).collect();
        let hosts = self.files.iter().filter(|(host, files)| before.files.get(*host) != Some(*files));
        changes.extend(hosts.map(|(host, _)| format!("files on {host} changed")));
        if self.hooks != before.hooks {
            changes.push("a hook script ran".to_string());
        }
        changes
    }
}

impl Call {
    fn read(call: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        Self {
            machine: text(&call["machine"]),
            words: call["argv"].as_array().into_iter().flatten().map(text).collect(),
            shown: text(&call["call"]),
            exit: call["exit"].as_u64().unwrap_or_default(),
            changes: call["changes"] == true,
        }
    }

    /// The call as a case shows it.
    fn line(&self, world: &World) -> String {
        let exit = if self.exit == 0 { String::new() } else { format!("  => {}", self.exit) };
        format!("{}{exit}", normal(&self.shown, world))
    }
}

/// What a run did to machines, for comparing with what another one did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Effects {
    /// Calls that can change something, by machine, in order.
    pub calls: Sections,
    /// Every file of every host.
    pub files: Sections,
    /// Hook scripts, in order.
    pub hooks: Vec<String>,
    /// Where terminals led, and what ran there.
    pub terminal: Vec<String>,
    /// Whether it failed in the end.
    pub failed: bool,
}

impl Effects {
    /// Everything that happened in a world since a look.
    pub fn since(before: &Traces, world: &World) -> Self {
        let after = Traces::of(world);
        let mut effects = Self::default();
        // Kamal waits in its own process, where no recording sees it.
        let seen = |call: &&Call| call.changes && call.words.first().is_none_or(|word| word != "sleep");
        for call in after.calls.iter().skip(before.calls.len()).filter(seen) {
            effects.calls.entry(call.machine.clone()).or_default().push(call.line(world));
        }
        for (host, files) in &after.files {
            effects.files.insert(host.clone(), files.iter().map(|line| normal(line, world)).collect());
        }
        let lines = |text: &str| normal(text, world).lines().map(str::to_string).collect::<Vec<_>>();
        effects.hooks = lines(&after.hooks);
        effects.terminal = lines(&fs::read_to_string(world.path("terminal")).unwrap_or_default());
        effects
    }
}

/// Everything that a case can expect, as it came out: what it names, and whatever else was touched.
pub fn sections(case: &Case, world: &World, before: &Traces, played: &Played) -> Sections {
    let after = Traces::of(world);
    let calls: Vec<&Call> = after.calls.iter().skip(before.calls.len()).filter(|call| call.changes).collect();
    let plain = |text: &str| normal(text, world);
    let mut sections = Sections::from([("exit".to_string(), vec![played.exit.clone()])]);
    for call in &calls {
        sections.entry(format!("calls {}", call.machine)).or_default().push(call.line(world));
    }
    for (host, files) in &after.files {
        let heading = format!("files {host}");
        if before.files.get(host) != Some(files) || case.expected.contains_key(&heading) {
            sections.insert(heading, files.iter().map(|line| plain(line)).collect());
        }
    }
    let lines = |text: &str| plain(text).trim_end().lines().map(|line| line.trim_end().to_string()).collect::<Vec<_>>();
    if !after.hooks.is_empty() {
        sections.insert("hooks".to_string(), lines(&after.hooks));
    }
    let global: Vec<String> = calls.iter().map(|call| format!("{} {}", call.machine, plain(&call.shown))).collect();
    for (heading, expected) in &case.expected {
        let found = match heading.as_str() {
            "stdout" => lines(&played.stdout),
            "stderr" => lines(&played.stderr),
            "stdout has" => present(expected, &lines(&played.stdout)),
            "stderr has" => present(expected, &lines(&played.stderr)),
            "connection" => {
                let settings = fs::read_to_string(world.path("connection")).unwrap_or_default();
                lines(&settings).into_iter().collect::<BTreeSet<_>>().into_iter().collect()
            }
            "ssh" => after.ssh[before.ssh.len()..].to_vec(),
            "order" => in_order(expected, &global),
            heading => match heading.strip_prefix("containers ") {
                Some(host) => containers(world, host).iter().map(|line| plain(line)).collect(),
                None => continue,
            },
        };
        sections.insert(heading.clone(), found);
    }
    sections
}

/// The differences, section by section; empty when all is as it should be.
pub fn differences(expected: &Sections, found: &Sections) -> String {
    let headings: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let none = Vec::new();
    let mut text = String::new();
    for heading in headings {
        let (expected, found) = (expected.get(heading).unwrap_or(&none), found.get(heading).unwrap_or(&none));
        if expected != found {
            text.push_str(&format!("{heading}\n{}", compared(expected, found)));
        }
    }
    text
}

/// Places where a secret can be seen, in words.
pub fn leaks(world: &World, played: &[&Played]) -> Vec<String> {
    let mut places: Vec<(String, String)> = Vec::new();
    for played in played {
        places.push(("standard output".to_string(), played.stdout.clone()));
        places.push(("standard error".to_string(), played.stderr.clone()));
    }
    let traces = Traces::of(world);
    places.push(("the arguments of ssh".to_string(), traces.ssh.join("\n")));
    for call in &traces.calls {
        places.push((format!("the arguments of a call on {}", call.machine), call.words.join(" ")));
    }
    for (host, files) in &traces.files {
        let logs = files.iter().filter(|line| line.trim_start().starts_with('['));
        places.push((format!("the audit log of {host}"), logs.cloned().collect()));
    }
    let escaped = |secret: &String| secret.replace('\\', "\\\\").replace('"', "\\\"");
    // Shorter ones are part of any line.
    let secrets = world.secrets.values().filter(|secret| secret.len() >= 5);
    let shapes: Vec<String> = secrets.flat_map(|secret| [secret.clone(), escaped(secret)]).collect();
    let seen = |text: &str| shapes.iter().any(|shape| text.contains(shape.as_str()));
    places
        .into_iter()
        .filter(|(_, text)| seen(text))
        .map(|(place, text)| format!("a secret stands in {place}: {text}"))
        .collect()
}

/// The expected lines that are part of some line that came out, in this order; others are marked.
fn present(expected: &[String], found: &[String]) -> Vec<String> {
    let mut rest = found.iter();
    let mark = |line: &String| {
        if rest.any(|found| found.contains(line.as_str())) { line.clone() } else { format!("(missing) {line}") }
    };
    let marked: Vec<String> = expected.iter().map(mark).collect();
    match marked == expected {
        true => marked,
        false => marked.into_iter().chain(found.iter().map(|line| format!("(found) {line}"))).collect(),
    }
}

/// The expected calls that came one after the other, whatever came between.
fn in_order(expected: &[String], calls: &[String]) -> Vec<String> {
    present(expected, calls)
}

fn containers(world: &World, host: &str) -> Vec<String> {
    let text = fs::read_to_string(world.path(&format!("state/{host}.json"))).unwrap_or_default();
    let state: Value = serde_json::from_str(&text).unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let line = |container: &Value| {
        format!("{} {} {}", word(&container["state"]), word(&container["name"]), word(&container["image"]))
    };
    state["containers"].as_array().into_iter().flatten().map(line).collect()
}

/// Every file below a home with its mode and its lines, but for our own bookkeeping; folders only where they are empty.
fn files(home: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    list(home, home, &mut lines);
    lines
}

fn list(home: &Path, folder: &Path, lines: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let mode = fs::metadata(&path).map_or(0, |metadata| metadata.permissions().mode() & 0o7777);
        let shown = path.strip_prefix(home).unwrap_or(&path).display().to_string();
        if shown == ".sextant" {
            continue;
        }
        if path.is_dir() {
            if fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none()) {
                lines.push(format!("{mode:04o} {shown}/"));
            }
            list(home, &path, lines);
            continue;
        }
        lines.push(format!("{mode:04o} {shown}"));
        let text = if is_lock_details(&shown) { decoded(&path) } else { fs::read_to_string(&path).unwrap_or_default() };
        match text.as_str() {
            "" => lines.push("  (nothing)".to_string()),
            "\n" => lines.push("  (one empty line)".to_string()),
            text => lines.extend(text.lines().map(|line| format!("  {line}"))),
        }
    }
}

fn decoded(path: &Path) -> String {
    let output = Command::new("base64").arg("-d").arg(path).output();
    output.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The text without what differs from run to run.
fn normal(text: &str, world: &World) -> String {
    static CHANGING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let pairs = [
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "T"),
            (r"_replaced_[0-9a-f]{16}", "_replaced_X"),
            (r"(--hostname \S+?)-[0-9a-f]{12}\b", "$1-X"),
            (r"-exec-([\w.-]+)-[0-9a-f]{6}\b", "-exec-$1-X"),
            (r"\bcommit [0-9a-f]{7}\b", "commit C"),
            (r"KAMAL_RUNTIME=\d+", "KAMAL_RUNTIME=N"),
            (r"\d+\.\d+ s\b", "N s"),
            (r"\d+\.\d+ seconds\b", "N seconds"),
        ];
        pairs.into_iter().filter_map(|(pattern, by)| Some((Regex::new(pattern).ok()?, by))).collect()
    });
    let mut text = text.to_string();
    for host in world.hosts() {
        text = text.replace(&world.home(host).display().to_string(), "$PWD");
    }
    text = text.replace(&world.path("").display().to_string(), "$CASE/");
    CHANGING.iter().fold(text, |text, (pattern, by)| pattern.replace_all(&text, *by).into_owned())
}

/// Both lists as one, common lines once: `-` is expected and missing, `+` came out and was not expected.
pub fn compared(expected: &[String], found: &[String]) -> String {
    // How many lines the two ends have in common, from each pair of places on.
    let mut common = vec![vec![0usize; found.len() + 1]; expected.len() + 1];
    for left in (0..expected.len()).rev() {
        for right in (0..found.len()).rev() {
            common[left][right] = match expected[left] == found[right] {
                true => common[left + 1][right + 1] + 1,
                false => common[left + 1][right].max(common[left][right + 1]),
            };
        }
    }
    let (mut left, mut right, mut text) = (0, 0, String::new());
    while left < expected.len() || right < found.len() {
        let (mark, line) = if left < expected.len() && right < found.len() && expected[left] == found[right] {
            (left, right) = (left + 1, right + 1);
            (' ', &expected[left - 1])
        } else if right == found.len() || left < expected.len() && common[left + 1][right] >= common[left][right + 1] {
            left += 1;
            ('-', &expected[left - 1])
        } else {
            right += 1;
            ('+', &found[right - 1])
        };
        text.push_str(&format!("  {mark} {line}\n"));
    }
    text
}

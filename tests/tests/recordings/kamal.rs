//! Plays what Kamal did, line by line as it was recorded.
//!
//! `HOST $ LINE` ran in a shell of that host, `local $ LINE` in one of the operator's, `terminal $ LINE` too, with a terminal;
//! `HOST > MODE PATH` is an uploaded file, with its lines below or `from` the project.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;

use tests::case::Case;
use tests::play;
use tests::world::World;

/// What a container that was just started was called when the runs were recorded.
const RECORDED_ID: &str = "c0ffee123456";

/// What the project's commit was called when the runs were recorded: no other word has 40 hexadecimal digits.
static COMMIT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[0-9a-f]{40}\b").expect("a pattern"));

/// Plays everything that was recorded.
pub fn play(case: &Case, world: &World) -> Result<(), String> {
    // The container that each host was asked for last.
    let mut last = BTreeMap::new();
    let commit = commit(&world.path("project"));
    for (heading, below) in entries(&case.recorded)? {
        if let Some((machine, upload)) = heading.split_once(" > ").filter(|(machine, _)| !machine.contains(' ')) {
            receive(&world.home(machine), &world.path("project"), upload, &below)?;
            continue;
        }
        let (machine, first) = heading.split_once(" $ ").ok_or_else(|| format!("`{heading}` is no recorded line"))?;
        let mut line = [vec![first.to_string()], below].concat().join("\n");
        line = COMMIT.replace_all(&line, &*commit).into_owned();
        if let Some(name) = container(&line) {
            last.insert(machine.to_string(), name);
        }
        if line.contains(RECORDED_ID) {
            line = line.replace(RECORDED_ID, &id(world, machine, last.get(machine)));
        }
        run(case, world, machine, &line);
    }
    Ok(())
}

/// Headings with the lines below them.
fn entries(recorded: &[String]) -> Result<Vec<(String, Vec<String>)>, String> {
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    for line in recorded {
        match (line.strip_prefix("  "), entries.last_mut()) {
            (Some(line), Some((_, below))) => below.push(line.to_string()),
            (None, Some((_, below))) if line.is_empty() => below.push(String::new()),
            (None, _) => entries.push((line.clone(), Vec::new())),
            (Some(line), None) => return Err(format!("`{line}` stands below nothing")),
        }
    }
    Ok(entries)
}

fn run(case: &Case, world: &World, machine: &str, line: &str) {
    let mut shell = match machine {
        "local" | "terminal" => {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", line]).current_dir(world.path("project"));
            shell.env_clear().envs(play::environment(case, world));
            shell
        }
        host => {
            let mut shell = Command::new(world.home(host).with_file_name("enter"));
            shell.env_clear().env("HOME", world.home(host)).env("SSH_ORIGINAL_COMMAND", line);
            shell
        }
    };
    // Many of them fail, and Kamal knows what to make of that.
    let _ = shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// What the project's commit is called here.
fn commit(project: &Path) -> String {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(project).output().expect("git runs");
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

/// The container that a line starts or asks for.
fn container(line: &str) -> Option<String> {
    static NAMED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"docker run .*?--name (\S+)|'name=\^([^$]+)\$' --quiet$").expect("a pattern"));
    let found = NAMED.captures(line)?;
    found.get(1).or(found.get(2)).map(|name| name.as_str().to_string())
}

/// The short id of a container here.
fn id(world: &World, machine: &str, name: Option<&String>) -> String {
    let text = fs::read_to_string(world.path(&format!("state/{machine}.json"))).unwrap_or_default();
    let state: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut containers = state["containers"].as_array().into_iter().flatten();
    let found = containers.find(|container| name.is_some_and(|name| container["name"] == name.as_str()));
    found
        .and_then(|container| container["id"].as_str())
        .map_or_else(|| RECORDED_ID.to_string(), |id| id[..12].to_string())
}

/// `0600 PATH`, `0644 PATH from FILE`, `0644 PATH without-newline`.
fn receive(home: &Path, project: &Path, upload: &str, below: &[String]) -> Result<(), String> {
    let words: Vec<&str> = upload.split(' ').collect();
    let text = below.iter().map(|line| format!("{line}\n")).collect::<String>();
    let (mode, path, content) = match words.as_slice() {
        [mode, path] => (mode, path, text),
        [mode, path, "without-newline"] => (mode, path, text.trim_end_matches('\n').to_string()),
        [mode, path, "from", file] => {
            (mode, path, fs::read_to_string(project.join(file)).map_err(|error| format!("{file}: {error}"))?)
        }
        _ => return Err(format!("`{upload}` is no upload")),
    };
    let mode = u32::from_str_radix(mode, 8).map_err(|_| format!("`{upload}` has no mode"))?;
    let path = home.join(path);
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(home))?;
        fs::write(&path, &content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
    };
    write().map_err(|error| format!("{}: {error}", path.display()))
}

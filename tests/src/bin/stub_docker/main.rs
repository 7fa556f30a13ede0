//! A docker that only remembers: the cases put it on the PATH of their hosts and of the operator.
//!
//! What a machine has stands in `$STUB_STATE` (JSON), and every call is one line of `$STUB_LOG`. It refuses what docker would refuse
//! (a name that is taken, a container that still runs, an image that is not there), so that a wrong order of calls is noticed. What
//! it reads from standard input, a registry's password, it compares and forgets.

mod docker;
mod template;
mod words;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use docker::{Docker, Rule};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let state = PathBuf::from(variable("STUB_STATE"));
    let lock = File::create(state.with_extension("lock")).expect("the state can be locked");
    lock.lock().expect("the state can be locked");
    let mut docker = read(&state);
    docker.start_what_was_started();
    if docker.rule(&words).is_some_and(|rule| rule.hold) {
        lock.unlock().expect("the state can be unlocked");
        wait_for_go();
        lock.lock().expect("the state can be locked");
        docker = read(&state);
    }
    let call = docker.shown(&words);
    let told = docker.rule(&words).and_then(Rule::answer);
    let (exit, stdout, stderr) = told.unwrap_or_else(|| docker.answer(&words));
    log(&json!({
        "machine": variable("STUB_MACHINE"), "argv": words, "call": call, "exit": exit, "changes": changes(&words),
    }));
    let text = serde_json::to_string(&docker).expect("the state is JSON");
    std::fs::write(&state, text).expect("the state can be written");
    write_lines(&mut std::io::stdout(), &stdout);
    write_lines(&mut std::io::stderr(), &stderr);
    ExitCode::from(exit)
}

fn read(state: &Path) -> Docker {
    match std::fs::read_to_string(state) {
        Ok(text) => serde_json::from_str(&text).expect("the state is JSON of ours"),
        Err(_) => Docker::default(),
    }
}

/// Whether the call is of a kind that changes something, even if it failed.
fn changes(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let looks = matches!(
        words.as_slice(),
        ["container" | "image" | "network" | "buildx" | "context", "ls" | "list" | "inspect" | "version", ..]
            | ["exec", "kamal-proxy", "kamal-proxy", "list", ..]
            | ["info" | "ps" | "inspect" | "logs" | "version" | "--version" | "-v", ..]
    );
    !looks
}

fn wait_for_go() {
    let case = PathBuf::from(variable("CASE"));
    std::fs::write(case.join("held"), "").expect("the case's folder can be written");
    // A case that is over leaves nobody waiting.
    while case.exists() && !case.join("go").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// Appends a line at once, so that lines of several processes stay whole.
fn log(line: &Value) {
    let mut file =
        OpenOptions::new().create(true).append(true).open(variable("STUB_LOG")).expect("the log can be written");
    file.write_all(format!("{line}\n").as_bytes()).expect("the log can be written");
}

fn write_lines(to: &mut impl Write, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(to, "{}", text.trim_end_matches('\n'));
    }
}

//! No secret shows in a process list or in anything that is printed or written for people.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crate::scene::Scene;

/// What `.kamal/secrets` of the sample project plants.
const TOKEN: &str = "planted-token-8c41f7";

#[test]
fn no_secret_shows_in_a_process_list_or_in_what_is_printed_or_logged() {
    let Some(scene) = Scene::deployed() else { return };
    let fleet = &scene.fleet;
    let password = fleet.registry().password;
    assert!(fs::read_to_string(scene.project.path().join(".kamal/secrets")).unwrap().contains(TOKEN));
    fleet.hosts().iter().for_each(|host| host.forget_login().unwrap());

    let version = scene.commit("secret");
    let watch = Watch::start();
    let mut texts = Vec::new();
    for words in [
        &["plan", "--verbose"][..],
        &["plan", "--output", "json"],
        &["plan", "setup", "--verbose"],
        &["deploy", "--dry-run", "--verbose"],
        &["deploy", "--verbose"],
        &["config"],
        &["app", "details", "--verbose"],
        &["accessory", "details", "all"],
    ] {
        texts.push((words.join(" "), scene.sextant(words).succeeded().said()));
    }
    let again = ["redeploy", "--skip-push", "--output", "json"];
    texts.push((again.join(" "), scene.sextant(&again).succeeded().said()));
    let processes = watch.finish();

    // What must have been seen, if the watch is any good: a login on the hosts, and the registry's name in it.
    let login = |line: &&String| line.contains("docker login") && line.contains(&fleet.registry().address);
    assert!(processes.iter().any(|line| login(&line)), "the watch saw no login: {processes:#?}");
    texts.push(("process list".into(), processes.into_iter().collect::<Vec<_>>().join("\n")));
    for host in fleet.hosts() {
        let written = host.sh("cat .kamal/*-audit.log").expect("there is an audit log");
        assert!(written.contains("Pruned"), "no audit log on {}: {written}", host.address);
        texts.push((format!("audit log of {}", host.address), written));
    }
    for (place, text) in &texts {
        for secret in [&password, TOKEN] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "a secret shows in `{place}`");
        }
    }
    scene.leave(&version);
}

#[test]
fn the_watch_over_processes_sees_a_secret_in_an_argument() {
    let watch = Watch::start();
    std::process::Command::new("sleep").args(["0.1", "0.0"]).status().unwrap();
    assert!(watch.finish().contains("sleep 0.1 0.0"));
}

/// Looks at the arguments of every process, those of the hosts and their containers included, again and again.
struct Watch {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<BTreeSet<String>>,
}

impl Watch {
    fn start() -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let seen_enough = Arc::clone(&enough);
        let thread = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !seen_enough.load(Ordering::Relaxed) {
                seen.extend(command_lines());
            }
            seen
        });
        Self { enough, thread }
    }

    fn finish(self) -> BTreeSet<String> {
        self.enough.store(true, Ordering::Relaxed);
        self.thread.join().expect("watching does not panic")
    }
}

fn command_lines() -> impl Iterator<Item = String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = processes.filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit());
    let arguments = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let lines = arguments.map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\0').replace('\0', " "));
    lines.filter(|line| !line.is_empty())
}

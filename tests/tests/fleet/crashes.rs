//! The client is ended at every moment of a deploy; whoever goes on ends where an undisturbed run ends.
//!
//! A few moments in every run; all of them, with every signal and every way on, with `SEXTANT_CRASHES=all`. That takes an hour: with a
//! number instead, as many of them as were seen before are left out.

use std::time::Duration;

use fleet::{Host, Kamal, Project};
use rustix::process::Signal;

use crate::deploys::assert_all_answered;
use crate::programs;
use crate::scene::{self, Scene, Version};

/// Moments of a deploy: what the program has just told when it is ended. Before and after each phase.
const MOMENTS: [(&str, &[&str]); 11] = [
    ("looking", &["\"event\":\"observed\""]),
    ("planned", &["\"event\":\"planned\""]),
    ("building", &["step-began", "build "]),
    ("pulling", &["step-began", "pull "]),
    ("pulled", &["step-ended", "service's label"]),
    ("locked", &["took-lock"]),
    ("starting", &["step-began", "start container"]),
    ("routing", &["step-began", "route requests"]),
    ("routed", &["step-ended", "route requests"]),
    ("tagging", &["\"event\":\"stage\"", "Tag the image"]),
    ("unlocked", &["released-lock"]),
];

/// Ways on.
#[derive(Debug, Clone, Copy)]
enum Way {
    Resume,
    ResumeElsewhere,
    Again,
    Kamal,
}

#[test]
fn whoever_goes_on_after_a_crash_ends_where_an_undisturbed_run_ends() {
    let seen = std::env::var("SEXTANT_CRASHES").ok().map(|value| value.parse().unwrap_or(0));
    let signals = [Signal::KILL, Signal::TERM, Signal::INT];
    let some = [
        ("pulling", Signal::KILL, Way::Again),
        ("starting", Signal::KILL, Way::Resume),
        ("routing", Signal::KILL, Way::Kamal),
        ("routed", Signal::KILL, Way::ResumeElsewhere),
        ("routing", Signal::TERM, Way::Again),
        ("locked", Signal::INT, Way::Resume),
    ];
    // Every moment with every signal comes once before one comes again with another way on.
    let every = || {
        let ways = [Way::Resume, Way::ResumeElsewhere, Way::Again, Way::Kamal];
        let ends = || MOMENTS.iter().flat_map(|(moment, _)| signals.map(|signal| (*moment, signal))).enumerate();
        let turn = move |turn: usize| ends().map(move |(at, (moment, signal))| (moment, signal, ways[(at + turn) % 4]));
        (0..ways.len()).flat_map(turn)
    };
    let crashes: Vec<(&str, Signal, Way)> = seen.map_or(some.into(), |seen| every().skip(seen).collect());
    for (moment, signal, way) in crashes {
        let Some(scene) = Scene::deployed() else { return };
        crash(&scene, moment, signal, way);
    }
}

fn crash(scene: &Scene, moment: &str, signal: Signal, way: Way) {
    let told = MOMENTS.iter().find(|(name, _)| *name == moment).expect("the moment is in the list").1;
    let version = scene.commit("crashed");
    let load = scene.fleet.load("/version");
    let mut deploy = scene.start_sextant(&["deploy"]);
    deploy.await_line(told);
    deploy.signal(signal);
    let ended = deploy.end();
    tell(&format!("{moment}, {signal:?}, {way:?}: ended with {:?}", ended.code));
    go_on(scene, way);
    assert_all_answered(&load.finish());
    for host in scene.fleet.app_hosts() {
        assert_undisturbed(scene, host, &version);
    }
    scene.assert_serves(&version.name);
    scene.assert_no_lock();
    scene.leave(&version);
}

fn go_on(scene: &Scene, way: Way) {
    match way {
        Way::Resume => {
            scene.sextant(&["resume"]).succeeded();
        }
        Way::ResumeElsewhere => {
            // The same project on a machine that knows nothing of the run.
            let state = tempfile::tempdir().expect("a folder can be made");
            let mut command = scene.sextant_command(&["resume"]);
            let resumed = programs::run(command.env("XDG_STATE_HOME", state.path())).succeeded();
            // What ended before anything was locked left nothing behind.
            if resumed.said().contains("Nothing to resume") {
                scene.sextant(&["deploy"]).succeeded();
            }
        }
        Way::Again => {
            scene.sextant(&["deploy"]).succeeded();
        }
        Way::Kamal => {
            let kamal = match Kamal::install(&scene.fleet, |_| ()) {
                Ok(kamal) => kamal,
                Err(error) => return scene::skip(&error.to_string()),
            };
            // Kamal does not wait for a lock; ours is gone once its lease has run out.
            let primary = &scene.fleet.app_hosts()[0];
            let is_free = || primary.exec("ls -d .kamal/lock-*").is_ok_and(|output| output.code != 0);
            let free = (0..120).any(|_| {
                std::thread::sleep(Duration::from_millis(250));
                is_free()
            });
            assert!(free, "the lock of a run that is gone stays");
            let project: &Project = &scene.project;
            programs::run(kamal.command(&scene.fleet).arg("deploy").current_dir(project.path())).succeeded();
        }
    }
}

/// One container of the version runs, alone, requests go to it, and its image is the latest one.
fn assert_undisturbed(scene: &Scene, host: &Host, version: &Version) {
    let ask = |line: &str| host.sh(line).unwrap_or_else(|error| panic!("{}: {error}", host.address));
    let running = ask("docker ps --filter label=service=sample --filter label=role=web --format '{{.Names}}'");
    assert_eq!(running, format!("sample-web-{}", version.commit), "what runs on {}", host.address);
    let tagged = ask(&format!("docker image inspect --format '{{{{.Id}}}}' {}", scene.image("latest")));
    let deployed = ask(&format!("docker image inspect --format '{{{{.Id}}}}' {}", scene.image(&version.commit)));
    assert_eq!(tagged, deployed, "the latest image on {}", host.address);
}

#[test]
fn a_deploy_to_some_hosts_and_one_to_all_exclude_each_other() {
    let Some(scene) = Scene::deployed() else { return };
    let [primary, other] = scene.fleet.app_hosts() else { panic!("the fleet has two app hosts") };
    let details = "Locked by: Somebody Else at 2026-11-22T03:00:00Z\nVersion: 1234567\nMessage: Automatic deploy lock";
    let line = "mkdir -p .kamal/lock-sample && base64 > .kamal/lock-sample/details";
    primary.exec_with_input(line, details.as_bytes()).unwrap();
    let words = ["redeploy", "-P", "--version", &scene.serving.commit, "-h", &other.address];
    scene.sextant(&words).ended_with(1).telling(&[&primary.address, "Somebody Else", "hint:"]);
    scene.sextant(&["lock", "release"]).succeeded();
    scene.sextant(&words).succeeded();
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn abort_puts_back_what_ran_before() {
    let Some(scene) = Scene::deployed() else { return };
    scene.commit("aborted");
    let load = scene.fleet.load("/version");
    let mut deploy = scene.start_sextant(&["deploy"]);
    deploy.await_line(&["step-ended", "route requests"]);
    deploy.signal(Signal::KILL);
    deploy.end();
    // The host finishes what it was sent; nothing is sent any more.
    scene.sextant(&["abort"]).succeeded().telling(&["the image was pushed: it stays in the registry"]);
    assert_all_answered(&load.finish());
    for host in scene.fleet.app_hosts() {
        assert_undisturbed(&scene, host, &scene.serving);
    }
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[allow(clippy::print_stdout)] // the test's own talk, shown when it fails
fn tell(line: &str) {
    println!("{line}");
}

//! What a test starts from: the fleet, the sample project, and the app on the hosts or not.
//!
//! Setting the app up takes longer than most tests. So a test that leaves it running in good order leaves it to the next
//! one, which looks before it believes that.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use fleet::{Fleet, Host, Project};

use crate::programs::{self, Run, Running};

/// The fleet, ours until this is dropped, and the project to deploy.
pub struct Scene {
    pub fleet: Fleet,
    pub project: Project,
    /// The version that the app hosts serve; an empty one on bare hosts.
    pub serving: Version,
    /// The newest run of earlier scenes.
    last_run: Option<String>,
}

/// A version of the app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// What the app answers.
    pub name: String,
    /// What images and containers are tagged with.
    pub commit: String,
}

impl Scene {
    /// Hosts with nothing on them; nothing, after telling why, when this machine cannot carry the fleet.
    pub fn bare() -> Option<Self> {
        let scene = Self::enter()?;
        scene.fleet.reset().expect("the fleet can be reset");
        Some(scene)
    }

    /// Hosts that serve a version of the app that Sextant deployed.
    pub fn deployed() -> Option<Self> {
        let mut scene = Self::enter()?;
        let left = fs::read_to_string(marker(&scene.fleet)).unwrap_or_default();
        let _ = fs::remove_file(marker(&scene.fleet));
        if let Some((name, commit)) = left.split_once(' ') {
            scene.serving = Version { name: name.to_owned(), commit: commit.to_owned() };
            if scene.is_in_order() {
                return Some(scene);
            }
        }
        scene.fleet.reset().expect("the fleet can be reset");
        let version = scene.commit("initial");
        scene.sextant(&["setup"]).succeeded();
        scene.serving = version;
        Some(scene)
    }

    fn enter() -> Option<Self> {
        let fleet = match Fleet::up(tell) {
            Ok(fleet) => fleet,
            Err(error) => {
                let reason = error.skip_reason().unwrap_or_else(|| panic!("the fleet is broken: {error}"));
                skip(&reason);
                return None;
            }
        };
        let project = fleet.project(&fleet.directory().join("tests")).expect("the project can be laid out");
        let mut scene = Self { fleet, project, serving: Version::default(), last_run: None };
        scene.commit("initial");
        scene.last_run = scene.runs().into_iter().next().map(|(name, _)| name);
        Some(scene)
    }

    /// Leaves the hosts to the next test as they are now: serving this version. What was done here can be planned again as it was.
    #[track_caller]
    pub fn leave(&self, serving: &Version) {
        self.assert_replays();
        let text = format!("{} {}", serving.name, serving.commit);
        fs::write(marker(&self.fleet), text).expect("the fleet's directory can be written");
    }

    /// Leaves the hosts to the next test serving what they served at first.
    #[track_caller]
    pub fn leave_as_found(&self) {
        self.leave(&self.serving);
    }

    fn is_in_order(&self) -> bool {
        let runs = format!("docker ps --format '{{{{.Names}}}}' | grep -qx sample-web-{}", self.serving.commit);
        let serves = |host: &Host| {
            host.get("/version").is_ok_and(|version| version == self.serving.name) && host.sh(&runs).is_ok()
        };
        let is_free = |host: &Host| host.exec("ls -d .kamal/lock-*").is_ok_and(|output| output.code != 0);
        let stored = self.fleet.accessory_host().sh("docker ps --quiet --filter name=^sample-store$");
        self.fleet.app_hosts().iter().all(serves)
            && self.fleet.hosts().iter().all(is_free)
            && stored.is_ok_and(|id| !id.is_empty())
    }

    /// Commits a version that nobody has seen before.
    pub fn commit(&self, name: &str) -> Version {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{name}-{}", now.as_micros() % 1_000_000_000_000);
        let commit = self.project.commit(&name).expect("git can commit");
        Version { name, commit }
    }

    /// `sextant`, as the operator would start it in the project.
    pub fn sextant_command(&self, words: &[&str]) -> Command {
        let mut command = self.fleet.command(tests::sextant());
        command.args(words).current_dir(self.project.path());
        command
    }

    /// Runs `sextant` to its end.
    #[track_caller]
    pub fn sextant(&self, words: &[&str]) -> Run {
        programs::run(&mut self.sextant_command(words))
    }

    /// Starts `sextant` with its events on stdout.
    #[track_caller]
    pub fn start_sextant(&self, words: &[&str]) -> Running {
        programs::start(self.sextant_command(words).args(["--output", "json"]))
    }

    /// Panics unless every run of this scene that came to a plan is planned again as it was.
    #[track_caller]
    fn assert_replays(&self) {
        let planned =
            self.runs().into_iter().take_while(|run| self.last_run.as_ref() != Some(&run.0)).filter(|run| run.1);
        for (name, _) in planned {
            self.sextant(&["replay", &name]).succeeded();
        }
    }

    /// The runs that this machine knows, the newest first, and whether each came to a plan.
    fn runs(&self) -> Vec<(String, bool)> {
        let history = self.sextant(&["history", "--output", "json"]).succeeded();
        let runs: Vec<serde_json::Value> = serde_json::from_str(&history.stdout).expect("history tells JSON");
        runs.iter().map(|run| (run["run"].as_str().unwrap_or_default().to_string(), !run["plan"].is_null())).collect()
    }

    /// Panics unless both app hosts serve this version.
    #[track_caller]
    pub fn assert_serves(&self, name: &str) {
        for host in self.fleet.app_hosts() {
            assert_eq!(host.get("/version").as_deref(), Ok(name), "{} serves another version", host.address);
        }
    }

    /// Panics if a host holds a deploy lock.
    #[track_caller]
    pub fn assert_no_lock(&self) {
        for host in self.fleet.hosts() {
            let found = host.exec("ls -d .kamal/lock-* 2>/dev/null").expect("the host is up").stdout;
            assert_eq!(found, "", "a lock was left on {}", host.address);
        }
    }

    /// The name of an image of the app.
    pub fn image(&self, tag: &str) -> String {
        format!("{}/fleet/sample:{tag}", self.fleet.registry().address)
    }
}

/// Where a test says what the hosts serve.
fn marker(fleet: &Fleet) -> PathBuf {
    fleet.directory().join("serving")
}

/// Says why a test does not run, or fails where nothing may be skipped.
pub fn skip(reason: &str) {
    assert!(
        std::env::var_os("SEXTANT_NO_SKIP").is_none_or(|value| value != "1"),
        "nothing may be skipped, and {reason}"
    );
    tell(&format!("skipped: {reason}"));
}

#[allow(clippy::print_stdout)] // the test's own talk, shown when it fails
fn tell(line: &str) {
    println!("{line}");
}

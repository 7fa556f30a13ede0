//! Three ways to deploy the same version to the same two hosts.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use fleet::{Fleet, Host, Kamal, Project};

use crate::programs::time;

/// What the hand-written script does on each host.
const SCRIPT: &str = include_str!("floor.sh");

/// Everything that is timed, ready to go.
pub struct Contenders<'a> {
    pub fleet: &'a Fleet,
    pub project: &'a Project,
    pub sextant: PathBuf,
    pub kamal: Kamal,
    /// The commit that is deployed again and again.
    pub version: String,
}

impl Contenders<'_> {
    pub fn sextant(&self, words: &[&str]) -> anyhow::Result<Duration> {
        time(self.fleet.command(&self.sextant).args(words).current_dir(self.project.path()))
    }

    pub fn kamal(&self, words: &[&str]) -> anyhow::Result<Duration> {
        time(self.kamal.command(self.fleet).args(words).current_dir(self.project.path()))
    }

    /// Runs the script on both hosts at once, over one fresh connection each.
    pub fn script(&self) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let running: Vec<Child> =
            self.fleet.app_hosts().iter().map(|host| self.start_script(host)).collect::<Result<_, _>>()?;
        for child in running {
            let output = child.wait_with_output()?;
            if !output.status.success() {
                bail!("the script ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
            }
        }
        Ok(start.elapsed())
    }

    fn start_script(&self, host: &Host) -> anyhow::Result<Child> {
        let registry = self.fleet.registry();
        let script = SCRIPT
            .replace("@HOST@", &host.address)
            .replace("@VERSION@", &self.version)
            .replace("@REGISTRY@", &registry.address)
            .replace("@USERNAME@", &registry.username)
            .replace("@PASSWORD@", &registry.password);
        let mut ssh = Command::new("ssh");
        ssh.args([
            "-F",
            "none",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            "LogLevel=ERROR",
            "-i",
        ]);
        ssh.arg(self.fleet.private_key()).arg(format!("root@{}", host.address)).args(["sh", "-s"]);
        let mut child = ssh
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("could not start ssh")?;
        child.stdin.take().context("ssh has no stdin")?.write_all(script.as_bytes())?;
        Ok(child)
    }
}

//! `cargo xtask demo`: set up the sample app, deploy its next version while requests keep coming, and say what happened.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, bail};
use fleet::{Fleet, Project};

use crate::install;
use crate::programs::{strong, tell};
use crate::summary::{HostSummary, Summary};

const BEFORE: &str = "first";
const AFTER: &str = "second";

/// Runs the demo; an error when the deploy broke one of the promises it is to show.
pub fn run() -> anyhow::Result<()> {
    let sextant = install::sextant()?;
    let fleet = Fleet::up(tell)?;
    fleet.reset()?;
    let project = fleet.project(&fleet.directory().join("demo"))?;
    project.commit(BEFORE)?;

    tell("\nTwo app hosts and an accessory's host, all bare. What would a first deploy do?");
    act(&fleet, &project, &sextant, &["plan", "setup"])?;
    tell("\nNow for real.");
    let setup = act(&fleet, &project, &sextant, &["setup"])?;
    tell(&format!("\nThe app's next version is `{AFTER}`. From here on, requests keep coming to both hosts."));
    project.commit(AFTER)?;
    fleet.hosts().iter().try_for_each(fleet::Host::reset_ssh_counts)?;
    let load = fleet.load("/version");
    let deployed = act(&fleet, &project, &sextant, &["deploy"]);
    let load = load.finish();
    let deploy = deployed?;

    let hosts = fleet.hosts().iter().map(|host| HostSummary {
        address: host.address.clone(),
        serves: load
            .hosts
            .iter()
            .any(|seen| seen.address == host.address)
            .then(|| host.get("/version").unwrap_or_else(|e| e)),
        connections: host.ssh_connections(),
        sessions: host.ssh_sessions(),
    });
    let summary = Summary { expected: AFTER.into(), hosts: hosts.collect(), load, setup, deploy };
    println!("\n{}\n{summary}", strong("What happened during the deploy"));
    println!("\nThe fleet stays up: http://{}/version and http://{}/version", fleet::APP_HOSTS[0], fleet::APP_HOSTS[1]);
    println!("Look around with `cargo xtask fleet exec app-1 'docker ps'`; clean up with `cargo xtask demo --down`.");
    let broken = summary.broken_promises();
    if !broken.is_empty() {
        bail!("{}", broken.join("; "));
    }
    Ok(())
}

/// Stops what a demo left running.
pub fn down() -> anyhow::Result<()> {
    Fleet::down(tell)?;
    tell("the fleet is down");
    Ok(())
}

/// Runs one subcommand in front of the audience and returns how many seconds it took.
fn act(fleet: &Fleet, project: &Project, sextant: &Path, words: &[&str]) -> anyhow::Result<f64> {
    tell(&format!("\n{}", strong(&format!("$ sextant {}", words.join(" ")))));
    let start = Instant::now();
    let mut command = fleet.command(sextant);
    let mut child = command.args(words).current_dir(project.path()).stderr(Stdio::piped()).spawn()?;
    let stderr = child.stderr.take().context("sextant has no stderr")?;
    let mut built = Vec::new();
    for line in BufReader::new(stderr).lines() {
        let line = line?;
        // Dozens of lines from docker's builder: nobody came for those, unless it fails.
        if line.trim_start().trim_start_matches("local").trim_start().starts_with('|') {
            built.push(line)
        } else {
            tell(&line)
        }
    }
    let status = child.wait()?;
    if !status.success() {
        built.iter().for_each(|line| tell(line));
        bail!("`sextant {}` ended with {status}", words.join(" "));
    }
    Ok(start.elapsed().as_secs_f64())
}

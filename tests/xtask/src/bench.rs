//! `cargo xtask bench`: how long deploys, starts and hook calls take. Figures for people; nothing here is a test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use fleet::{Fleet, Kamal};

use crate::contenders::Contenders;
use crate::figures::Timings;
use crate::install;
use crate::programs::{cargo, run_program, target_directory, tell};

const STARTS: usize = 15;

/// The example policies, with settings under which they let the plan pass.
const POLICIES: [(&str, &str); 4] = [
    ("freeze-window", r#"{"days":["sun"]}"#),
    ("image-allowlist", r#"{"images":["ghcr.io/acme/*","basecamp/kamal-proxy"]}"#),
    ("no-privileged", "{}"),
    ("require-approval", "{}"),
];

/// Runs everything and prints medians and ratios. Hooks and policies come first: their microseconds are measured without the fleet's daemons.
pub fn run(rounds: usize) -> anyhow::Result<()> {
    let built = build()?;
    println!("\none call of a hook, with an instance of its own");
    run_program(&mut Command::new(built.join("examples/hook_cost")))?;
    println!("\npolicy evaluations per second per core, plan of 100 hosts, Rust policy");
    run_program(Command::new(built.join("examples/policy_cost")).args(policies()?))?;

    let fleet = Fleet::up(tell)?;
    let kamal = Kamal::install(&fleet, tell)?;
    fleet.reset()?;
    let project = fleet.project(&fleet.directory().join("bench"))?;
    let version = project.commit("bench")?;
    let sextant = built.join("sextant");
    let contenders = Contenders { fleet: &fleet, project: &project, sextant, kamal, version };

    tell("setting up the sample app");
    contenders.kamal(&["setup"])?;
    deploys(&contenders, rounds)?;
    starts(&contenders)
}

/// Builds Sextant as users get it and what measures its parts, and tells where. In one go: built apart they would want other features of
/// the same crates.
fn build() -> anyhow::Result<PathBuf> {
    install::plugin_target()?;
    tell("building sextant and what measures it");
    let measures = ["--example", "hook_cost", "--example", "policy_cost"];
    run_program(cargo(&["build", "--release", "--bin", "sextant"]).args(measures))?;
    Ok(target_directory()?.join("release"))
}

/// The policies that are asked, each a component and its settings.
fn policies() -> anyhow::Result<Vec<String>> {
    let mut judges = Vec::new();
    for (name, settings) in POLICIES {
        let manifest = Path::new("plugins/examples").join(name).join("Cargo.toml");
        let words = ["build", "--release", "--quiet", "--target", "wasm32-wasip2", "--target-dir", "target/plugins"];
        run_program(cargo(&words).arg("--manifest-path").arg(manifest))?;
        let file = format!("target/plugins/wasm32-wasip2/release/{}.wasm", name.replace('-', "_"));
        judges.push(format!("{file}={settings}"));
    }
    Ok(judges)
}

/// Times the three in turn, so that whatever else the machine does hits all of them.
fn deploys(contenders: &Contenders, rounds: usize) -> anyhow::Result<()> {
    let mut times: [Vec<Duration>; 3] = Default::default();
    tell("warming up: one deploy each");
    for round in 0..=rounds {
        let taken =
            [contenders.sextant(&["deploy", "-P"])?, contenders.script()?, contenders.kamal(&["deploy", "-P"])?];
        if round > 0 {
            let [sextant, script, kamal] = taken.map(|time| time.as_secs_f64());
            tell(&format!("round {round}: sextant {sextant:.2} s, script {script:.2} s, kamal {kamal:.2} s"));
            times.iter_mut().zip(taken).for_each(|(times, time)| times.push(time));
        }
    }
    let [sextant, script, kamal] = times.map(Timings::new);
    println!("\n`deploy --skip-push` of the same version to two hosts");
    println!("sextant         {sextant}");
    println!("script          {script}");
    println!("kamal           {kamal}");
    println!("sextant/script  {:.2}", sextant.ratio_to(&script));
    println!("kamal/sextant   {:.2}", kamal.ratio_to(&sextant));
    Ok(())
}

fn starts(contenders: &Contenders) -> anyhow::Result<()> {
    let repeat = |act: &dyn Fn() -> anyhow::Result<Duration>| -> anyhow::Result<Timings> {
        act()?; // warms caches
        Ok(Timings::new((0..STARTS).map(|_| act()).collect::<Result<Vec<_>, _>>()?))
    };
    println!("\nstart-up");
    println!("sextant version {}", repeat(&|| contenders.sextant(&["version"]))?);
    println!("sextant plan    {}", repeat(&|| contenders.sextant(&["plan"]))?);
    println!("kamal version   {}", repeat(&|| contenders.kamal(&["version"]))?);
    Ok(())
}

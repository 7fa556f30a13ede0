//! `cargo xtask bench`: how long deploys, starts and hook calls take. Figures for people; nothing here is a test.

use std::time::Duration;

use fleet::{Fleet, Kamal};

use crate::contenders::Contenders;
use crate::figures::Timings;
use crate::install;
use crate::programs::{cargo, run_program, tell};

const STARTS: usize = 15;

/// The example policies, with settings under which they let the plan pass.
const POLICIES: [(&str, &str); 4] = [
    ("freeze-window", r#"{"days":["sun"]}"#),
    ("image-allowlist", r#"{"images":["ghcr.io/acme/*","basecamp/kamal-proxy"]}"#),
    ("no-privileged", "{}"),
    ("require-approval", "{}"),
];

/// Runs everything and prints medians and ratios.
pub fn run(rounds: usize) -> anyhow::Result<()> {
    let sextant = install::sextant()?;
    let fleet = Fleet::up(tell)?;
    let kamal = Kamal::install(&fleet, tell)?;
    fleet.reset()?;
    let project = fleet.project(&fleet.directory().join("bench"))?;
    let version = project.commit("bench")?;
    let contenders = Contenders { fleet: &fleet, project: &project, sextant, kamal, version };

    tell("setting up the sample app");
    contenders.kamal(&["setup"])?;
    deploys(&contenders, rounds)?;
    starts(&contenders)?;
    println!("\none call of a hook, with an instance of its own");
    run_program(&mut cargo(&["run", "--release", "--quiet", "--package", "plugin-runtime", "--example", "hook_cost"]))?;
    policies()
}

/// How often policies in Rust judge a plan of 100 hosts.
fn policies() -> anyhow::Result<()> {
    let house = std::env::current_dir()?;
    let mut judged = Vec::new();
    for (name, settings) in POLICIES {
        let manifest = house.join("plugins/examples").join(name).join("Cargo.toml");
        let words = ["build", "--release", "--quiet", "--target", "wasm32-wasip2", "--target-dir", "target/plugins"];
        run_program(cargo(&words).arg("--manifest-path").arg(manifest))?;
        let file = format!("target/plugins/wasm32-wasip2/release/{}.wasm", name.replace('-', "_"));
        judged.push(format!("{file}={settings}"));
    }
    println!("\npolicy evaluations per second per core, plan of 100 hosts, Rust policy");
    let words = ["run", "--release", "--quiet", "--package", "plugin-runtime", "--example", "policy_cost", "--"];
    run_program(cargo(&words).args(judged))
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

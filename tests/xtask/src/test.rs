//! `cargo xtask test`: rings from quick to slow. Formatting, lints or a build that fails ends the run; every ring of tests runs.
//! The fleet's tests wait more than they work: they run beside the others, which have what is left of the processor.
//!
//! All of it builds in one profile: the plugin runtime's compiler takes minutes to build, and should do so once.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, bail};
use fleet::Fleet;

use crate::install;
use crate::programs::{cargo, gently, run_program, target_directory, tell};
use crate::tally::Tally;

/// Tests that run one after the other or side by side: how nextest finds them, and the profile in its configuration that says how they run.
struct Tests {
    filter: &'static str,
    profile: &'static str,
    /// Whether all else that runs goes before them.
    yield_to_others: bool,
}

const FLEET: Tests = Tests { filter: "binary_id(tests::fleet)", profile: "fleet", yield_to_others: false };
const OTHERS: Tests = Tests { filter: "not binary_id(tests::fleet)", profile: "default", yield_to_others: true };

/// Runs all rings, or with filters those that run tests, and closes with how many tests passed.
pub fn run(filters: &[String]) -> anyhow::Result<()> {
    let tally = Mutex::new(Tally::default());
    let outcome = rings(filters, &tally);
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    for skipped in &tally.skipped {
        tell(&format!("skipped: {skipped}"));
    }
    for flaky in &tally.flaky {
        tell(&format!("passed at the second try only: {flaky}"));
    }
    if tally.count() > 0 {
        println!("{tally}");
    }
    outcome?;
    if nothing_may_be_skipped() && !tally.skipped.is_empty() {
        bail!("tests were skipped, and in CI none may be");
    }
    Ok(())
}

fn rings(filters: &[String], tally: &Mutex<Tally>) -> anyhow::Result<()> {
    install::plugin_target()?;
    install::nextest()?;
    install::test_programs(nothing_may_be_skipped())?;
    install::python_packages(nothing_may_be_skipped())?;
    let whole = filters.is_empty();
    if whole {
        ring("formatting", || run_program(&mut cargo(&["fmt", "--all", "--check"])))?;
        ring("lints", || run_program(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])))?;
    }
    // Programs that tests start, and the tests, in one go: built apart they would want other features of the same crates.
    ring("build", || run_program(&mut cargo(&["build", "--workspace", "--bins", "--tests"])))?;
    let needs_fleet = whole || FLEET.are_there(filters)?;
    let outcomes = thread::scope(|scope| {
        let fleet = scope.spawn(|| if needs_fleet { ring("fleet", || on_the_fleet(filters, tally)) } else { Ok(()) });
        let mut outcomes = vec![ring("tests", || OTHERS.run(filters, tally))];
        if whole {
            let words = ["test", "--workspace", "--doc", "--quiet"];
            outcomes.push(ring("documentation", || run_program(&mut gently(&cargo(&words)))));
        }
        outcomes.push(fleet.join().unwrap_or_else(|_| bail!("the ring `fleet` panicked")));
        outcomes
    });
    let failures: Vec<String> =
        outcomes.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    if failures.is_empty() { Ok(()) } else { bail!("{}", failures.join("; ")) }
}

/// Does one ring's work, telling its name and its time.
fn ring(name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    tell(&format!("== {name}"));
    let start = Instant::now();
    work().with_context(|| format!("the ring `{name}` failed"))?;
    tell(&format!("== {name}: fine, {:.1} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// Starts the fleet, runs its tests one at a time, and stops it unless it was running before.
fn on_the_fleet(filters: &[String], tally: &Mutex<Tally>) -> anyhow::Result<()> {
    let stays = Fleet::is_running();
    match Fleet::up(tell) {
        Ok(fleet) => drop(fleet), // the tests claim it themselves
        // They say so too, each of them.
        Err(error) if error.skip_reason().is_some() && !nothing_may_be_skipped() => tell(&format!("no fleet: {error}")),
        Err(error) => return Err(error.into()),
    }
    let outcome = FLEET.run(filters, tally);
    if !stays {
        Fleet::down(tell)?;
    }
    outcome
}

impl Tests {
    /// Runs them and adds up what they came to, also when some fail.
    fn run(&self, filters: &[String], tally: &Mutex<Tally>) -> anyhow::Result<()> {
        let report = target_directory()?.join("nextest").join(self.profile).join("junit.xml");
        let _ = fs::remove_file(&report);
        let command = self.nextest(&["run", "--no-fail-fast", "--no-tests=warn"], filters);
        let outcome = run_program(&mut if self.yield_to_others { gently(&command) } else { command });
        let came_to = Tally::read(&fs::read_to_string(&report).unwrap_or_default());
        tally.lock().unwrap_or_else(PoisonError::into_inner).add(came_to);
        outcome
    }

    /// Whether there are any with these words in their names.
    fn are_there(&self, filters: &[String]) -> anyhow::Result<bool> {
        Ok(!self.nextest(&["list", "-T", "oneline"], filters).output()?.stdout.is_empty())
    }

    fn nextest(&self, words: &[&str], filters: &[String]) -> Command {
        let mut nextest = cargo(&["nextest"]);
        let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("nextest.toml");
        nextest.args(words).arg("--tool-config-file").arg(format!("xtask:{}", configuration.display()));
        nextest.args(["--workspace", "--profile", self.profile, "-E", self.filter]).args(filters);
        if nothing_may_be_skipped() {
            nextest.env("SEXTANT_NO_SKIP", "1");
        }
        nextest
    }
}

fn nothing_may_be_skipped() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

//! `cargo xtask test`: rings from quick to slow. Formatting, lints or a build that fails ends the run; every ring of tests runs.
//!
//! All of it builds in one profile: the plugin runtime's compiler takes minutes to build, and should do so once.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};
use fleet::Fleet;

use crate::install;
use crate::programs::{cargo, run_program, target_directory, tell};
use crate::tally::Tally;

/// The tests that need the fleet, as nextest names their binary.
const FLEET_TESTS: &str = "binary_id(tests::fleet)";
/// Where nextest leaves its report, in the target directory.
const REPORT: &str = "nextest/default/junit.xml";

/// Runs all rings, or with filters those that run tests, and closes with how many tests passed.
pub fn run(filters: &[String]) -> anyhow::Result<()> {
    let mut tally = Tally::default();
    let outcome = rings(filters, &mut tally);
    for skipped in &tally.skipped {
        tell(&format!("skipped: {skipped}"));
    }
    for flaky in &tally.flaky {
        tell(&format!("passed at the second try only: {flaky}"));
    }
    if tally.count() > 0 {
        println!("{tally}");
    }
    outcome
}

fn rings(filters: &[String], tally: &mut Tally) -> anyhow::Result<()> {
    install::plugin_target()?;
    install::nextest()?;
    install::test_programs(nothing_may_be_skipped())?;
    install::moto(nothing_may_be_skipped())?;
    let whole = filters.is_empty();
    if whole {
        ring("formatting", || run_program(&mut cargo(&["fmt", "--all", "--check"])))?;
        ring("lints", || run_program(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])))?;
    }
    // Programs that tests start, and the tests, in one go: built apart they would want other features of the same crates.
    ring("build", || run_program(&mut cargo(&["build", "--workspace", "--bins", "--tests"])))?;
    let others = format!("not {FLEET_TESTS}");
    let words = ["run", "--workspace", "--no-fail-fast", "--no-tests=warn", "-E", &others];
    let mut outcomes = vec![ring("tests", || nextest(&words, filters, tally))];
    if whole {
        let words = ["test", "--workspace", "--doc", "--quiet"];
        outcomes.push(ring("documentation", || run_program(&mut cargo(&words))));
    }
    if whole || any_fleet_test(filters)? {
        outcomes.push(ring("fleet", || on_the_fleet(filters, tally)));
    }
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
fn on_the_fleet(filters: &[String], tally: &mut Tally) -> anyhow::Result<()> {
    let stays = Fleet::is_running();
    match Fleet::up(tell) {
        Ok(fleet) => drop(fleet), // the tests claim it themselves
        // They say so too, each of them.
        Err(error) if error.skip_reason().is_some() && !nothing_may_be_skipped() => tell(&format!("no fleet: {error}")),
        Err(error) => return Err(error.into()),
    }
    let words = ["run", "--workspace", "--no-fail-fast", "--test-threads", "1", "-E", FLEET_TESTS];
    let outcome = nextest(&words, filters, tally);
    if !stays {
        Fleet::down(tell)?;
    }
    outcome
}

fn any_fleet_test(filters: &[String]) -> anyhow::Result<bool> {
    let words = ["list", "--workspace", "-T", "oneline", "-E", FLEET_TESTS];
    Ok(!nextest_command(&words, filters).output()?.stdout.is_empty())
}

/// Runs tests and adds up what they came to, also when some fail.
fn nextest(words: &[&str], filters: &[String], tally: &mut Tally) -> anyhow::Result<()> {
    let report = target_directory()?.join(REPORT);
    let _ = fs::remove_file(&report);
    let outcome = run_program(&mut nextest_command(words, filters));
    tally.add(Tally::read(&fs::read_to_string(&report).unwrap_or_default()));
    outcome
}

fn nextest_command(words: &[&str], filters: &[String]) -> Command {
    let mut nextest = cargo(&["nextest"]);
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("nextest.toml");
    nextest.arg(words[0]).arg("--tool-config-file").arg(format!("xtask:{}", configuration.display()));
    nextest.args(&words[1..]).args(filters);
    if nothing_may_be_skipped() {
        nextest.env("SEXTANT_NO_SKIP", "1");
    }
    nextest
}

fn nothing_may_be_skipped() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

//! Recorded runs of Kamal 2.12, each played twice: Kamal's own lines on one set of hosts, and our program on another one that began the
//! same. What was called and what was left behind must agree, up to the deviations that the recording names.
//!
//! `cargo test -p tests --test recordings` tells the share at the end.

mod deviations;
mod kamal;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Failed, Trial};

use tests::case::Case;
use tests::outcome::{self, Effects, Traces};
use tests::world::{self, World};
use tests::{house, play};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let files = recordings();
    let total = files.len();
    let apart = Arc::new(AtomicUsize::new(0));
    // A recording's test has the name of its file; every other one stands in a module.
    let explained = Trial::test("deviations::every_one_is_seen_and_explained", every_deviation_is_seen_and_explained);
    let trial = |path: PathBuf| {
        let apart = apart.clone();
        let told = move |failed| {
            apart.fetch_add(1, Ordering::Relaxed);
            failed
        };
        Trial::test(stem(&path), move || agrees(&path).map_err(told))
    };
    let trials = files.into_iter().map(trial).chain([explained]).collect();
    let ran_all = arguments.filter.is_none() && !arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if ran_all {
        say(&format!("{} of {total} recordings agree", total - apart.load(Ordering::Relaxed)));
    }
    conclusion.exit_code()
}

/// Where the recordings are.
fn folder() -> PathBuf {
    house().join("tests").join("recordings")
}

fn recordings() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the recordings").flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "recording")).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn agrees(path: &Path) -> Result<(), Failed> {
    let wrong = compare(path)?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

/// What differs, in words; nothing when all agrees.
fn compare(path: &Path) -> Result<String, Failed> {
    if let Some(reason) = world::missing() {
        if std::env::var_os("SEXTANT_NO_SKIP").is_some_and(|value| value == "1") {
            return Err(format!("SEXTANT_NO_SKIP=1, and {reason}").into());
        }
        say(&format!("skipped: {reason}"));
        return Ok(String::new());
    }
    let case = Case::parse(&std::fs::read_to_string(path)?)?;
    let projects = folder().join("projects");

    let theirs = World::new(&case, &projects);
    let before = Traces::of(&theirs);
    kamal::play(&case, &theirs)?;
    let mut kamal = Effects::since(&before, &theirs);

    let ours = World::new(&case, &projects);
    let before = Traces::of(&ours);
    let played = play::play(&case, &ours);
    let mut sextant = Effects::since(&before, &ours);

    let mut expected = case.expected.clone();
    let exit = expected.remove("exit").and_then(|lines| lines.into_iter().next()).unwrap_or_default();
    kamal.failed = exit != "0";
    sextant.failed = played.exit != "0";

    let mut wrong = String::new();
    let seen = deviations::excuse(&mut kamal, &mut sextant);
    let named: BTreeSet<&str> = case.differs.iter().map(String::as_str).collect();
    for name in named.symmetric_difference(&seen) {
        let what = if seen.contains(name) { "is seen, and not named by" } else { "is named, and not seen in" };
        wrong.push_str(&format!("the deviation `{name}` {what} this recording\n"));
    }
    wrong.push_str(&differences(&kamal, &sextant));
    if kamal.failed != sextant.failed {
        wrong.push_str(&format!("Kamal exits {exit}, we exit {}\n", played.exit));
    }
    let mut said = outcome::sections(&case, &ours, &before, &played);
    said.retain(|heading, _| expected.contains_key(heading));
    wrong.push_str(&outcome::differences(&expected, &said));
    for leak in outcome::leaks(&ours, &[&played]) {
        wrong.push_str(&format!("{leak}\n"));
    }
    if !wrong.is_empty() {
        wrong =
            format!("{}: - is Kamal's, + is ours\n{wrong}it said\n{}{}", path.display(), played.stdout, played.stderr);
    }
    Ok(wrong)
}

/// Kamal's effects and ours, section by section.
fn differences(kamal: &Effects, sextant: &Effects) -> String {
    let mut text = String::new();
    let mut tell = |heading: &str, kamal: &[String], sextant: &[String]| {
        if kamal != sextant {
            text.push_str(&format!("{heading}\n{}", outcome::compared(kamal, sextant)));
        }
    };
    let none = Vec::new();
    for (kind, kamal, sextant) in [("calls", &kamal.calls, &sextant.calls), ("files", &kamal.files, &sextant.files)] {
        let machines: BTreeSet<&String> = kamal.keys().chain(sextant.keys()).collect();
        for machine in machines {
            let heading = format!("{kind} {machine}");
            tell(&heading, kamal.get(machine).unwrap_or(&none), sextant.get(machine).unwrap_or(&none));
        }
    }
    tell("hooks", &kamal.hooks, &sextant.hooks);
    tell("terminal", &kamal.terminal, &sextant.terminal);
    text
}

/// Each deviation occurs in some recording, and `DEVIATIONS.md` says why it is there.
fn every_deviation_is_seen_and_explained() -> Result<(), Failed> {
    let known: BTreeSet<String> = deviations::names().map(str::to_string).collect();
    let mut named = BTreeSet::new();
    for path in recordings() {
        named.extend(Case::parse(&std::fs::read_to_string(&path)?)?.differs);
    }
    let reasons = std::fs::read_to_string(house().join("tests/cases/DEVIATIONS.md"))?;
    let unexplained = known.iter().filter(|name| !reasons.contains(&format!("[{name}]")));
    let wrong: Vec<String> = known
        .symmetric_difference(&named)
        .map(|name| format!("`{name}` must be both in deviations.rs and in a recording"))
        .chain(unexplained.map(|name| format!("DEVIATIONS.md has no entry marked [{name}]")))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

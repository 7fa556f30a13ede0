//! The project's cases: every file below `tests/cases` is one test. `tests/cases/README.md` tells how they are written.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use tests::case::Case;
use tests::outcome::{self, Traces};
use tests::play;
use tests::schema;
use tests::world::{self, World};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(cases_folder()).expect("the cases").flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    let trial = |path: &PathBuf| {
        let path = path.clone();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || check(&path))
    };
    libtest_mimic::run(&arguments, files.iter().map(trial).collect()).exit_code()
}

/// Where the cases are.
fn cases_folder() -> PathBuf {
    tests::house().join("tests").join("cases")
}

/// Plays one case, or says why it cannot be played.
fn check(path: &Path) -> Result<(), Failed> {
    if let Some(reason) = world::missing() {
        if std::env::var_os("SEXTANT_NO_SKIP").is_some_and(|value| value == "1") {
            return Err(format!("SEXTANT_NO_SKIP=1, and {reason}").into());
        }
        say(&format!("skipped: {reason}"));
        return Ok(());
    }
    let case = Case::parse(&std::fs::read_to_string(path)?)?;
    let world = World::new(&case, &cases_folder().join("projects"));
    play::prepare(&case, &world)?;
    let before = Traces::of(&world);
    let mut wrong = String::new();

    let rehearsed = case.changes_machines().then(|| play::rehearse(&case, &world));
    let since = Traces::of(&world);
    for change in since.changed_since(&before) {
        wrong.push_str(&format!("a dry run touches something: {change}\n"));
    }
    let unreadable = |stdout: &str| {
        serde_json::Deserializer::from_str(stdout).into_iter::<serde_json::Value>().any(|value| value.is_err())
    };
    if rehearsed.as_ref().is_some_and(|rehearsed| unreadable(&rehearsed.stdout)) {
        wrong.push_str("the plan of the dry run is no JSON\n");
    }
    let planned: Vec<_> = rehearsed.iter().flat_map(|rehearsed| schema::plans_in(&rehearsed.stdout)).collect();
    for plan in &planned {
        for fault in schema::faults(plan) {
            wrong.push_str(&format!("the plan does not fit docs/plan.schema.json: {fault}\n"));
        }
    }
    let played = play::play(&case, &world);
    let found = outcome::sections(&case, &world, &since, &played);
    wrong.push_str(&outcome::differences(&case.expected, &found));
    if case.arguments.iter().any(|word| word == "json") && unreadable(&played.stdout) {
        wrong.push_str("standard output is no JSON\n");
    }
    // Locks are taken and freed by hand outside of any run.
    let is_run = |plan: &serde_json::Value| !plan["subcommand"].as_str().is_some_and(|words| words.starts_with("lock"));
    let has_run = planned.iter().any(is_run) && !Traces::of(&world).changed_since(&since).is_empty();
    let (recorded, changed) = play::replays(&case, &world);
    for replay in changed {
        wrong.push_str(&format!("{replay}\n"));
    }
    if has_run && recorded == 0 {
        wrong.push_str("the run was not recorded\n");
    }
    for leak in outcome::leaks(&world, &rehearsed.iter().chain([&played]).collect::<Vec<_>>()) {
        wrong.push_str(&format!("{leak}\n"));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let said = if case.expected.contains_key("stderr") { String::new() } else { format!("it said\n{}", played.stderr) };
    Err(format!("{}: - was expected, + came out\n{wrong}{said}", path.display()).into())
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

//! Running the program in a case's world: once to see what it would do, once to do it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::world::World;

/// How long a run may take before it counts as hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// How a run ended and what it said.
pub struct Played {
    /// The exit code, or what there was instead of one.
    pub exit: String,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

/// Shows what the case's command line would do. Nothing may happen.
pub fn rehearse(case: &Case, world: &World) -> Played {
    let arguments: Vec<&str> =
        case.arguments.iter().map(String::as_str).chain(["--dry-run", "--output", "json"]).collect();
    let mut child = start(case, world, &arguments, "rehearsal");
    let status = wait(&mut child);
    played(world, "rehearsal", status)
}

/// Runs the command lines that come before the case's own. Gives what one says that does not go well.
pub fn prepare(case: &Case, world: &World) -> Result<(), String> {
    for (number, words) in case.before.iter().enumerate() {
        let name = format!("before-{number}");
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let status = wait(&mut start(case, world, &words, &name));
        let played = played(world, &name, status);
        if played.exit != "0" {
            return Err(format!("`{}` exits with {}: {}", words.join(" "), played.exit, played.stderr));
        }
    }
    Ok(())
}

/// Plans every run that was recorded in a case's world again. Gives how many there are, and what differs.
pub fn replays(case: &Case, world: &World) -> (usize, Vec<String>) {
    let plans = plans(&world.path("kept"));
    let wrong = plans.iter().filter_map(|plan| {
        let path = plan.display().to_string();
        let status = wait(&mut start(case, world, &["replay", &path], "replay"));
        let played = played(world, "replay", status);
        let told = || format!("{path} is not planned again as it was: {}{}", played.stderr, played.stdout);
        (played.exit != "0").then(told)
    });
    let wrong = wrong.collect();
    (plans.len(), wrong)
}

/// The plans of all runs below a folder.
fn plans(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(plans(&path));
        } else if path.file_name().is_some_and(|name| name == "plan.json") {
            found.push(path);
        }
    }
    found
}

/// Runs the case's command line, and interrupts it where the case says so.
pub fn play(case: &Case, world: &World) -> Played {
    let arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
    let mut child = start(case, world, &arguments, "run");
    if !case.signals.is_empty() {
        interrupt(case, world, &mut child);
    }
    let status = wait(&mut child);
    played(world, "run", status)
}

fn start(case: &Case, world: &World, arguments: &[&str], name: &str) -> Child {
    let output = |kind: &str| fs::File::create(world.path(&format!("{name}.{kind}"))).expect("an output file");
    let typed = world.path("typed");
    fs::write(&typed, &case.stdin).expect("what is typed");
    let mut sextant = Command::new(crate::sextant());
    sextant.args(arguments).current_dir(world.path("project")).env_clear().envs(environment(case, world));
    sextant.stdin(fs::File::open(typed).expect("what is typed")).stdout(output("stdout")).stderr(output("stderr"));
    sextant.spawn().expect("sextant starts")
}

/// The variables of the operator's shell.
pub fn environment(case: &Case, world: &World) -> Vec<(String, String)> {
    let path = |name: &str| world.path(name).display().to_string();
    let variables = [
        ("PATH", world.search_path(case)),
        ("HOME", path("operator")),
        ("TMPDIR", path("tmp")),
        ("XDG_CACHE_HOME", cache().display().to_string()),
        ("XDG_STATE_HOME", path("kept")),
        ("USER", "deployer".to_string()),
        ("LANG", "C.UTF-8".to_string()),
        ("VERSION", "v1".to_string()),
        ("GIT_CONFIG_GLOBAL", "/dev/null".to_string()),
        ("GIT_CONFIG_SYSTEM", "/dev/null".to_string()),
        ("CASE", path("")),
        ("STUB_MACHINE", "local".to_string()),
        ("STUB_STATE", path("state/local.json")),
        ("STUB_LOG", path("calls")),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_string(), value));
    variables.chain(case.environment.clone()).collect()
}

/// Compiled plugins outlive a case: every run would compile them again otherwise.
fn cache() -> PathBuf {
    crate::built("sextant").with_file_name("tmp").join("cases-cache")
}

/// Waits until something holds, sends the signals one by one, and lets go of what holds unless it was to be killed.
fn interrupt(case: &Case, world: &World, child: &mut Child) {
    let id = child.id();
    let mut ended = || child.try_wait().is_ok_and(|status| status.is_some());
    until(|| world.path("held").exists() || ended());
    for (number, signal) in case.signals.iter().enumerate() {
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {id}")]).stderr(Stdio::null()).status();
        sent.expect("sh starts");
        if number == 0 {
            let noticed =
                || fs::read_to_string(world.path("run.stderr")).is_ok_and(|text| text.contains("Interrupted"));
            until(|| noticed() || ended());
        }
    }
    if case.signals.len() == 1 {
        fs::write(world.path("go"), "").expect("the case's folder can be written");
    }
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let mut status = None;
    until(|| {
        status = child.try_wait().expect("the program can be waited for");
        status.is_some()
    });
    if status.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    status
}

/// Looks every few milliseconds; whoever asks finds out why it did not come true.
fn until(mut comes_true: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !comes_true() && begin.elapsed() < LIMIT {
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn played(world: &World, name: &str, status: Option<ExitStatus>) -> Played {
    let text = |kind: &str| {
        let bytes = fs::read(world.path(&format!("{name}.{kind}"))).expect("an output file");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let exit = match status {
        None => format!("none after {} seconds", LIMIT.as_secs()),
        Some(status) => status.code().map_or_else(|| status.to_string(), |code| code.to_string()),
    };
    Played { exit, stdout: text("stdout"), stderr: text("stderr") }
}

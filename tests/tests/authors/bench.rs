//! What an author has: a folder, programs, and the program that is tested. What takes long to bring and is the same for every test
//! is brought once and kept.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tests::sextant;

/// What tests of authors keep between runs: compiled dependencies and compiled components.
pub fn kept(name: &str) -> PathBuf {
    let target = sextant().ancestors().nth(2).expect("the program stands in target/PROFILE").to_path_buf();
    let folder = target.join("authors").join(name);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// Writes a project whose registry has a password.
pub fn write_project(folder: &Path, configuration: &str) {
    for (path, text) in [("config/deploy.yml", configuration), (".kamal/secrets", "REGISTRY_PASSWORD=hidden\n")] {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("a folder can be made");
        std::fs::write(file, text).expect("a file can be written");
    }
}

/// Whether a test cannot run because a program is missing; it says so. With `SEXTANT_NO_SKIP=1` that is a failure.
pub fn lacks(programs: &[&[&str]]) -> bool {
    let missing = programs.iter().find(|words| {
        let ran = Command::new(words[0]).args(&words[1..]).output();
        !ran.is_ok_and(|output| output.status.success())
    });
    let Some(words) = missing else { return false };
    let reason = format!("`{}` does not work here", words.join(" "));
    assert!(std::env::var_os("SEXTANT_NO_SKIP").is_none_or(|value| value != "1"), "SEXTANT_NO_SKIP=1, and {reason}");
    say(&format!("skipped: {reason}"));
    true
}

#[allow(clippy::print_stderr)]
fn say(line: &str) {
    eprintln!("{line}");
}

/// Runs lines of a shell one after the other, until one fails, as an author would.
pub fn shell(folder: &Path, script: &str) -> Output {
    shell_command(folder, script).output().expect("a shell can be started")
}

/// An author's shell that is to run these lines.
pub fn shell_command(folder: &Path, script: &str) -> Command {
    shell_compiling_to(&compiled(), folder, script)
}

fn shell_compiling_to(target: &Path, folder: &Path, script: &str) -> Command {
    let programs = sextant().parent().expect("the program has a folder").to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::split_paths(&path);
    let path = std::env::join_paths(std::iter::once(programs).chain(paths)).expect("paths can be joined");
    let mut command = Command::new("/bin/sh");
    // What cargo tells a test is not what an author's shell has.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_")) {
        if name != "CARGO_HOME" {
            command.env_remove(name);
        }
    }
    command
        .args(["-e", "-c", script])
        .current_dir(folder)
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", target)
        .env("XDG_CACHE_HOME", kept("cache"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("CI")
        .env_remove("RUSTFLAGS");
    command
}

/// Where cargo compiles to: a folder per test, because all plugins have files of the same name there.
fn compiled() -> PathBuf {
    let test = std::thread::current();
    kept("cargo").join(test.name().unwrap_or("main").replace("::", "-"))
}

/// Gives the test what every plugin in Rust depends on, compiled.
pub fn bring_dependencies() {
    let compiled_before = once("cargo/dependencies", |folder| {
        let project = tempfile::tempdir().expect("a folder");
        let script =
            "sextant plugin new first --kind registry; cd first; cargo test --quiet --no-run; sextant plugin build";
        worked(script, &shell_compiling_to(folder, project.path(), script).output().expect("a shell can be started"));
    });
    let own = compiled();
    if !own.exists() {
        copy(&compiled_before, &own);
    }
}

/// Gives a project in Python the environment in which its component is made.
pub fn bring_environment(project: &Path) {
    let installed = once("python-0.25.1", |folder| {
        works(folder, "python3 -m venv .venv; .venv/bin/pip install --quiet componentize-py==0.25.1");
    });
    link(&installed.join(".venv"), &project.join(".venv"));
}

/// Gives a project in JavaScript the packages that it asks for.
pub fn bring_packages(project: &Path) {
    let text = std::fs::read_to_string(project.join("package.json")).expect("the project has packages");
    let own: Value = serde_json::from_str(&text).expect("it is JSON");
    let asked = json!({ "devDependencies": own["devDependencies"], "overrides": own["overrides"] }).to_string();
    let mut hasher = DefaultHasher::new();
    asked.hash(&mut hasher);
    let installed = once(&format!("js-{:x}", hasher.finish()), |folder| {
        std::fs::write(folder.join("package.json"), asked).expect("a file can be written");
        works(folder, "npm install --silent");
    });
    link(&installed.join("node_modules"), &project.join("node_modules"));
}

/// A folder that is made once, however many tests need it at the same time.
fn once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let (folder, done) = (kept(name), kept("done").join(name.replace('/', "-")));
    let lock = File::create(done.with_extension("lock")).expect("a file can be made");
    lock.lock().expect("it can be locked");
    if !done.exists() {
        make(&folder);
        File::create(done).expect("a file can be made");
    }
    folder
}

/// Copies a folder with the times of its files, by which cargo knows what is fresh.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "{} cannot be copied", from.display());
}

fn link(from: &Path, to: &Path) {
    std::os::unix::fs::symlink(from, to).expect("it can be linked");
}

/// What lines of a shell print, which have to work.
pub fn works(folder: &Path, script: &str) -> String {
    worked(script, &shell(folder, script))
}

fn worked(script: &str, output: &Output) -> String {
    assert!(
        output.status.success(),
        "{script}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).expect("it prints text")
}

/// What lines of a shell complain about, which must not work.
pub fn fails(folder: &Path, script: &str, code: i32) -> String {
    let output = shell(folder, script);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{script}\n{complaint}");
    complaint
}

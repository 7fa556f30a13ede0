//! Running programs with their output in plain sight, or timing them without.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Says one thing about what is going on.
pub fn tell(line: &str) {
    eprintln!("{line}");
}

/// Heavy type, where a terminal shows it.
pub fn strong(text: &str) -> String {
    if std::io::stderr().is_terminal() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

/// The cargo that runs us, without what it tells us of ourselves: crates whose build scripts look at that would be built anew.
pub fn cargo(words: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(words);
    for (name, _) in std::env::vars_os() {
        if ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|ours| name.to_string_lossy().starts_with(ours)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The same command with less of the processor where others want it, too.
pub fn gently(command: &Command) -> Command {
    let mut gently = Command::new("nice");
    gently.args(["-n", "15"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => gently.env(name, value),
            None => gently.env_remove(name),
        };
    }
    gently
}

/// Where cargo puts what it builds, known from where it put us.
pub fn target_directory() -> anyhow::Result<PathBuf> {
    let ours = std::env::current_exe()?;
    Ok(ours.ancestors().nth(2).context("xtask runs outside of a target directory")?.to_owned())
}

/// Runs a program that prints for itself; another exit code than 0 is an error.
pub fn run_program(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("could not start {}", name(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", name(command));
    }
    Ok(())
}

/// Runs a program without showing what it prints, and returns how long it took; if it fails, the error shows it.
pub fn time(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("could not start {}", name(command)))?;
    let took = start.elapsed();
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("`{}` ended with {}:\n{}", name(command), output.status, String::from_utf8_lossy(&said));
    }
    Ok(took)
}

/// The program and its first words, for messages.
fn name(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let short = program.rsplit('/').next().unwrap_or_default().to_owned();
    let words = command.get_args().take(3).map(|word| word.to_string_lossy().into_owned());
    std::iter::once(short).chain(words).collect::<Vec<_>>().join(" ")
}

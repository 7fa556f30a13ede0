//! The operator's own machine: its shell for batches, and single programs for facts.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::batch::{Blow, Pipes, Shell, Silence};
use crate::{Outcome, TransportError};

/// How long a shell may take to end when its script is over.
const LAST_MOMENT: Duration = Duration::from_secs(2);

/// A `/bin/sh -s` on this machine, in a process group of its own: the terminal's Ctrl-C does not reach it.
pub(crate) struct LocalShell {
    child: Child,
    group: Option<Pid>,
}

impl LocalShell {
    pub fn start(directory: &Path, environment: &Variables) -> Result<Self, TransportError> {
        let mut command = Command::new("/bin/sh");
        furnish(command.as_std_mut(), environment);
        let child = command
            .arg("-s")
            .current_dir(directory)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| TransportError::local("start /bin/sh", error))?;
        let group = child.id().and_then(pid);
        Ok(Self { child, group })
    }
}

impl Shell for LocalShell {
    fn pipes(&mut self) -> Pipes {
        let child = &mut self.child;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three were piped, and are asked for once");
        };
        Pipes { stdin: Box::new(stdin), stdout: Box::new(stdout), stderr: Box::new(stderr) }
    }

    async fn strike(&self, shell: u32, blow: Blow) {
        let Some(shell) = pid(shell) else { return };
        let _ = match blow {
            Blow::Halt => kill_process(shell, Signal::TERM),
            Blow::End => kill_process_group(shell, Signal::TERM),
            Blow::Kill => kill_process_group(shell, Signal::KILL),
        };
    }

    async fn silence(&mut self) -> Silence {
        let reason = match timeout(LAST_MOMENT, self.child.wait()).await {
            Ok(Ok(status)) => format!("its shell ended with {status}"),
            _ => "its shell closed its output".to_string(),
        };
        Silence { disconnected: false, reason }
    }

    async fn finished(mut self) {
        // The script is over: the shell ends by itself. What it left in the background is not ours to end.
        self.group = None;
        let _ = timeout(LAST_MOMENT, self.child.wait()).await;
    }
}

impl Drop for LocalShell {
    /// A batch that is dropped while it runs takes its processes along.
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Variables by name, in addition to this program's own; one without a value is taken away.
pub type Variables = [(String, Option<String>)];

/// Gives a command its variables.
pub(crate) fn furnish(command: &mut std::process::Command, environment: &Variables) {
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

pub(crate) fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// Runs one program to its end and keeps what it wrote: for git's facts.
///
/// Standard input is the operator's. Variables in `environment` are added to
/// ours, or taken away. Nothing is redacted: the caller may be looking for a secret. Blocks.
pub fn capture(
    program: &str,
    arguments: &[&str],
    directory: &Path,
    environment: &Variables,
) -> Result<Outcome, TransportError> {
    output(program, arguments, directory, environment, Stdio::piped())
}

/// Runs one program to its end on this input, and keeps what it wrote: for signatures. A program that asks for a passphrase does so on the
/// terminal. Like [`capture`] otherwise.
pub fn feed(
    program: &str,
    arguments: &[&str],
    directory: &Path,
    environment: &Variables,
    input: &[u8],
) -> Result<Outcome, TransportError> {
    let began = Instant::now();
    let mut command = std::process::Command::new(program);
    furnish(&mut command, environment);
    command.args(arguments).current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| could_not_start(program, &error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends before it has read everything says why in its own words.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().map_err(|error| could_not_start(program, &error))?;
    Ok(outcome(output, began))
}

/// Whether the operator sees what a program complains about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complaints {
    /// As it happens: a prompt is one too.
    Shown,
    /// Nobody sees them.
    Dropped,
}

/// Runs one program to its end with the operator's terminal, and keeps what it wrote to its standard output alone: for what may ask
/// for a password. Like [`capture`] otherwise.
pub fn converse(
    program: &str,
    arguments: &[&str],
    directory: &Path,
    environment: &Variables,
    complaints: Complaints,
) -> Result<Outcome, TransportError> {
    let complaints = match complaints {
        Complaints::Shown => Stdio::inherit(),
        Complaints::Dropped => Stdio::null(),
    };
    output(program, arguments, directory, environment, complaints)
}

fn output(
    program: &str,
    arguments: &[&str],
    directory: &Path,
    environment: &Variables,
    stderr: Stdio,
) -> Result<Outcome, TransportError> {
    let began = Instant::now();
    let mut command = std::process::Command::new(program);
    furnish(&mut command, environment);
    command.args(arguments).current_dir(directory).stdin(Stdio::inherit()).stdout(Stdio::piped()).stderr(stderr);
    let output = command.output().map_err(|error| could_not_start(program, &error))?;
    Ok(outcome(output, began))
}

fn outcome(output: std::process::Output, began: Instant) -> Outcome {
    Outcome {
        exit: exit_code(output.status),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        took: began.elapsed(),
    }
}

pub(crate) fn could_not_start(program: &str, error: &std::io::Error) -> TransportError {
    match error.kind() {
        std::io::ErrorKind::NotFound => TransportError::MissingProgram { program: program.to_string() },
        _ => TransportError::local(&format!("start `{program}`"), error),
    }
}

/// A shell's idea of an exit code: 128 + n for signal n.
pub(crate) fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

//! Programs that outlive the process that started them, and can be found and ended by another.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::command::{start_error, wait_until};
use crate::{Error, Result};

/// Where programs are found, as on a fresh Debian.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program known by a file that holds its process id and start time: an id alone may belong to somebody else by now.
#[derive(Debug, Clone)]
pub struct Daemon {
    record: PathBuf,
    log: PathBuf,
}

impl Daemon {
    pub fn new(record: PathBuf, log: PathBuf) -> Self {
        Self { record, log }
    }

    /// Starts it away from our terminal and environment; a Ctrl-C meant for us does not reach it.
    pub fn start(&self, command: &Command) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log).map_err(Error::file("write", &self.log))?;
        let errors = log.try_clone().map_err(Error::file("write", &self.log))?;
        let mut detached = Command::new("setsid"); // replaces itself by the program, so the id stays
        detached.arg(command.get_program()).args(command.get_args()).current_dir("/");
        // Whatever is set where we run, proxies above all, is no business of the machines we pretend to be.
        detached.env_clear().env("HOME", "/root").env("LANG", "C.UTF-8").env("PATH", PATH);
        detached.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = detached.spawn().map_err(|source| start_error(command, source))?;
        let record = format!("{} {}", child.id(), start_time(child.id()).unwrap_or_default());
        fs::write(&self.record, record).map_err(Error::file("write", &self.record))
    }

    /// Returns its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        let record = fs::read_to_string(&self.record).ok()?;
        let (pid, started) = record.split_once(' ')?;
        let pid = pid.parse().ok()?;
        (start_time(pid)? == started).then_some(pid)
    }

    /// Kills it and waits until it is gone; fine when it is not there.
    pub fn kill(&self) {
        if let Some(pid) = self.pid().and_then(|pid| Pid::from_raw(pid as i32)) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
            wait_until(Duration::from_secs(10), || self.pid().is_none());
        }
        let _ = fs::remove_file(&self.record);
    }

    /// The last lines it wrote.
    pub fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// The start time of a process in kernel ticks; `None` when it is gone, or dead and not yet collected.
fn start_time(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(") ")?.1; // the name may hold spaces and brackets
    let fields: Vec<&str> = after_name.split(' ').collect();
    (!matches!(fields[0], "Z" | "X")).then(|| fields[19].to_owned())
}

//! A shell that ends our connections when this process ends, however it ends.
//!
//! Connections are processes of their own and would outlive a process that is killed. The keeper reads their process groups from a
//! pipe that only we hold open; when the pipe closes, it ends the groups of the last line and removes the directory.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};

use crate::TransportError;
use crate::local::could_not_start;

const SCRIPT: &str = r#"trap '' INT TERM HUP
groups=
while read -r line; do groups=$line; done
for group in $groups; do kill -TERM "-$group"; done
rm -f "$1"/*
rmdir "$1""#;

/// The keeper of one directory of sockets.
pub(super) struct Keeper {
    shell: Child,
    pipe: Option<ChildStdin>,
    groups: Vec<u32>,
}

impl Keeper {
    pub fn start(directory: &Path) -> Result<Self, TransportError> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sextant-connections"])
            .arg(directory)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| could_not_start("/bin/sh", &error))?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe, groups: Vec::new() })
    }

    fn write(&mut self) {
        let line: Vec<String> = self.groups.iter().map(u32::to_string).collect();
        if let Some(pipe) = &mut self.pipe {
            // A keeper that was killed keeps nothing; the connections are still ended in the usual way.
            let _ = writeln!(pipe, "{}", line.join(" "));
        }
    }
}

impl Drop for Keeper {
    /// Ends what is left and waits for the few milliseconds that takes.
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}

/// Tells the keeper of connections, while there is one: it must not be kept by those it keeps.
#[derive(Clone)]
pub(super) struct KeeperLink(Weak<Mutex<Keeper>>);

impl KeeperLink {
    pub fn to(keeper: &Arc<Mutex<Keeper>>) -> Self {
        Self(Arc::downgrade(keeper))
    }

    /// A connection has been started in this process group.
    pub fn began(&self, group: u32) {
        self.tell(|keeper| keeper.groups.push(group));
    }

    /// The connection in this process group has ended, and the number may soon be somebody else's.
    pub fn ended(&self, group: u32) {
        self.tell(|keeper| keeper.groups.retain(|other| *other != group));
    }

    fn tell(&self, change: impl FnOnce(&mut Keeper)) {
        if let Some(keeper) = self.0.upgrade() {
            let mut keeper = keeper.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            change(&mut keeper);
            keeper.write();
        }
    }
}

//! Why a machine could not be asked, or did not answer.
//!
//! A command that ends with a code other than zero is no error here: it is an [`crate::Outcome`] like any other.

use std::time::Duration;

use commands::Machine;

/// What can go wrong between us and a machine. Every text in it is free of secret values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: refused, no route, no such name, or no answer in time. The user's network, host name or port.
    #[error("reach `{machine}`: {reason}")]
    Unreachable {
        /// The machine that was asked.
        machine: Machine,
        /// What ssh said.
        reason: String,
        /// The command that connects in the same way by hand; empty where the name is none.
        by_hand: String,
    },

    /// The host shows another key than the one `known_hosts` holds.
    #[error("trust `{machine}`: its host key is not the one in known_hosts: {reason}")]
    HostKeyChanged {
        /// The machine that was asked.
        machine: Machine,
        /// The file and line ssh named, where it did.
        reason: String,
        /// The name under which known_hosts holds it.
        known_as: String,
    },

    /// The host's key is not in `known_hosts`, and the user's ssh configuration asks for it to be there.
    #[error("trust `{machine}`: {reason}")]
    HostKeyUnknown {
        /// The machine that was asked.
        machine: Machine,
        /// What ssh said.
        reason: String,
        /// The command that connects in the same way by hand.
        by_hand: String,
    },

    /// The host answers, and none of the keys offered is good for the user.
    #[error("log in to `{machine}`: {reason}")]
    Unauthorized {
        /// The machine that was asked.
        machine: Machine,
        /// What ssh said.
        reason: String,
        /// The command that connects in the same way by hand.
        by_hand: String,
    },

    /// The host let us in, and then refused to start a shell or to share a port.
    #[error("open a channel to `{machine}`: {reason}")]
    ChannelRefused {
        /// The machine that was asked.
        machine: Machine,
        /// What ssh or the shell said.
        reason: String,
    },

    /// The connection, or the shell at its end, went away. Whether the command in question has had its effect is not known.
    #[error("hear from `{machine}`{}: {reason}", .during.as_ref().map(|task| format!(" while running {task}")).unwrap_or_default())]
    ConnectionLost {
        /// The machine that was asked.
        machine: Machine,
        /// The command that was running; none before the first.
        during: Option<At>,
        /// What ssh or the shell said.
        reason: String,
    },

    /// A command ran longer than it may. Its process group has been killed.
    #[error("finish {at} on `{machine}` within {}", crate::error::span(.limit))]
    TimeLimit {
        /// The machine that was asked.
        machine: Machine,
        /// The command.
        at: At,
        /// How long it was allowed to run.
        limit: Duration,
    },

    /// The operator interrupted.
    #[error("finish on `{machine}`: interrupted{}", .during.as_ref().map(|task| format!(" while running {task}")).unwrap_or_default())]
    Interrupted {
        /// The machine that was asked.
        machine: Machine,
        /// The command that was cut short; none when every command that began was left to end.
        during: Option<At>,
    },

    /// A command names a secret that nobody has given. Nothing has been run.
    #[error("find the secret `{name}` for {at} on `{machine}`")]
    MissingSecret {
        /// The machine that was to be asked.
        machine: Machine,
        /// The command.
        at: At,
        /// The secret's name.
        name: String,
    },

    /// A command sends a file of the operator's machine that is not there. Nothing has been run.
    #[error("send {at} to `{machine}`: Missing file: {path}")]
    MissingFile {
        /// The machine that was to be asked.
        machine: Machine,
        /// The command.
        at: At,
        /// The file's path, relative to the project.
        path: String,
    },

    /// A command holds something a shell cannot be given. Nothing has been run.
    #[error("send {at} to `{machine}`: {reason}")]
    Unsendable {
        /// The machine that was to be asked.
        machine: Machine,
        /// The command.
        at: At,
        /// What is wrong with it.
        reason: String,
    },

    /// A program we need is not installed on the operator's machine.
    #[error("find the program `{program}` on this machine's PATH")]
    MissingProgram {
        /// Its name.
        program: String,
    },

    /// The SSH settings cannot be written down for ssh.
    #[error("use the ssh settings: {reason}")]
    Settings {
        /// What is wrong with them.
        reason: String,
    },

    /// The operator's machine did not let us start a process or write a temporary file.
    #[error("{doing} on this machine: {reason}")]
    Local {
        /// What was tried.
        doing: String,
        /// What the system said.
        reason: String,
    },
}

/// A command of a batch, as an error names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// Its position in the batch, from zero.
    pub task: usize,
    /// Its title.
    pub title: String,
}

impl std::fmt::Display for At {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}`", self.title)
    }
}

impl TransportError {
    pub(crate) fn local(doing: &str, reason: impl std::fmt::Display) -> Self {
        Self::Local { doing: doing.to_string(), reason: reason.to_string() }
    }
}

/// A limit in the unit its reader would use.
fn span(limit: &Duration) -> String {
    match limit.as_secs() {
        0 => format!("{} ms", limit.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

//! What is asked of a machine and what comes back: plain data.

use std::time::Duration;

use commands::Command;

use crate::TransportError;

/// One command of a batch, and how to treat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What people read about it in errors. No secrets.
    pub title: String,
    /// What to run.
    pub command: Command,
    /// How long it may run before its process group is killed.
    pub time_limit: Duration,
    /// Whether the commands after it still run when it ends with another code than zero.
    pub on_failure: OnFailure,
    /// Whether the commands after it run in any case once it has ended well: neither a gentle interrupt nor a lost connection keeps a host
    /// from them.
    pub is_point_of_no_return: bool,
}

impl Task {
    /// How long a command may run when nobody says otherwise: ten minutes.
    pub const TIME_LIMIT: Duration = Duration::from_secs(600);

    /// A command that stops its batch when it fails, titled with the beginning of its own line.
    pub fn new(command: Command) -> Self {
        let first = command.line.lines().next().unwrap_or_default();
        let title = match first.char_indices().nth(80) {
            Some((end, _)) => format!("{}…", &first[..end]),
            None => first.to_string(),
        };
        let (time_limit, on_failure) = (Self::TIME_LIMIT, OnFailure::Stop);
        Self { title, command, time_limit, on_failure, is_point_of_no_return: false }
    }

    /// The same command under another title.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The same command with another time limit.
    pub fn within(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// The same command, whose failure does not keep the later ones from running.
    pub fn or_continue(mut self) -> Self {
        self.on_failure = OnFailure::Continue;
        self
    }
}

/// What a command's failure means for the commands after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// They are not run.
    Stop,
    /// They run all the same.
    Continue,
}

/// How a command ended. Secret values in its output are replaced by [`crate::REDACTED`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code; 128 + n when signal n ended it.
    pub exit: i32,
    /// What it wrote to standard output. Over 1 MiB the middle is left out, with a line that says so.
    pub stdout: String,
    /// What it wrote to standard error, kept likewise.
    pub stderr: String,
    /// From the moment we saw it begin to the moment we saw it end.
    pub took: Duration,
}

impl Outcome {
    /// Whether it ended with code zero.
    pub fn succeeded(&self) -> bool {
        self.exit == 0
    }

    /// A success with this standard output; for doubles and tests.
    pub fn success(stdout: impl Into<String>) -> Self {
        Self { stdout: stdout.into(), ..Self::default() }
    }

    /// A failure with this code and standard error; for doubles and tests.
    pub fn failure(exit: i32, stderr: impl Into<String>) -> Self {
        Self { exit, stderr: stderr.into(), ..Self::default() }
    }
}

/// One of a command's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What happens while a batch runs. Tasks are told of in order: one has ended before the next is started.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress<'a> {
    /// A command has begun.
    Started {
        /// Its position in the batch.
        task: usize,
    },
    /// A command has written a line (or a piece of one, when it is longer than 64 KiB).
    Output {
        /// Its position in the batch.
        task: usize,
        /// Where it wrote.
        stream: Stream,
        /// The line without its newline, redacted.
        line: &'a str,
    },
    /// A command has ended.
    Ended {
        /// Its position in the batch.
        task: usize,
        /// How.
        outcome: &'a Outcome,
    },
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How the commands ended that did, in order. Commands without an outcome were not run, or were cut short.
    pub outcomes: Vec<Outcome>,
    /// Why there are no more outcomes.
    pub ending: Ending,
}

/// Why a batch came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Every command has run.
    Complete,
    /// The last outcome is a failure that keeps the rest from running.
    Stopped,
    /// The machine could not be asked, did not answer, or was not let finish.
    Broken(TransportError),
}

impl Report {
    /// The outcomes, or what broke the batch. A batch stopped by a failing command is not broken: its last outcome says so.
    pub fn outcomes(self) -> Result<Vec<Outcome>, TransportError> {
        match self.ending {
            Ending::Complete | Ending::Stopped => Ok(self.outcomes),
            Ending::Broken(error) => Err(error),
        }
    }

    /// The position of the command that stopped the batch.
    pub fn stopped_at(&self) -> Option<usize> {
        (self.ending == Ending::Stopped).then(|| self.outcomes.len() - 1)
    }

    pub(crate) fn broken(outcomes: Vec<Outcome>, error: TransportError) -> Self {
        Self { outcomes, ending: Ending::Broken(error) }
    }
}

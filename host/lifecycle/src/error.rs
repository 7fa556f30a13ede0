//! What can go wrong in a run.

use commands::Machine;
use configuration::ConfigurationError;
use plan::{Objection, ObjectionKind, PlanError, UnreadableAnswer};
use transport::TransportError;

/// Why a run ended before its plan did.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LifecycleError {
    /// Hosts could not be looked at, at least one. Nothing was touched.
    #[error("{}", unreachable(.0))]
    Observe(Vec<TransportError>),
    /// A host's answer makes no sense. Nothing was touched.
    #[error(transparent)]
    Unreadable(#[from] UnreadableAnswer),
    /// No plan can be made. Nothing was touched by it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A secret that the plan needs does not exist. Nothing was touched.
    #[error(transparent)]
    Secret(#[from] ConfigurationError),
    /// Policies deny the plan, or want it approved: every reason of each. Nothing was touched by it.
    #[error("{}", denied(.0))]
    DeniedByPolicy(Vec<Objection>),
    /// What is on the hosts asks for another plan than the one that was to be carried out. Nothing of it was touched that was not said
    /// before: told under the lock, what comes under it was not begun.
    #[error("{}", outdated(.changes, .reason.as_deref()))]
    Outdated { changes: Vec<String>, reason: Option<String> },
    /// Somebody else holds the deploy lock.
    #[error("the deploy lock on {host} is held")]
    LockHeld { host: String, details: String },
    /// Somebody took the deploy lock by hand: nobody can say when it will be free.
    #[error("Deploy lock held manually, not waiting")]
    LockHeldByHand { host: String },
    /// The deploy lock was not free in time.
    #[error("Timed out after {seconds}s waiting for the deploy lock")]
    LockTimedOut { host: String, seconds: u64 },
    /// Whoever holds the deploy lock is gone, and its lease still runs.
    #[error("the deploy lock on {host} is held by a run that is gone, and its lease has not run out in time")]
    LockDying { host: String },
    /// The deploy lock is no longer ours. The running steps were the last ones.
    #[error("the deploy lock on {host} was lost: {reason}")]
    LockLost { host: String, reason: String },
    /// What is about to be done cannot be written down first, so it is not done.
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
    /// The deploy lock could not be taken.
    #[error("the deploy lock on {host} cannot be taken: {reason}")]
    Lock { host: String, reason: String },
    /// Steps failed.
    #[error("{}", summary(.failures))]
    Steps { stage: String, failures: Vec<Failure> },
    /// The operator interrupted the run.
    #[error("interrupted")]
    Interrupted,
}

impl LifecycleError {
    /// Whether nothing stands against the plan but that people have to approve of it.
    pub fn awaits_approval(&self) -> bool {
        let unapproved = |objection: &Objection| matches!(objection.kind, ObjectionKind::Unapproved { .. });
        matches!(self, Self::DeniedByPolicy(objections) if objections.iter().all(unapproved))
    }
}

/// A step, or a whole machine, that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub machine: Machine,
    /// The role that was being booted, if one was.
    pub role: Option<String>,
    /// What the step was to do; absent when no step had begun.
    pub step: Option<plan::Step>,
    /// What went wrong.
    pub kind: FailureKind,
    /// What was found out afterwards: the last log lines of a container that did not become healthy.
    pub aftermath: Vec<String>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FailureKind {
    /// The step ended with another code than zero.
    Exit { code: i32, stdout: String, stderr: String },
    /// The machine could not be asked.
    Transport(TransportError),
    /// What the host does itself could not be done: why.
    Deed(String),
    /// The step could not be written down before it was sent, so it was not: why.
    Journal(String),
    /// The deploy lock was lost before the step.
    LockLost,
    /// The first container of the primary role was not healthy, so the role was not booted.
    Halted,
    /// The operator interrupted.
    Interrupted,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let step = self.step.as_ref().map_or("the step", |step| step.title.as_str());
        match &self.kind {
            FailureKind::Exit { code, stdout, stderr } => {
                write!(formatter, "{step} failed with exit code {code}")?;
                let said = if stderr.trim().is_empty() { stdout } else { stderr };
                match last_lines(said, 5) {
                    lines if lines.is_empty() => Ok(()),
                    lines => write!(formatter, ": {}", lines.join("\n")),
                }
            }
            FailureKind::Transport(error) => formatter.write_str(&transport_text(error)),
            FailureKind::Deed(reason) => write!(formatter, "{step} failed: {reason}"),
            FailureKind::Journal(reason) => write!(formatter, "{step} was not begun: {reason}"),
            FailureKind::LockLost => write!(formatter, "{step} was not begun: the deploy lock was lost"),
            FailureKind::Halted => {
                let role = self.role.as_deref().unwrap_or_default();
                write!(formatter, "role {role} was not booted: the first container of the primary role is not healthy")
            }
            FailureKind::Interrupted => formatter.write_str("interrupted"),
        }
    }
}

fn outdated(changes: &[String], reason: Option<&str>) -> String {
    let what = match reason {
        Some(reason) => format!("this plan cannot be made any more: {reason}"),
        None => "another plan would be made now".to_string(),
    };
    changes.iter().fold(what, |text, change| format!("{text}\n  {change}"))
}

fn denied(objections: &[Objection]) -> String {
    objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The last lines of a text that are not blank.
pub(crate) fn last_lines(text: &str, count: usize) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].to_vec()
}

fn transport_text(error: &TransportError) -> String {
    format!("failed to {error}")
}

fn unreachable(errors: &[TransportError]) -> String {
    errors.iter().map(transport_text).collect::<Vec<_>>().join("; ")
}

fn summary(failures: &[Failure]) -> String {
    let mut machines: Vec<String> = failures.iter().map(|failure| failure.machine.to_string()).collect();
    machines.dedup();
    match failures {
        [one] => format!("{}: {one}", one.machine),
        many => format!("{} failures on {}", many.len(), machines.join(", ")),
    }
}

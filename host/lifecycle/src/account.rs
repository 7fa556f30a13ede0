//! What a run writes down: what it was asked, what it is about to do, how it ended.

use journal::{Beginning, Entry, FailedStep, SentStep};
use plan::{Basis, Facts, Plan, Step};
use transport::{Transport, TransportError};

use crate::error::{Failure, FailureKind, LifecycleError};
use crate::operation::Operation;

impl<T: Transport> Operation<'_, T> {
    /// Writes a line down, before anything else happens.
    pub(crate) fn note(&self, entry: Entry) -> Result<(), LifecycleError> {
        Ok(self.journal.note(entry)?)
    }

    /// Writes down what the run is asked to do.
    pub(crate) fn note_beginning(&self) -> Result<(), LifecycleError> {
        let beginning = Beginning::of(&self.run, self.journal.name(), self.journal.program());
        self.note(Entry::Began(Box::new(beginning)))
    }

    /// Writes down the plan that is carried out from here on.
    pub(crate) fn note_plan(&self, plan: &Plan, facts: &Facts) -> Result<(), LifecycleError> {
        let basis = Basis { run: (*self.run).clone(), facts: facts.clone() };
        Ok(self.journal.keep(plan, basis)?)
    }

    /// Writes down how the run ended. It has ended all the same if that cannot be written.
    pub(crate) fn note_end(&self, ended: &Result<(), LifecycleError>) {
        let _ = self.journal.note(match ended {
            Ok(()) => Entry::Finished,
            Err(LifecycleError::Interrupted) => Entry::Interrupted,
            Err(error) => Entry::Failed {
                kind: kind(error).to_string(),
                error: error.to_string(),
                failures: match error {
                    LifecycleError::Steps { failures, .. } => failures.iter().map(failed_step).collect(),
                    _ => Vec::new(),
                },
            },
        });
    }
}

/// A step as a journal names it.
pub(crate) fn sent(step: &Step) -> SentStep {
    SentStep { id: step.id, title: step.title.clone(), kind: step.action.kind() }
}

fn failed_step(failure: &Failure) -> FailedStep {
    let kind = match &failure.kind {
        FailureKind::Exit { .. } => "exit",
        FailureKind::Transport(TransportError::TimeLimit { .. }) => "time-limit",
        FailureKind::Transport(TransportError::ConnectionLost { .. }) => "connection",
        FailureKind::Transport(_) => "transport",
        FailureKind::Deed(_) => "deed",
        FailureKind::Journal(_) => "journal",
        FailureKind::LockLost => "lock-lost",
        FailureKind::Halted => "halted",
        FailureKind::Interrupted => "interrupted",
    };
    FailedStep {
        machine: failure.machine.clone(),
        role: failure.role.clone(),
        step: failure.step.as_ref().map(|step| step.id),
        kind: kind.to_string(),
        error: failure.to_string(),
        aftermath: failure.aftermath.clone(),
    }
}

/// What went wrong, in a word.
fn kind(error: &LifecycleError) -> &'static str {
    match error {
        LifecycleError::Observe(_) => "unreachable",
        LifecycleError::Unreadable(_) => "unreadable",
        LifecycleError::Plan(_) => "plan",
        LifecycleError::Secret(_) => "secret",
        LifecycleError::Outdated { .. } => "outdated",
        LifecycleError::DeniedByPolicy(_) => "policy",
        LifecycleError::LockHeld { .. }
        | LifecycleError::LockHeldByHand { .. }
        | LifecycleError::LockTimedOut { .. }
        | LifecycleError::LockDying { .. } => "lock-held",
        LifecycleError::LockLost { .. } => "lock-lost",
        LifecycleError::Lock { .. } => "lock",
        LifecycleError::Journal(_) => "journal",
        LifecycleError::Steps { .. } => "steps",
        LifecycleError::Interrupted => "interrupted",
    }
}

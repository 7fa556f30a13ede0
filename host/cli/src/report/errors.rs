//! How a run that failed is named in logs: by the classes that Kamal's logs have.

use lifecycle::{Failure, FailureKind, LifecycleError};
use plan::Action;

/// Kamal's class of an error.
pub fn class(error: &LifecycleError) -> String {
    match error {
        LifecycleError::LockHeld { .. }
        | LifecycleError::LockHeldByHand { .. }
        | LifecycleError::LockTimedOut { .. }
        | LifecycleError::Lock { .. } => "Kamal::Cli::LockError".to_string(),
        LifecycleError::Secret(error) => error.class.to_string(),
        LifecycleError::Steps { failures, .. } => {
            failures.first().map_or("SSHKit::Runner::ExecuteError", step).to_string()
        }
        LifecycleError::Observe(_) => "SSHKit::Runner::ExecuteError".to_string(),
        LifecycleError::Interrupted => "Interrupt".to_string(),
        _ => "RuntimeError".to_string(),
    }
}

fn step(failure: &Failure) -> &'static str {
    match (&failure.kind, failure.step.as_ref().map(|step| &step.action)) {
        (FailureKind::Transport(_), _) => "SSHKit::Runner::ExecuteError",
        (FailureKind::Halted, _) => "Kamal::Cli::BootError",
        (FailureKind::Interrupted, _) => "Interrupt",
        (_, Some(Action::HookScript(_))) => "Kamal::Cli::HookError",
        (_, Some(Action::Build(_))) => "Kamal::Cli::Build::BuildError",
        _ => "SSHKit::Command::Failed",
    }
}

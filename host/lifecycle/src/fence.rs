//! What stands between a run and its next step once the deploy lock is no longer its own.

use std::sync::{Mutex, PoisonError};

use transport::{Interrupt, Interrupts};

use crate::error::LifecycleError;

/// Whether the run still holds its lock.
#[derive(Default)]
pub(crate) struct Fence {
    lost: Mutex<Option<(String, String)>>,
}

impl Fence {
    /// Notes that the lock on a host is lost, and why. The running step is the last one.
    pub fn lose(&self, host: &str, reason: &str, interrupts: &Interrupts) {
        self.cell().get_or_insert_with(|| (host.to_string(), reason.to_string()));
        interrupts.raise(Interrupt::Gentle);
    }

    /// Whether it is lost.
    pub fn is_down(&self) -> bool {
        self.cell().is_some()
    }

    /// The error that the run ends with, if the lock is lost.
    pub fn error(&self) -> Option<LifecycleError> {
        let (host, reason) = self.cell().clone()?;
        Some(LifecycleError::LockLost { host, reason })
    }

    fn cell(&self) -> std::sync::MutexGuard<'_, Option<(String, String)>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! How the operator's Ctrl-C reaches running batches.
//!
//! A caller makes one [`Interrupts`] for the work that may be interrupted and hands it to every batch of that work. What must run
//! afterwards (releasing the lock, stopping a half-started container) is given another one, which nobody has raised.

use tokio::sync::watch;

/// How much patience is left. Ordered: `None < Gentle < Now`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interrupt {
    /// Nothing has been asked.
    #[default]
    None,
    /// Let the running command end, then stop before the next one. No new batch begins.
    Gentle,
    /// Kill the running command's process group.
    Now,
}

/// A switch that any number of batches watch. Clones share it; it only ever goes up.
#[derive(Debug, Clone, Default)]
pub struct Interrupts {
    level: watch::Sender<Interrupt>,
}

impl Interrupts {
    /// A switch that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the switch; a lower level than the present one changes nothing.
    pub fn raise(&self, to: Interrupt) {
        self.level.send_if_modified(|level| {
            let higher = to > *level;
            *level = (*level).max(to);
            higher
        });
    }

    /// What has been asked so far.
    pub fn level(&self) -> Interrupt {
        *self.level.borrow()
    }

    /// Waits until at least `least` is asked, and tells what is.
    pub async fn reached(&self, least: Interrupt) -> Interrupt {
        let mut watcher = self.level.subscribe();
        let reached = watcher.wait_for(|level| *level >= least).await.map(|level| *level);
        // The sender lives in `self`, so the channel cannot close while we wait.
        reached.unwrap_or(least)
    }
}

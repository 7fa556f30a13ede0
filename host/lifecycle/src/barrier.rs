//! The barrier of a boot: decided once per boot, by the first container of the primary role that becomes healthy or fails.

use tokio::sync::watch;

/// How the barrier was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Opened,
    Closed,
}

/// A flag that is written once per boot and that any number of roles wait for.
pub(crate) struct Barrier {
    decision: watch::Sender<Option<Decision>>,
}

impl Barrier {
    pub fn new() -> Self {
        Self { decision: watch::Sender::new(None) }
    }

    /// Takes the decision back for the next boot, while nobody waits.
    pub fn renew(&self) {
        self.decision.send_replace(None);
    }

    /// Decides, unless it was decided before. Tells whether this was the decision.
    pub fn decide(&self, decision: Decision) -> bool {
        self.decision.send_if_modified(|decided| {
            let first = decided.is_none();
            if first {
                *decided = Some(decision);
            }
            first
        })
    }

    /// Waits for the decision.
    pub async fn decision(&self) -> Decision {
        let mut decided = self.decision.subscribe();
        let decision = decided.wait_for(Option::is_some).await.ok().and_then(|decision| *decision);
        // The sender lives in `self`, so the channel cannot close while we wait.
        decision.unwrap_or(Decision::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_decision_stays() {
        let barrier = Barrier::new();
        assert!(barrier.decide(Decision::Closed));
        assert!(!barrier.decide(Decision::Opened));
        assert_eq!(barrier.decision().await, Decision::Closed);
    }

    #[tokio::test]
    async fn the_next_boot_decides_anew() {
        let barrier = Barrier::new();
        assert!(barrier.decide(Decision::Opened));
        barrier.renew();
        assert!(barrier.decide(Decision::Closed));
        assert_eq!(barrier.decision().await, Decision::Closed);
    }
}

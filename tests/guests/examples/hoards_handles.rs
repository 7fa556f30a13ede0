//! Keeps 100,000 actions and proposes none of them.

use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, _: &Steps) -> Result<(), Fault> {
        let hoard: Vec<Action> = (0..100_000).map(|_| Action::require_buildx()).collect();
        Err(Fault::Failed(format!("{} actions", hoard.len())))
    }
}

sextant_sdk::export!(Guest: tag);

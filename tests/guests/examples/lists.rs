//! Hands over a list of a million words.

use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        steps.add("many words", Action::run(&vec!["0123456789".to_string(); 1_000_000]));
        Ok(())
    }
}

sextant_sdk::export!(Guest: tag);

//! Proposes steps without end.

use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        loop {
            steps.add("one more", Action::pull("a"));
        }
    }
}

sextant_sdk::export!(Guest: tag);

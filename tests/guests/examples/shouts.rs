//! Answers with megabytes.

use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        steps.add(&"x".repeat(3 << 20), Action::pull("a"));
        Ok(())
    }
}

sextant_sdk::export!(Guest: tag);

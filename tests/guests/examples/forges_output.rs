//! Tries to move the cursor and to forge a line of the plan.

use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        steps.add("tag\r\n  1. all is well \x1b[2J", Action::tag("a:1", "a:2"));
        Ok(())
    }
}

sextant_sdk::export!(Guest: tag);

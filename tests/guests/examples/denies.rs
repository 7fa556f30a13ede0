//! A policy that says what it is told to about the first step of a plan.

use sextant_sdk::{Deployment, Facts, Fault, Plan, Policy, Verdict};

struct Guest;

impl Policy for Guest {
    fn review(deployment: &Deployment, _: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        let first = plan.steps().first().map(|step| step.id()).into_iter().collect::<Vec<_>>();
        match deployment.version().as_str() {
            "warn" => verdict.warn("look twice", &first),
            "deny" => verdict.deny("not\ntoday", &first),
            "approve" => verdict.require_approval("it is big", &["lead".into()], 2),
            "fault" => return Err(Fault::Failed("no idea".into())),
            "crash" => panic!("out of cheese"),
            "loop" => loop {
                std::hint::black_box(());
            },
            _ => {}
        }
        Ok(())
    }
}

sextant_sdk::export!(Guest: policy);

//! A policy that says what it is told to about the first step of a plan.

use sextant_sdk::{Deployment, Facts, Fault, Plan, Policy, Verdict};

struct Guest;

impl Policy for Guest {
    fn review(deployment: &Deployment, facts: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        let first = plan.steps().first().map(|step| step.id()).into_iter().collect::<Vec<_>>();
        match deployment.version().as_str() {
            "warn" => verdict.warn("look twice", &first),
            "deny" => verdict.deny("not\ntoday", &first),
            "approve" => verdict.require_approval("it is big", &["lead".into()], 2),
            "nonsense" => verdict.deny("that one", &[9999]),
            "nobody" => verdict.require_approval("it is small", &[], 0),
            "facts" => verdict.warn(&facts.json(), &[]),
            "branch" => {
                let branch = deployment.checkout().and_then(|checkout| checkout.branch());
                verdict.warn(&branch.unwrap_or_else(|| "none".into()), &[]);
            }
            "kinds" => {
                let kinds = ["start-container".to_string(), "pull".to_string()];
                let steps = plan.steps_of(&kinds);
                let told: Vec<String> = steps.iter().map(|step| format!("{} {}", step.id(), step.kind())).collect();
                let images = plan.images(&kinds);
                let names = plan.values(&kinds[..1], "/name");
                verdict.warn(&format!("{told:?} of {}: {images:?} {names:?}", plan.size()), &[]);
            }
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

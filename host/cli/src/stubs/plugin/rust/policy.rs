//! Denies plans that touch too many hosts at once.

use sextant_sdk::{Deployment, Facts, Fault, Plan, Policy, Verdict};
use serde::Deserialize;

struct Rule;

/// What a project gives under `with:`; `plugin.toml` describes it.
#[derive(Deserialize)]
struct Settings {
    at_most: usize,
}

impl Policy for Rule {
    fn review(deployment: &Deployment, _: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        let settings: Settings = deployment.read_settings()?;
        if let Some(reason) = objection(plan.hosts().len(), settings.at_most) {
            verdict.deny(&reason, &[]);
        }
        Ok(())
    }
}

/// Why a plan that touches so many hosts should not run; nothing if it may.
fn objection(hosts: usize, at_most: usize) -> Option<String> {
    (hosts > at_most).then(|| format!("it touches {hosts} hosts, at most {at_most} are allowed at once"))
}

sextant_sdk::export!(Rule: policy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_hosts_are_objected_to() {
        assert_eq!(objection(3, 2).as_deref(), Some("it touches 3 hosts, at most 2 are allowed at once"));
        assert_eq!(objection(2, 2), None);
    }
}

//! A policy for Sextant: what is big or in production takes somebody's approval.

use serde::Deserialize;
use sextant_sdk::{Deployment, Facts, Fault, Plan, Policy, Verdict};

/// What stands below `with:`.
#[derive(Deserialize)]
#[serde(default)]
struct Settings {
    more_hosts_than: Option<usize>,
    destinations: Vec<String>,
    roles: Vec<String>,
    count: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { more_hosts_than: None, destinations: vec!["production".to_string()], roles: Vec::new(), count: 1 }
    }
}

struct RequireApproval;

impl Policy for RequireApproval {
    fn review(deployment: &Deployment, _: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        let settings: Settings = serde_json::from_str(&deployment.settings())
            .map_err(|error| Fault::InvalidSetting(("with".to_string(), error.to_string())))?;
        if settings.count == 0 {
            return Err(Fault::InvalidSetting(("count".to_string(), "is 0: at least one has to approve".to_string())));
        }
        if plan.size() == 0 {
            return Ok(());
        }
        if let Some(reason) = reason(&settings, deployment.destination().as_deref(), plan.hosts().len()) {
            verdict.require_approval(&reason, &settings.roles, settings.count);
        }
        Ok(())
    }
}

/// Why a plan for a destination that touches this many hosts needs approval, if it does.
fn reason(settings: &Settings, destination: Option<&str>, hosts: usize) -> Option<String> {
    let named = destination.filter(|destination| settings.destinations.iter().any(|own| own == destination));
    let limit = settings.more_hosts_than.filter(|limit| hosts > *limit);
    match (named, limit) {
        (Some(destination), _) => Some(format!("it is for {destination}")),
        (None, Some(limit)) => Some(format!("it touches {hosts} hosts, more than {limit}")),
        (None, None) => None,
    }
}

sextant_sdk::export!(RequireApproval: policy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_big_or_in_production_needs_approval() {
        let check = |settings: &str, destination: Option<&str>, hosts: usize, expected: Option<&str>| {
            let settings = serde_json::from_str(settings).expect("the settings are valid");
            assert_eq!(reason(&settings, destination, hosts).as_deref(), expected);
        };
        check("{}", None, 100, None);
        check("{}", Some("staging"), 100, None);
        check("{}", Some("production"), 1, Some("it is for production"));
        check(r#"{ "destinations": ["live"] }"#, Some("production"), 1, None);
        check(r#"{ "more_hosts_than": 2 }"#, None, 2, None);
        check(r#"{ "more_hosts_than": 2 }"#, None, 3, Some("it touches 3 hosts, more than 2"));
        check(r#"{ "more_hosts_than": 0, "destinations": [] }"#, Some("production"), 0, None);
    }
}

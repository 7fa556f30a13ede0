//! A policy for Sextant: what was found on hosts before a run is more than a warning.

use serde::Deserialize;
use sextant_sdk::{Deployment, Facts, Fault, Plan, Policy, Verdict};

/// What stands below `with:`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Kinds of findings that deny; all of them if absent.
    deny: Option<Vec<String>>,
    /// Hosts on which findings remain warnings.
    #[serde(default)]
    allow_hosts: Vec<String>,
}

struct Preflight;

impl Policy for Preflight {
    fn review(deployment: &Deployment, _: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        let settings: Settings = serde_json::from_str(&deployment.settings())
            .map_err(|error| Fault::InvalidSetting(("with".to_string(), error.to_string())))?;
        for finding in plan.findings() {
            if settings.denies(&finding.kind(), &finding.host()) {
                verdict.deny(&format!("{}: {}", finding.host(), finding.message()), &[]);
            }
        }
        Ok(())
    }
}

impl Settings {
    fn denies(&self, kind: &str, host: &str) -> bool {
        let is_meant = self.deny.as_ref().is_none_or(|kinds| kinds.iter().any(|denied| denied == kind));
        is_meant && !self.allow_hosts.iter().any(|allowed| allowed == host)
    }
}

sextant_sdk::export!(Preflight: policy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_hosts_are_told_apart() {
        let check = |settings: &str, kind: &str, expected: bool| {
            let settings: Settings = serde_json::from_str(settings).expect("settings");
            assert_eq!(settings.denies(kind, "10.0.0.1"), expected, "{kind}");
        };
        check("{}", "disk-space", true);
        check(r#"{"deny": ["disk-space"]}"#, "disk-space", true);
        check(r#"{"deny": ["disk-space"]}"#, "clock-skew", false);
        check(r#"{"deny": []}"#, "clock-skew", false);
        check(r#"{"allow_hosts": ["10.0.0.1"]}"#, "disk-space", false);
    }
}

//! How a failed boot left the hosts: which run the new version, which still the old one.

use std::collections::BTreeMap;

use commands::Machine;
use journal::Account;
use plan::{Action, Plan};

/// A line per host and role, where they are not all alike.
pub(crate) fn left(account: &Account, plan: &Plan) -> Vec<String> {
    let mut states: BTreeMap<String, &'static str> = BTreeMap::new();
    for track in plan.apply.iter().flat_map(|stage| &stage.tracks) {
        for block in &track.blocks {
            let (Some(role), Machine::Host(host)) = (&block.role, &track.machine) else { continue };
            let serves = |action: &Action| matches!(action, Action::Route { .. } | Action::AwaitHealthy { .. });
            let Some(step) = block.start.iter().find(|step| serves(&step.action)) else { continue };
            let sent = account.steps.iter().rev().find(|sent| sent.step.id == step.id && sent.machine == track.machine);
            let state = match sent.map(|sent| sent.exit) {
                Some(Some(0)) => "runs the new version",
                Some(_) => "failed, and keeps the version that it had",
                None => "was not reached, and keeps the version that it had",
            };
            states.insert(format!("{host}, role {role}"), state);
        }
    }
    let unlike = states.values().any(|state| *state == "runs the new version")
        && states.values().any(|state| *state != "runs the new version");
    let lines = states.iter().map(|(place, state)| format!("{place}: {state}"));
    if unlike { lines.collect() } else { Vec::new() }
}

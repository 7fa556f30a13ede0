//! What is known of a run that did not end, for whoever takes it up.

use commands::Machine;
use plan::Interrupted;

use crate::account::{Account, Trace};
use crate::entry::Entry;
use crate::saved::SavedPlan;

/// Kinds of steps that nobody undoes, with what is said of them.
const LASTING: [(&str, &str); 5] = [
    ("boot-proxy", "the proxy was started: it goes on running"),
    ("start-accessory", "accessories were started: they go on running"),
    ("install-docker", "docker was installed: it stays"),
    ("prune-containers", "old containers were removed for good"),
    ("prune-images", "old images were removed for good"),
];

/// Kinds of steps that come after the image got to the registry.
const AFTER_THE_PUSH: [&str; 2] = ["pull", "require-service-label"];

/// Kinds of steps that bring the image to the registry, if it gets there.
const PUSHING: [&str; 5] = ["build", "pack", "push", "publish", "publish-files"];

/// What is known of a run: from the accounts of it and of the runs that it took up, the latest first, each with the plan that was kept.
pub fn interrupted(chain: &[(Account, Option<SavedPlan>)]) -> Option<Interrupted> {
    let (latest, _) = chain.first()?;
    let traces = || chain.iter().flat_map(|(account, _)| &account.steps);
    let sent = |kinds: &[&str]| traces().any(|trace| kinds.contains(&trace.step.kind.as_str()));
    let ended_well = |kind: &str| traces().any(|trace| trace.step.kind == kind && trace.exit == Some(0));
    let image_is_pushed = sent(&AFTER_THE_PUSH);
    let is_ours = image_is_pushed && PUSHING.iter().any(|kind| ended_well(kind));
    let pushed = is_ours.then_some("the image was pushed: it stays in the registry");
    let others = LASTING.iter().filter(|(kind, _)| ended_well(kind)).map(|(_, said)| *said);
    Some(Interrupted {
        run: latest.beginning.run.clone(),
        image_is_pushed,
        boots: boots(traces()),
        scripts: traces().filter(|trace| trace.exit == Some(0)).filter_map(script).collect(),
        lasting: pushed.into_iter().chain(others).map(str::to_string).collect(),
        before: chain.iter().rev().find_map(|(_, saved)| Some(saved.as_ref()?.basis.facts.clone())),
    })
}

/// The boots that were begun: host, role, and whether all steps ended.
fn boots<'t>(traces: impl Iterator<Item = &'t Trace>) -> Vec<(String, String, bool)> {
    let mut boots: Vec<(String, String, bool)> = Vec::new();
    for trace in traces {
        let (Machine::Host(host), Some(role)) = (&trace.machine, &trace.role) else { continue };
        let ended = trace.exit.is_some();
        match boots.iter_mut().find(|(on, of, _)| on == host && of == role) {
            Some((_, _, all)) => *all &= ended,
            None => boots.push((host.clone(), role.clone(), ended)),
        }
    }
    boots
}

/// The name of a hook script, if the step ran one: its title ends with it.
fn script(trace: &Trace) -> Option<String> {
    let is_script = trace.step.kind == "hook-script";
    is_script.then(|| trace.step.title.rsplit(' ').next().unwrap_or_default().to_string())
}

/// The journals that a host of the lock keeps, as `commands::lease::interrupted` prints them: the one that holds the lock last.
pub fn left_on_host(printed: &str) -> Vec<Account> {
    let begins =
        |line: &str| serde_json::from_str::<crate::Line>(line).is_ok_and(|l| matches!(l.entry, Entry::Began(_)));
    let mut journals: Vec<String> = Vec::new();
    for line in printed.lines() {
        if begins(line) {
            journals.push(String::new());
        }
        if let Some(journal) = journals.last_mut().filter(|_| line.starts_with('{')) {
            journal.push_str(line);
            journal.push('\n');
        }
    }
    journals.iter().filter_map(|journal| Account::read(journal)).collect()
}

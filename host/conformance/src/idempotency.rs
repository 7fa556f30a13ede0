//! Whether the steps of a plugin can be carried out twice: after a run that broke off, or by somebody who runs it again.
//!
//! A scripted machine carries the steps out, is observed, and the plugin is asked again. What runs, what is routed and what is named
//! must be the same after the second time as after the first.

use std::collections::BTreeMap;
use std::sync::Arc;

use plan::hooks::{Place, Proposal};
use plan::{Facts, HostFacts};
use plugin_runtime::{Question, Told};

use crate::machine::Machine;
use crate::{Outcome, Trial};

/// The operator's machine, among hosts.
const LOCAL: &str = "";

type Machines = BTreeMap<String, Machine>;

/// Carries the steps of every stage out twice.
pub(crate) fn check(trial: &Trial<'_>) -> Outcome {
    if trial.attempts.iter().all(|tried| tried.attempt.told.steps().is_empty()) {
        return Outcome::Skipped("it proposes no steps".to_string());
    }
    let mut unprobed = Vec::new();
    for (stage, tried) in trial.by_stage() {
        let questions: Vec<&Question> = tried.iter().map(|tried| &tried.question).collect();
        match twice(trial, stage, &questions) {
            Ok(programs) => unprobed.extend(programs),
            Err(reason) => return Outcome::Fail(format!("on {}: {reason}", trial.stages[stage].name)),
        }
    }
    match unprobed.first() {
        None => Outcome::Ok,
        Some(program) => Outcome::Warn(format!(
            "a step runs `{program}` without a probe (`unless`): whether it may run twice cannot be told"
        )),
    }
}

fn twice(trial: &Trial<'_>, stage: usize, questions: &[&Question]) -> Result<Vec<String>, String> {
    let run = &trial.stages[stage].run;
    let mut facts = Facts::clone(&trial.stages[stage].facts);
    let mut machines: Machines =
        facts.hosts.iter().map(|(host, facts)| (host.clone(), Machine::observed(facts))).collect();
    for host in run.selection.hosts.iter().map(String::as_str).chain([LOCAL]) {
        machines.entry(host.to_string()).or_insert_with(|| Machine::observed(&HostFacts::bare()));
    }
    let mut left = Vec::new();
    for round in ["first", "second"] {
        let observed = Arc::new(facts.clone());
        for question in questions {
            let Some(attempt) = trial.ask_on(run, &observed, question, &trial.granted) else { continue };
            carry_out(&mut machines, question, &attempt.told, &run.selection.app_hosts)
                .map_err(|(step, reason)| format!("the {round} time `{step}` fails: {reason}"))?;
        }
        facts.hosts = machines
            .iter()
            .filter(|(host, _)| *host != LOCAL)
            .map(|(host, machine)| (host.clone(), machine.facts()))
            .collect();
        left.push(machines.iter().map(|(host, machine)| (host.clone(), machine.essence())).collect::<Vec<_>>());
    }
    for (first, second) in left[0].iter().zip(&left[1]) {
        if first != second {
            let host = if first.0 == LOCAL { "the operator's machine" } else { &first.0 };
            return Err(format!(
                "after the second time {host} is not as after the first: {}",
                difference(first, second)
            ));
        }
    }
    Ok(machines.into_values().flat_map(|machine| machine.unprobed).collect())
}

fn difference<T: std::fmt::Debug>(first: &T, second: &T) -> String {
    format!("{first:?}, then {second:?}")
}

/// Carries an answer out where it belongs. The error is a step's title and why it failed.
fn carry_out(
    machines: &mut Machines,
    question: &Question,
    told: &Told,
    app_hosts: &[String],
) -> Result<(), (String, String)> {
    let hosts: Vec<String> = match question {
        Question::PreLogin { place: Place::Hosts, .. } => app_hosts.to_vec(),
        Question::Tag { host } | Question::Boot { host, .. } => vec![host.clone()],
        _ => vec![LOCAL.to_string()],
    };
    let steps: Vec<&Proposal> = match told {
        Told::Boot { start, finish, .. } => start.iter().chain(finish).collect(),
        other => other.steps(),
    };
    for host in hosts {
        let machine = machines.entry(host).or_default();
        for step in &steps {
            machine.carry_out(step).map_err(|reason| (step.title.clone(), reason))?;
        }
    }
    Ok(())
}

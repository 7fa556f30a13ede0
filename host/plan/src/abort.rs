//! `abort`: puts back what ran before a run that did not end, and says what it cannot undo.

use configuration::Role;

use crate::action::Action;
use crate::error::PlanError;
use crate::facts::{Container, Facts};
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, on_hosts, route};

/// One track per host: the container that served before serves again, the new one goes, the old image is the latest one again.
pub(crate) fn abort(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    let Some(interrupted) = &planner.run.takes_up else { return Err(PlanError::NothingToAbort) };
    let Some(before) = &interrupted.before else {
        return Err(PlanError::UnknownPast { run: interrupted.run.clone() });
    };
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.notes
        .extend(interrupted.scripts.iter().map(|script| format!("the hook script {script} ran: what it did stays")));
    plan.notes.extend(interrupted.lasting.iter().cloned());
    let mut notes = Vec::new();
    let steps: Vec<_> = planner
        .run
        .selection
        .app_hosts
        .iter()
        .map(|host| {
            let roles = planner.roles_on(host).into_iter();
            let mut steps: Vec<Step> =
                roles.flat_map(|role| put_back(planner, before, host, role, &mut notes)).collect();
            steps.extend(tag_back(planner, before, host));
            (host.clone(), steps)
        })
        .collect();
    plan.notes.extend(notes);
    let of = |host: &str| steps.iter().find(|(on, _)| on == host).map(|(_, steps)| steps.clone()).unwrap_or_default();
    plan.apply.extend(Stage::of_steps("Put back what ran before", on_hosts(&planner.run.selection.app_hosts, of)));
    Ok(plan)
}

/// A role of a host as it was before.
fn put_back(planner: &Planner<'_>, before: &Facts, host: &str, role: &Role, notes: &mut Vec<String>) -> Vec<Step> {
    let run = planner.run;
    let facts = planner.facts.host(host);
    let known = |id: &str| before.host(host).containers.iter().any(|container| container.id == id);
    let service = run.configuration.container_prefix(&role.name);
    let new: Vec<&Container> = facts
        .containers
        .iter()
        .filter(|container| container.name == planner.container_name(role) && !known(&container.id))
        .collect();
    let old = before.current(run, host, &role.name);
    let there = old.and_then(|old| facts.containers.iter().find(|container| container.id == old.id));
    if let (Some(old), None) = (old, there) {
        notes.push(format!("{} is gone from {host}: role {} stays as it is there", old.name, role.name));
        return Vec::new();
    }
    let mut steps = Vec::new();
    if let Some(there) = there {
        if !there.runs() {
            let resume = Action::ResumeContainer { name: there.name.clone() };
            steps.push(Step::new(format!("start container {}", there.name), resume));
        }
        // Also where it still runs: the requests may go to the new one by now.
        if let Some(proxy) = role.proxy.as_ref().filter(|_| !there.runs() || !new.is_empty()) {
            steps.push(route(run, proxy, Some(&role.name), &service, &there.name));
        }
    } else if role.proxy.is_some() && !new.is_empty() {
        let unroute = Action::Unroute { service: service.clone() };
        steps.push(Step::new(format!("stop routing requests for {service}"), unroute).may_fail());
    }
    for container in new {
        let stop = Action::StopContainer {
            name: container.name.clone(),
            id: Some(container.id.clone()),
            timeout: role.stop_timeout,
        };
        let limit = role.stop_timeout.unwrap_or(10) + 120;
        steps.push(Step::new(format!("stop container {}", container.name), stop).may_fail().within(limit));
        let remove = Action::RemoveContainer { name: container.name.clone() };
        steps.push(Step::new(format!("remove container {}", container.name), remove).within(60));
    }
    if let (Some(old), Some(there)) = (old, there)
        && old.name != there.name
    {
        let rename = Action::RenameContainer { name: there.name.clone(), to: old.name.clone() };
        steps.push(Step::new(format!("rename {} back to {}", there.name, old.name), rename).within(60));
    }
    if !steps.is_empty() {
        steps.push(planner.audit(Some(&role.name), &format!("Aborted app version {}", run.version)));
    }
    steps
}

/// The image that was the latest one is so again.
fn tag_back(planner: &Planner<'_>, before: &Facts, host: &str) -> Option<Step> {
    let latest = planner.run.configuration.latest_image();
    let old = before.host(host).image(&latest)?;
    let is_moved = planner.facts.host(host).image(&latest).is_some_and(|now| now.id != old.id);
    let tag = Action::Tag { image: old.id.clone(), name: latest.clone() };
    is_moved.then(|| Step::new(format!("tag the image that was before as {latest}"), tag).may_fail())
}

//! The proxy in front of the app: boot, reboot, removal.

use commands::Machine;
use commands::proxy::CONTAINER;

use crate::action::Action;
use crate::error::PlanError;
use crate::login;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, Script, on_hosts};

/// `proxy boot`.
pub(crate) fn boot(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    planner.require_current_proxy()?;
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    // Kamal logs in here too: the proxy's image may be in the project's registry.
    let login = login::on_hosts(planner, &planner.run.configuration.registry)?;
    plan.apply = boot_stages(planner, &login, &mut plan.notes).into_iter().collect();
    Ok(plan)
}

/// `proxy reboot`: all hosts at once, or one after the other.
pub(crate) fn reboot(planner: &Planner<'_>, rolling: bool) -> Result<Plan, PlanError> {
    let hosts = &planner.run.selection.proxy_hosts;
    let groups: Vec<Vec<String>> =
        if rolling { hosts.iter().map(|host| vec![host.clone()]).collect() } else { vec![hosts.clone()] };
    let login = login::on_hosts(planner, &planner.run.configuration.registry)?;
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    for group in groups.iter().filter(|group| !group.is_empty()) {
        let script = || Script { hosts: Some(group), locked: true, ..Script::default() };
        plan.apply.extend(planner.script_stage("pre-proxy-reboot", script()));
        let tracks = on_hosts(group, |_| {
            let mut steps = vec![planner.audit(None, "Rebooted proxy")];
            steps.extend(login.clone());
            steps.extend([
                Step::new("stop the proxy", Action::StopProxy).may_fail(),
                Step::new("remove the proxy's container", Action::RemoveProxyContainer),
                apps_directory(),
                Step::new("start the proxy", Action::RunProxy),
            ]);
            steps
        });
        plan.apply.extend(Stage::of_steps(format!("Reboot the proxy on {}", group.join(", ")), tracks));
        plan.apply.extend(planner.script_stage("post-proxy-reboot", script()));
    }
    Ok(plan)
}

/// `proxy remove`: refuses while other apps use it.
pub(crate) fn remove(planner: &Planner<'_>, force: bool) -> Result<Plan, PlanError> {
    let used = |host: &&String| !planner.facts.host(host).apps.is_empty();
    let hosts: Vec<String> = planner.run.selection.proxy_hosts.iter().filter(used).cloned().collect();
    if !force && !hosts.is_empty() {
        return Err(PlanError::ProxyInUse { hosts });
    }
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply.extend(remove_stage(planner, &planner.run.selection.proxy_hosts));
    Ok(plan)
}

/// Removes the proxy from these hosts.
pub(crate) fn remove_stage(planner: &Planner<'_>, hosts: &[String]) -> Option<Stage> {
    let tracks = on_hosts(hosts, |_| {
        vec![
            planner.audit(None, "Stopped proxy"),
            Step::new("stop the proxy", Action::StopProxy).may_fail(),
            planner.audit(None, "Removed proxy container"),
            Step::new("remove the proxy's container", Action::RemoveProxyContainer),
            planner.audit(None, "Removed proxy image"),
            Step::new("remove the proxy's image", Action::RemoveProxyImage),
            Step::new("remove the proxy's directory", Action::RemovePath { path: ".kamal/proxy".into() }).may_fail(),
        ]
    });
    Stage::of_steps("Remove the proxy", tracks)
}

/// Makes sure that the network is there and the proxy runs, logging in first. Where that is so already, nothing is planned.
pub(crate) fn boot_stages(planner: &Planner<'_>, login: &[Step], notes: &mut Vec<String>) -> Option<Stage> {
    let selection = &planner.run.selection;
    let mut running = Vec::new();
    let tracks: Vec<(Machine, Vec<Step>)> = selection
        .hosts
        .iter()
        .map(|host| {
            let facts = planner.facts.host(host);
            let mut steps = Vec::new();
            if !facts.network {
                let create = Action::CreateNetwork { name: "kamal".into() };
                steps.push(Step::new("create docker's network kamal", create).within(60));
            }
            if selection.proxy_hosts.contains(host) {
                if facts.container(CONTAINER).is_some_and(|proxy| proxy.runs()) {
                    running.push(host.clone());
                } else {
                    steps.extend(login.iter().cloned());
                    steps.push(apps_directory());
                    steps.push(Step::new("start the proxy", Action::BootProxy));
                }
            }
            (Machine::Host(host.clone()), steps)
        })
        .collect();
    if !running.is_empty() {
        notes.push(format!("kamal-proxy runs already on {}", running.join(", ")));
    }
    Stage::of_steps("Start the proxy", tracks)
}

fn apps_directory() -> Step {
    Step::new("make the proxy's directory", Action::MakeDirectory { path: ".kamal/proxy/apps-config".into() })
        .within(60)
}

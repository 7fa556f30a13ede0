//! Starting, stopping and removing the app, and removing everything.

use commands::Machine;
use configuration::Role;

use crate::action::Action;
use crate::error::PlanError;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, on_hosts, route};
use crate::{accessories, deploy, proxy, registry};

/// `app start`: starts the version's stopped containers and routes requests to them.
pub(crate) fn start(planner: &Planner<'_>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply
        .extend(Stage::of_steps("Start the app", per_role(planner, |host, role| start_steps(planner, host, role))));
    plan
}

fn start_steps(planner: &Planner<'_>, host: &str, role: &Role) -> Vec<Step> {
    let run = planner.run;
    let prefix = run.configuration.container_prefix(&role.name);
    let name = format!("{prefix}-{}", run.version);
    let resume = Action::ResumeContainer { name: name.clone() };
    let current = planner.facts.current(run, host, &role.name).map_or(name.clone(), |container| container.name.clone());
    let mut steps = vec![
        planner.audit(None, &format!("Started app version {}", run.version)),
        Step::new(format!("start container {name}"), resume).may_fail(),
    ];
    steps.extend(role.proxy.as_ref().map(|proxy| route(run, proxy, Some(&role.name), &prefix, &current)));
    steps
}

/// `app stop`.
pub(crate) fn stop(planner: &Planner<'_>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply.extend(stop_stage(planner));
    plan
}

/// `app stale_containers --stop`.
pub(crate) fn stop_stale(planner: &Planner<'_>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply.extend(deploy::all_stale_containers(planner));
    plan
}

/// `app live`: requests get through again.
pub(crate) fn live(planner: &Planner<'_>) -> Plan {
    proxied(planner, "Let requests through", |_, service| {
        Step::new(format!("let requests to {service} through"), Action::LetThrough { service })
    })
}

/// `app maintenance`: requests are answered by the proxy alone.
pub(crate) fn maintenance(planner: &Planner<'_>, drain_timeout: Option<u64>, message: Option<&str>) -> Plan {
    let drain_timeout = drain_timeout.unwrap_or(planner.run.configuration.drain_timeout);
    proxied(planner, "Hold requests back", |_, service| {
        let title = format!("hold requests to {service} back");
        let hold = Action::HoldBack { service, drain_timeout, message: message.map(str::to_string) };
        Step::new(title, hold).within(drain_timeout + 120)
    })
}

/// `app remove_container`: the stopped containers of a version, on the hosts that have one.
pub(crate) fn remove_container(planner: &Planner<'_>, version: &str) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    let stage = Stage::of_steps(
        format!("Remove containers of version {version}"),
        per_role(planner, |host, role| {
            let name = format!("{}-{version}", planner.run.configuration.container_prefix(&role.name));
            if planner.facts.host(host).container(&name).is_none() {
                return Vec::new();
            }
            vec![
                planner.audit(Some(&role.name), &format!("Removed app container with version {version}")),
                Step::new(format!("remove container {name}"), Action::RemoveContainer { name }),
            ]
        }),
    );
    if stage.is_none() && !planner.facts.hosts.is_empty() {
        let hosts = planner.run.selection.app_hosts.clone();
        return Err(PlanError::NothingToRemove { version: version.to_string(), hosts });
    }
    plan.apply.extend(stage);
    Ok(plan)
}

/// `app remove_containers`: all that are stopped.
pub(crate) fn remove_containers(planner: &Planner<'_>) -> Plan {
    let steps = |_: &str, role: &Role| containers_of(planner, role).into();
    locked(planner, "Remove the app's containers", per_role(planner, steps))
}

/// `app remove_images`.
pub(crate) fn remove_images(planner: &Planner<'_>) -> Plan {
    locked(planner, "Remove the app's images", per_whole_host(planner, |_| images(planner).into()))
}

/// `app remove_app_directories`.
pub(crate) fn remove_directories(planner: &Planner<'_>) -> Plan {
    locked(planner, "Remove the app's directories", per_whole_host(planner, |_| directories(planner).into()))
}

/// `app remove`: containers, images and directories of the app.
pub(crate) fn remove(planner: &Planner<'_>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply = remove_stages(planner);
    plan
}

/// `remove`: the app, the proxy if no other app uses it, accessories, and the registry login.
pub(crate) fn remove_everything(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    let run = planner.run;
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply = remove_stages(planner);
    // Where every role of the host goes, the app's own directory has gone by then: what is left belongs to whoever needs the proxy.
    let directory = run.configuration.application_directory();
    let own = directory.rsplit('/').next();
    let shared = |host: &&String| {
        let goes = every_role_selected(planner, host);
        planner.facts.host(host).apps.iter().any(|app| !goes || Some(app.as_str()) != own)
    };
    let (shared, alone): (Vec<&String>, Vec<&String>) = run.selection.proxy_hosts.iter().partition(shared);
    if shared.is_empty() {
        let hosts: Vec<String> = alone.into_iter().cloned().collect();
        plan.apply.extend(proxy::remove_stage(planner, &hosts));
    } else {
        let hosts = shared.into_iter().cloned().collect::<Vec<_>>().join(", ");
        plan.notes.push(format!("the proxy stays: other apps are installed on {hosts}"));
    }
    plan.apply.extend(accessories::remove_stages(planner, &planner.accessories(None)?));
    let logout = registry::logout(planner);
    let tracks = on_hosts(&run.selection.hosts, |_| logout.clone());
    plan.apply.extend(Stage::of_steps("Log out of the registry", tracks));
    Ok(plan)
}

fn stop_stage(planner: &Planner<'_>) -> Option<Stage> {
    Stage::of_steps("Stop the app", per_role(planner, |host, role| stop_steps(planner, host, role)))
}

fn stop_steps(planner: &Planner<'_>, host: &str, role: &Role) -> Vec<Step> {
    let mut steps = vec![planner.audit(Some(&role.name), "Stopped app")];
    let Some(current) = planner.facts.current(planner.run, host, &role.name) else { return steps };
    if role.proxy.is_some() {
        let service = planner.run.configuration.container_prefix(&role.name);
        let title = format!("stop routing requests to {service}");
        steps.push(Step::new(title, Action::Unroute { service }).may_fail());
    }
    let (name, id) = (current.name.clone(), Some(current.id.clone()));
    let stop = Action::StopContainer { name, id, timeout: role.stop_timeout };
    steps.push(Step::new(format!("stop container {}", current.name), stop).may_fail());
    steps
}

fn remove_stages(planner: &Planner<'_>) -> Vec<Stage> {
    let removal = on_hosts(&planner.run.selection.app_hosts, |host| {
        let roles = planner.roles_on(host);
        let mut steps: Vec<Step> = roles.into_iter().flat_map(|role| containers_of(planner, role)).collect();
        if every_role_selected(planner, host) {
            steps.extend(images(planner));
            steps.extend(directories(planner));
        }
        steps
    });
    stop_stage(planner).into_iter().chain(Stage::of_steps("Remove the app", removal)).collect()
}

fn containers_of(planner: &Planner<'_>, role: &Role) -> [Step; 2] {
    let configuration = &planner.run.configuration;
    let labels = vec![
        ("service".to_string(), configuration.service.clone()),
        ("destination".to_string(), configuration.destination.clone().unwrap_or_default()),
        ("role".to_string(), role.name.clone()),
    ];
    let title = format!("remove all stopped containers of {}", role.name);
    [
        planner.audit(Some(&role.name), "Removed all app containers"),
        Step::new(title, Action::RemoveContainers { labels }),
    ]
}

fn images(planner: &Planner<'_>) -> [Step; 2] {
    let label = ("service".to_string(), planner.run.configuration.service.clone());
    [
        planner.audit(None, "Removed all app images"),
        Step::new("remove all unused images of the app", Action::RemoveImages { label }),
    ]
}

fn directories(planner: &Planner<'_>) -> [Step; 3] {
    let application = planner.run.configuration.application_directory();
    let proxy = application.replacen(".kamal/apps", ".kamal/proxy/apps-config", 1);
    let remove = |path: &str| Step::new(format!("remove {path}"), Action::RemovePath { path: path.into() }).may_fail();
    [remove(&application), planner.audit(None, &format!("Removed {application}")), remove(&proxy)]
}

/// A plan of one stage under the lock.
fn locked(planner: &Planner<'_>, title: &str, tracks: Vec<(Machine, Vec<Step>)>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply.extend(Stage::of_steps(title, tracks));
    plan
}

/// A plan with a step for every role that the proxy knows, on every host where it does; the step gets the role's name at the proxy.
fn proxied(planner: &Planner<'_>, title: &str, step: impl Fn(&str, String) -> Step) -> Plan {
    let tracks = on_hosts(&planner.run.selection.proxy_hosts, |host| {
        let roles = planner.roles_on(host).into_iter().filter(|role| role.proxy.is_some());
        roles.map(|role| step(host, planner.run.configuration.container_prefix(&role.name))).collect()
    });
    locked(planner, title, tracks)
}

/// Steps for the app hosts of which every role is selected: what belongs to all roles of a host stays as long as one of them does.
fn per_whole_host(planner: &Planner<'_>, steps: impl Fn(&str) -> Vec<Step>) -> Vec<(Machine, Vec<Step>)> {
    let hosts = planner.run.selection.app_hosts.iter().filter(|host| every_role_selected(planner, host));
    on_hosts(&hosts.cloned().collect::<Vec<_>>(), steps)
}

/// Steps for every role of every app host, the primary role first.
fn per_role(planner: &Planner<'_>, steps: impl Fn(&str, &Role) -> Vec<Step>) -> Vec<(Machine, Vec<Step>)> {
    on_hosts(&planner.run.selection.app_hosts, |host| {
        planner.roles_on(host).into_iter().flat_map(|role| steps(host, role)).collect()
    })
}

fn every_role_selected(planner: &Planner<'_>, host: &str) -> bool {
    let of_host = planner.run.configuration.roles.iter().filter(|role| role.hosts.iter().any(|own| own.name == host));
    of_host.into_iter().all(|role| planner.run.selection.roles.contains(&role.name))
}

//! Starting, stopping and removing the app, and removing everything.

use commands::Machine;
use configuration::Role;

use crate::action::Action;
use crate::error::PlanError;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, on_hosts, route};
use crate::{accessories, proxy};

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
    steps.extend(role.proxy.as_ref().map(|proxy| route(proxy, &prefix, &current)));
    steps
}

/// `app stop`.
pub(crate) fn stop(planner: &Planner<'_>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply.extend(stop_stage(planner));
    plan
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
    plan.apply.extend(accessories::remove_stages(planner, None)?);
    if run.configuration.registry.credentials.is_some() {
        let server = run.configuration.registry.server.clone();
        let title = format!("log out of {}", server.as_deref().unwrap_or("Docker Hub"));
        let tracks = on_hosts(&run.selection.hosts, |_| {
            vec![Step::new(&title, Action::Logout { server: server.clone() }).within(60)]
        });
        plan.apply.extend(Stage::of_steps("Log out of the registry", tracks));
    }
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
        let mut steps: Vec<Step> = roles.into_iter().flat_map(|role| remove_containers(planner, role)).collect();
        // Images and directories belong to all roles of a host: they stay as long as a role of it does.
        if every_role_selected(planner, host) {
            steps.extend(remove_images_and_directories(planner));
        }
        steps
    });
    stop_stage(planner).into_iter().chain(Stage::of_steps("Remove the app", removal)).collect()
}

fn remove_containers(planner: &Planner<'_>, role: &Role) -> [Step; 2] {
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

fn remove_images_and_directories(planner: &Planner<'_>) -> [Step; 5] {
    let configuration = &planner.run.configuration;
    let label = ("service".to_string(), configuration.service.clone());
    let application = configuration.application_directory();
    let proxy = application.replacen(".kamal/apps", ".kamal/proxy/apps-config", 1);
    let remove = |path: &str| Step::new(format!("remove {path}"), Action::RemovePath { path: path.into() }).may_fail();
    [
        planner.audit(None, "Removed all app images"),
        Step::new("remove all unused images of the app", Action::RemoveImages { label }),
        remove(&application),
        planner.audit(None, &format!("Removed {application}")),
        remove(&proxy),
    ]
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

//! Accessories: boot and removal.

use std::collections::BTreeMap;

use commands::Machine;
use commands::docker::Container;
use configuration::Accessory;

use crate::action::Action;
use crate::error::PlanError;
use crate::login;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, on_hosts, route};

/// `accessory boot`.
pub(crate) fn boot(planner: &Planner<'_>, name: Option<&str>) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply = boot_stages(planner, name, &mut plan.notes)?;
    Ok(plan)
}

/// Boots accessories on those of their hosts that have no container of them yet.
pub(crate) fn boot_stages(
    planner: &Planner<'_>,
    name: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Vec<Stage>, PlanError> {
    let mut tracks: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    for accessory in planner.accessories(name)? {
        let (booted, hosts): (Vec<String>, Vec<String>) =
            planner.accessory_hosts(accessory).into_iter().partition(|host| exists(planner, accessory, host));
        if !booted.is_empty() {
            let (name, hosts) = (&accessory.name, booted.join(", "));
            notes.push(format!("accessory {name} is left alone on {hosts}: a container already exists"));
        }
        for host in hosts {
            let steps = boot_steps(planner, accessory, &host)?;
            tracks.entry(host).or_default().extend(steps);
        }
    }
    let tracks = tracks.into_iter().map(|(host, steps)| (Machine::Host(host), steps));
    Ok(Stage::of_steps("Boot accessories", tracks).into_iter().collect())
}

/// `accessory remove`: containers, images and data directories.
pub(crate) fn remove(planner: &Planner<'_>, name: Option<&str>) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply = remove_stages(planner, name)?;
    Ok(plan)
}

/// Removes accessories from their hosts.
pub(crate) fn remove_stages(planner: &Planner<'_>, name: Option<&str>) -> Result<Vec<Stage>, PlanError> {
    let mut stages = Vec::new();
    for accessory in planner.accessories(name)? {
        let tracks = on_hosts(&planner.accessory_hosts(accessory), |host| remove_steps(planner, accessory, host));
        stages.extend(Stage::of_steps(format!("Remove accessory {}", accessory.name), tracks));
    }
    Ok(stages)
}

fn boot_steps(planner: &Planner<'_>, accessory: &Accessory, host: &str) -> Result<Vec<Step>, PlanError> {
    let configuration = &planner.run.configuration;
    let mut steps = login::on_hosts(planner, accessory.registry.as_ref().unwrap_or(&configuration.registry))?;
    if !planner.facts.host(host).network && accessory.network == "kamal" {
        let create = Action::CreateNetwork { name: accessory.network.clone() };
        steps.push(Step::new("create docker's network kamal", create).within(60));
    }
    for directory in &accessory.directories {
        let path = on_the_host(&directory.host_path);
        steps
            .push(Step::new(format!("make directory {path}"), Action::MakeDirectory { path: path.clone() }).within(60));
        if let Some(mode) = &directory.mode {
            let change = Action::ChangeMode { path: path.clone(), mode: mode.clone() };
            steps.push(Step::new(format!("set the mode of {path} to {mode}"), change).within(60));
        }
        if let Some(owner) = &directory.owner {
            let change = Action::ChangeOwner { path: path.clone(), owner: owner.clone() };
            steps.push(Step::new(format!("give {path} to {owner}"), change).within(60));
        }
    }
    let file = configuration.accessory_environment_file(&accessory.name);
    let secrets: Vec<(String, String)> =
        accessory.environment.secret.iter().map(|(name, secret)| (name.clone(), secret.clone())).collect();
    let container = container(accessory, host, &file);
    steps.push(planner.audit(None, &format!("Booted {} accessory", accessory.name)));
    steps
        .push(Step::new("write the environment file", Action::WriteEnvironmentFile { path: file, secrets }).within(60));
    let title = format!("start container {} from {}", accessory.service_name, accessory.image);
    steps.push(Step::new(title, Action::StartAccessory(container)).within(60 * 30));
    let service = &accessory.service_name;
    steps.extend(accessory.proxy.as_ref().map(|proxy| route(proxy, service, service)));
    Ok(steps)
}

fn container(accessory: &Accessory, host: &str, environment_file: &str) -> Container {
    let mut environment = vec![("KAMAL_HOST".to_string(), Some(host.to_string()))];
    environment.extend(accessory.environment.clear.iter().map(|(name, text)| (name.clone(), text.clone())));
    let mut volumes = accessory.volumes.clone();
    volumes.extend(accessory.directories.iter().map(|directory| {
        let options = directory.options.as_ref().map(|options| format!(":{options}")).unwrap_or_default();
        format!("{}:{}{options}", on_the_host(&directory.host_path), directory.container_path)
    }));
    let mut labels = vec![("service".to_string(), Some(accessory.service_name.clone()))];
    labels.extend(accessory.labels.iter().map(|(name, text)| (name.clone(), text.clone())));
    Container {
        name: accessory.service_name.clone(),
        image: accessory.image.clone(),
        restart: Some(accessory.restart.clone()),
        network: Some(accessory.network.clone()),
        environment,
        environment_files: vec![environment_file.to_string()],
        log_driver: accessory.logging.driver.clone(),
        log_options: accessory.logging.options.iter().map(|(name, text)| (name.clone(), text.clone())).collect(),
        publish: accessory.port.iter().cloned().collect(),
        volumes,
        labels,
        flags: accessory.options.clone(),
        command: accessory.command.clone(),
        ..Container::default()
    }
}

fn remove_steps(planner: &Planner<'_>, accessory: &Accessory, host: &str) -> Vec<Step> {
    let (name, service) = (&accessory.name, &accessory.service_name);
    let mut steps = Vec::new();
    if let Some(container) = planner.facts.host(host).container(service) {
        let stop = Action::StopContainer { name: service.clone(), id: Some(container.id.clone()), timeout: None };
        steps.push(planner.audit(None, &format!("Stopped {name} accessory")));
        steps.push(Step::new(format!("stop container {service}"), stop).may_fail());
    }
    if accessory.proxy.is_some() {
        steps.push(Step::new(
            format!("stop routing requests to {service}"),
            Action::Unroute { service: service.clone() },
        ));
    }
    let labels = vec![("service".to_string(), service.clone())];
    steps.extend([
        planner.audit(None, &format!("Remove {name} accessory container")),
        Step::new(format!("remove container {service}"), Action::RemoveContainers { labels }),
        planner.audit(None, &format!("Removed {name} accessory image")),
        Step::new(format!("remove image {}", accessory.image), Action::RemoveImage { image: accessory.image.clone() }),
        Step::new(format!("remove directory {service} with all data"), Action::RemovePath { path: service.clone() }),
    ]);
    steps
}

fn exists(planner: &Planner<'_>, accessory: &Accessory, host: &str) -> bool {
    let facts = planner.facts.host(host);
    facts.containers.iter().any(|container| container.label("service") == Some(&accessory.service_name))
}

/// Relative paths are below the ssh user's home, which the host's shell calls `$PWD`.
fn on_the_host(path: &str) -> String {
    if path.starts_with('/') || path.starts_with("$PWD/") { path.to_string() } else { format!("$PWD/{path}") }
}

//! Accessories: boot, reboot, start, stop, removal, and the parts of them that can be asked for alone.

use std::collections::BTreeMap;

use commands::Machine;
use commands::docker::Container;
use configuration::{Accessory, Configuration, Directory, File};

use crate::action::Action;
use crate::error::PlanError;
use crate::facts::{self, HostFacts};
use crate::login;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, certificate, on_hosts, route};
use crate::run::AccessoryAct;

/// Whether docker's network is somebody else's concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// It is created where it is missing.
    Create,
    /// An earlier stage of the plan has created it.
    Planned,
}

/// `accessory boot`, `reboot`, `start` and so on, for one accessory or for all.
pub(crate) fn plan(planner: &Planner<'_>, act: AccessoryAct, name: Option<&str>) -> Result<Plan, PlanError> {
    let named = planner.accessories(name)?;
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    let all = &planner.run.selection.accessory_hosts;
    let each = |title: &str, steps: &Steps<'_>| each(planner, &named, all, title, steps);
    plan.apply = match act {
        AccessoryAct::Boot => boot_stages(planner, &named, Network::Create, &mut plan.notes)?,
        AccessoryAct::Reboot => reboot_stages(planner, &named, all, Network::Create)?,
        AccessoryAct::Start => each("Start", &|accessory| start_steps(planner, accessory)),
        AccessoryAct::Stop => each("Stop", &|accessory| stop_steps(planner, accessory)),
        AccessoryAct::Restart => {
            each("Restart", &|accessory| [stop_steps(planner, accessory), start_steps(planner, accessory)].concat())
        }
        AccessoryAct::Remove => remove_stages(planner, &named),
        AccessoryAct::Upgrade { rolling } => upgrade_stages(planner, &named, rolling)?,
        AccessoryAct::Upload => each("Upload the files of", &|accessory| file_steps(planner, accessory)),
        AccessoryAct::Directories => each("Make the directories of", &|accessory| directory_steps(accessory)),
        AccessoryAct::PullImage => each("Pull the image of", &|accessory| pull_steps(planner, accessory).into()),
        AccessoryAct::RemoveContainer => {
            each("Remove the container of", &|accessory| remove_container_steps(planner, accessory).into())
        }
        AccessoryAct::RemoveImage => {
            each("Remove the image of", &|accessory| remove_image_steps(planner, accessory).into())
        }
        AccessoryAct::RemoveServiceDirectory => {
            each("Remove the directory of", &|accessory| vec![remove_directory_step(accessory)])
        }
    };
    Ok(plan)
}

/// Boots accessories, one after the other, on those of their hosts that have no container of them yet. Directories and files are seen
/// to on all of them.
pub(crate) fn boot_stages(
    planner: &Planner<'_>,
    accessories: &[&Accessory],
    network: Network,
    notes: &mut Vec<String>,
) -> Result<Vec<Stage>, PlanError> {
    let mut stages = Vec::new();
    // Two accessories of a host may need the same login and network: once is enough.
    let mut prepared: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    for accessory in accessories {
        let (mut tracks, mut booted) = (Vec::new(), Vec::new());
        for host in planner.accessory_hosts(accessory) {
            let steps = if exists(planner, accessory, &host) {
                booted.push(host.clone());
                [directory_steps(accessory), file_steps(planner, accessory)].concat()
            } else {
                let done = prepared.entry(host.clone()).or_default();
                let mut prepare = prepare_steps(planner, accessory, &host, network)?;
                prepare.retain(|step| !done.contains(step));
                done.extend(prepare.iter().cloned());
                [prepare, boot_steps(planner, accessory, &host)].concat()
            };
            tracks.push((Machine::Host(host), steps));
        }
        if !booted.is_empty() {
            let (name, hosts) = (&accessory.name, booted.join(", "));
            notes.push(format!("Skipping booting `{name}` on {hosts}, a container already exists"));
        }
        stages.extend(Stage::of_steps(format!("Boot accessory {}", accessory.name), tracks));
    }
    Ok(stages)
}

/// Pulls the images and makes the containers of accessories anew, one accessory after the other, on those of their hosts that are in
/// `hosts`.
pub(crate) fn reboot_stages(
    planner: &Planner<'_>,
    accessories: &[&Accessory],
    hosts: &[String],
    network: Network,
) -> Result<Vec<Stage>, PlanError> {
    let mut stages = Vec::new();
    for accessory in accessories {
        let mut tracks = Vec::new();
        for host in planner.accessory_hosts(accessory).into_iter().filter(|host| hosts.contains(host)) {
            let mut steps = prepare_steps(planner, accessory, &host, network)?;
            steps.extend(pull_steps(planner, accessory));
            steps.extend(stop_steps(planner, accessory));
            steps.extend(remove_container_steps(planner, accessory));
            steps.extend(boot_steps(planner, accessory, &host));
            tracks.push((Machine::Host(host), steps));
        }
        stages.extend(Stage::of_steps(format!("Reboot accessory {}", accessory.name), tracks));
    }
    Ok(stages)
}

/// Reboots accessories on all of their hosts, or on one host after the other.
fn upgrade_stages(planner: &Planner<'_>, accessories: &[&Accessory], rolling: bool) -> Result<Vec<Stage>, PlanError> {
    let hosts = &planner.run.selection.accessory_hosts;
    let groups: Vec<&[String]> = if rolling { hosts.chunks(1).collect() } else { vec![hosts] };
    let stages = groups.into_iter().map(|group| reboot_stages(planner, accessories, group, Network::Create));
    Ok(stages.collect::<Result<Vec<_>, _>>()?.concat())
}

/// Removes accessories from their hosts.
pub(crate) fn remove_stages(planner: &Planner<'_>, accessories: &[&Accessory]) -> Vec<Stage> {
    each(planner, accessories, &planner.run.selection.accessory_hosts, "Remove", &|accessory| {
        let mut steps = stop_steps(planner, accessory);
        steps.extend(remove_container_steps(planner, accessory));
        steps.extend(remove_image_steps(planner, accessory));
        steps.push(remove_directory_step(accessory));
        steps
    })
}

/// The steps for an accessory, on each of its hosts.
type Steps<'a> = dyn Fn(&Accessory) -> Vec<Step> + 'a;

/// A stage for each accessory with the steps of all its hosts.
fn each(
    planner: &Planner<'_>,
    accessories: &[&Accessory],
    hosts: &[String],
    title: &str,
    steps: &Steps<'_>,
) -> Vec<Stage> {
    let stage = |accessory: &&Accessory| {
        let mut own = planner.accessory_hosts(accessory);
        own.retain(|host| hosts.contains(host));
        Stage::of_steps(format!("{title} accessory {}", accessory.name), on_hosts(&own, |_| steps(accessory)))
    };
    accessories.iter().filter_map(stage).collect()
}

/// Logs in where the image comes from, and creates docker's network where it is missing.
fn prepare_steps(
    planner: &Planner<'_>,
    accessory: &Accessory,
    host: &str,
    network: Network,
) -> Result<Vec<Step>, PlanError> {
    let registry = accessory.registry.as_ref().unwrap_or(&planner.run.configuration.registry);
    let mut steps = login::on_hosts(planner, registry)?;
    if network == Network::Create && !planner.facts.host(host).network {
        let create = Action::CreateNetwork { name: "kamal".into() };
        steps.push(Step::new("create docker's network kamal", create).within(60));
    }
    Ok(steps)
}

fn boot_steps(planner: &Planner<'_>, accessory: &Accessory, host: &str) -> Vec<Step> {
    let mut steps = [directory_steps(accessory), file_steps(planner, accessory)].concat();
    let file = planner.run.configuration.accessory_environment_file(&accessory.name);
    let secrets: Vec<(String, String)> =
        accessory.environment.secret.iter().map(|(name, secret)| (name.clone(), secret.clone())).collect();
    let container = wanted(&planner.run.configuration, accessory, host);
    steps.push(planner.audit(None, &format!("Booted {} accessory", accessory.name)));
    steps
        .push(Step::new("write the environment file", Action::WriteEnvironmentFile { path: file, secrets }).within(60));
    let title = format!("start container {} from {}", accessory.service_name, accessory.image);
    steps.push(Step::new(title, Action::StartAccessory(container)).within(60 * 30));
    steps.extend(accessory.proxy.iter().flat_map(|proxy| certificate(planner.run, proxy, None)));
    steps.extend(route_step(planner, accessory));
    steps
}

fn start_steps(planner: &Planner<'_>, accessory: &Accessory) -> Vec<Step> {
    let name = accessory.service_name.clone();
    let mut steps = vec![
        planner.audit(None, &format!("Started {} accessory", accessory.name)),
        Step::new(format!("start container {name}"), Action::ResumeAccessory { name }),
    ];
    steps.extend(route_step(planner, accessory));
    steps
}

fn stop_steps(planner: &Planner<'_>, accessory: &Accessory) -> Vec<Step> {
    let service = &accessory.service_name;
    let stop = Action::StopAccessory { name: service.clone() };
    let mut steps = vec![
        planner.audit(None, &format!("Stopped {} accessory", accessory.name)),
        Step::new(format!("stop container {service}"), stop).may_fail(),
    ];
    if accessory.proxy.is_some() {
        let title = format!("stop routing requests to {service}");
        steps.push(Step::new(title, Action::Unroute { service: service.clone() }).may_fail());
    }
    steps
}

fn pull_steps(planner: &Planner<'_>, accessory: &Accessory) -> [Step; 2] {
    let image = &accessory.image;
    [
        planner.audit(None, &format!("Pull {} accessory image", accessory.name)),
        Step::new(format!("pull {image}"), Action::PullAccessoryImage { image: image.clone() }).within(60 * 30),
    ]
}

fn remove_container_steps(planner: &Planner<'_>, accessory: &Accessory) -> [Step; 2] {
    let service = &accessory.service_name;
    let labels = vec![("service".to_string(), service.clone())];
    [
        planner.audit(None, &format!("Remove {} accessory container", accessory.name)),
        Step::new(format!("remove container {service}"), Action::RemoveContainers { labels }),
    ]
}

fn remove_image_steps(planner: &Planner<'_>, accessory: &Accessory) -> [Step; 2] {
    let image = &accessory.image;
    [
        planner.audit(None, &format!("Removed {} accessory image", accessory.name)),
        Step::new(format!("remove image {image}"), Action::RemoveImage { image: image.clone() }),
    ]
}

fn remove_directory_step(accessory: &Accessory) -> Step {
    let path = accessory.service_name.clone();
    Step::new(format!("remove directory {path} with all data"), Action::RemovePath { path })
}

fn directory_steps(accessory: &Accessory) -> Vec<Step> {
    accessory.directories.iter().flat_map(one_directory).collect()
}

fn one_directory(directory: &Directory) -> Vec<Step> {
    let path = directory.path_on_host();
    let make = Action::MakeDirectory { path: path.clone() };
    let mut steps = vec![Step::new(format!("make directory {path}"), make).within(60)];
    steps.extend(mode_and_owner(&path, directory.mode.as_deref(), directory.owner.as_deref()));
    steps
}

fn file_steps(planner: &Planner<'_>, accessory: &Accessory) -> Vec<Step> {
    accessory.files.iter().flat_map(|file| one_file(planner, accessory, file)).collect()
}

/// A template was rendered when the run was made, with the names of secrets where their values belong.
fn one_file(planner: &Planner<'_>, accessory: &Accessory, file: &File) -> Vec<Step> {
    let File { source, host_path, mode, owner, .. } = file;
    let rendered = planner.run.rendered.get(&(accessory.name.clone(), source.clone()));
    let upload = match rendered {
        Some(content) => Action::Overwrite { path: host_path.clone(), content: content.clone() },
        None => Action::Upload { source: source.clone(), path: host_path.clone(), mode: None },
    };
    let mut steps = vec![Step::new(format!("upload {source} to {host_path}"), upload)];
    steps.extend(mode_and_owner(host_path, Some(mode), owner.as_deref()));
    steps
}

fn mode_and_owner(path: &str, mode: Option<&str>, owner: Option<&str>) -> Vec<Step> {
    let mode = mode.map(|mode| {
        let change = Action::ChangeMode { path: path.to_string(), mode: mode.to_string() };
        Step::new(format!("set the mode of {path} to {mode}"), change).within(60)
    });
    let owner = owner.map(|owner| {
        let change = Action::ChangeOwner { path: path.to_string(), owner: owner.to_string() };
        Step::new(format!("give {path} to {owner}"), change).within(60)
    });
    mode.into_iter().chain(owner).collect()
}

fn route_step(planner: &Planner<'_>, accessory: &Accessory) -> Option<Step> {
    let service = &accessory.service_name;
    accessory.proxy.as_ref().map(|proxy| route(planner.run, proxy, None, service, service))
}

/// What the container of an accessory is started with.
pub(crate) fn wanted(configuration: &Configuration, accessory: &Accessory, host: &str) -> Container {
    let mut environment = vec![("KAMAL_HOST".to_string(), Some(host.to_string()))];
    environment.extend(accessory.environment.clear.iter().map(|(name, text)| (name.clone(), text.clone())));
    let mut labels = vec![("service".to_string(), Some(accessory.service_name.clone()))];
    labels.extend(accessory.labels.iter().map(|(name, text)| (name.clone(), text.clone())));
    Container {
        name: accessory.service_name.clone(),
        image: accessory.image.clone(),
        restart: Some(accessory.restart.clone()),
        network: Some(accessory.network.clone()),
        environment,
        environment_files: vec![configuration.accessory_environment_file(&accessory.name)],
        log_driver: accessory.logging.driver.clone(),
        log_options: accessory.logging.options.iter().map(|(name, text)| (name.clone(), text.clone())).collect(),
        publish: accessory.port.iter().cloned().collect(),
        volumes: accessory.mounts(),
        labels,
        flags: accessory.options.clone(),
        command: accessory.command.clone(),
        ..Container::default()
    }
}

fn exists(planner: &Planner<'_>, accessory: &Accessory, host: &str) -> bool {
    container_of(planner.facts.host(host), accessory).is_some()
}

/// The container of an accessory on a host.
pub(crate) fn container_of<'a>(facts: &'a HostFacts, accessory: &Accessory) -> Option<&'a facts::Container> {
    facts.containers.iter().find(|container| container.label("service") == Some(&accessory.service_name))
}

//! The proxy in front of the app: boot, reboot, start, stop, removal, and the settings of its container.

use core::net::IpAddr;
use std::sync::Arc;

use commands::Machine;
use commands::proxy::{CONTAINER, ProxyContainer};
use configuration::{PROXY_DIRECTORY, Proxy, published};

use crate::action::{Action, Part};
use crate::error::PlanError;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, Script, on_hosts};
use crate::run::{BootSettings, ProxyAct, Run};
use crate::{boot, deploy, login, prune};

/// Where the proxy's files are, relative to the ssh user's home.
const DIRECTORY: &str = ".kamal/proxy";

/// `proxy boot`, `reboot`, `start` and so on.
pub(crate) fn plan(planner: &Planner<'_>, act: &ProxyAct) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    let hosts = &planner.run.selection.proxy_hosts;
    let each = |title: &str, steps: &dyn Fn() -> Vec<Step>| {
        Stage::of_steps(title, on_hosts(hosts, |_| steps())).into_iter().collect()
    };
    plan.apply = match act {
        ProxyAct::Boot => {
            planner.require_current_proxy()?;
            // Kamal logs in here too: the proxy's image may be in the project's registry.
            let login = login::on_hosts(planner, &planner.run.configuration.registry)?;
            start_where_needed(planner, |_| login.to_vec(), &mut plan.notes).into_iter().collect()
        }
        ProxyAct::Reboot { rolling } => reboot_stages(planner, *rolling)?,
        ProxyAct::Start => each("Start the proxy", &|| start_steps(planner).into()),
        ProxyAct::Stop => each("Stop the proxy", &|| stop_steps(planner).into()),
        ProxyAct::Restart => {
            each("Restart the proxy", &|| stop_steps(planner).into_iter().chain(start_steps(planner)).collect())
        }
        ProxyAct::Remove { force } => {
            refuse_removal(planner, *force)?;
            remove_stage(planner, hosts).into_iter().collect()
        }
        ProxyAct::RemoveContainer => each("Remove the proxy's container", &|| remove_container_steps(planner).into()),
        ProxyAct::RemoveImage => each("Remove the proxy's image", &|| remove_image_steps(planner).into()),
        ProxyAct::RemoveDirectory => each("Remove the proxy's directory", &|| vec![remove_directory_step()]),
        ProxyAct::Upgrade { rolling } => {
            deploy::require_image(planner)?;
            let mut stages = Vec::new();
            for group in groups(&planner.run.selection.hosts, *rolling) {
                stages.extend(upgrade_stages(planner, group)?);
            }
            stages
        }
        ProxyAct::Configure(settings) => {
            plan.lock = None;
            each("Leave settings for the proxy", &|| settings_steps(settings))
        }
        ProxyAct::ResetConfiguration => {
            plan.lock = None;
            each("Remove the settings for the proxy", &|| SETTINGS.map(remove_setting).into())
        }
    };
    Ok(plan)
}

/// Makes sure that the network is there and the proxy runs, logging in first. Where that is so already, nothing is planned.
pub(crate) fn boot_stages(planner: &Planner<'_>, login: &[Step], notes: &mut Vec<String>) -> Option<Stage> {
    start_where_needed(planner, |runs| if runs { Vec::new() } else { login.to_vec() }, notes)
}

/// Makes sure that the network is there and the proxy runs, after steps that depend on whether it runs already.
fn start_where_needed(
    planner: &Planner<'_>,
    first: impl Fn(bool) -> Vec<Step>,
    notes: &mut Vec<String>,
) -> Option<Stage> {
    let runs = |host: &str| planner.facts.host(host).container(CONTAINER).is_some_and(|proxy| proxy.runs());
    let running: Vec<&str> =
        planner.run.selection.proxy_hosts.iter().map(String::as_str).filter(|host| runs(host)).collect();
    let start = |host: &str| Start { first: first(runs(host)), is_needed: !runs(host) };
    let stage = start_stage(planner, &planner.run.selection.hosts, start);
    if !running.is_empty() {
        notes.push(format!("kamal-proxy runs already on {}", running.join(", ")));
    }
    stage
}

/// How the proxy of a host is started.
struct Start {
    /// Steps that go before.
    first: Vec<Step>,
    /// Whether it has to be started at all.
    is_needed: bool,
}

/// Creates the network where it is missing, and starts the proxy on those of its hosts that need it.
fn start_stage(planner: &Planner<'_>, hosts: &[String], start: impl Fn(&str) -> Start) -> Option<Stage> {
    let mut tracks = Vec::new();
    for host in hosts {
        let mut steps = Vec::new();
        if !planner.facts.host(host).network {
            let create = Action::CreateNetwork { name: "kamal".into() };
            steps.push(Step::new("create docker's network kamal", create).within(60));
        }
        if planner.run.selection.proxy_hosts.contains(host) {
            let start = start(host);
            steps.extend(start.first);
            if start.is_needed {
                let container = container(planner.run, host);
                steps.extend([apps_directory(), Step::new("start the proxy", Action::BootProxy { container })]);
            }
        }
        tracks.push((Machine::Host(host.clone()), steps));
    }
    Stage::of_steps("Start the proxy", tracks)
}

/// Makes the proxy's container anew: on all hosts at once, or on one after the other.
fn reboot_stages(planner: &Planner<'_>, rolling: bool) -> Result<Vec<Stage>, PlanError> {
    let login = login::on_hosts(planner, &planner.run.configuration.registry)?;
    let mut stages = Vec::new();
    for group in groups(&planner.run.selection.proxy_hosts, rolling) {
        let script = || Script { hosts: Some(group), locked: true, ..Script::default() };
        stages.extend(planner.script_stage("pre-proxy-reboot", script()));
        let tracks = on_hosts(group, |host| {
            let mut steps = vec![planner.audit(None, "Rebooted proxy")];
            steps.extend(login.clone());
            steps.extend([
                stop_step(),
                Step::new("remove the proxy's container", Action::RemoveProxyContainer),
                apps_directory(),
                Step::new("start the proxy", Action::RunProxy { container: container(planner.run, host) }),
            ]);
            steps
        });
        stages.extend(Stage::of_steps(format!("Reboot the proxy on {}", group.join(", ")), tracks));
        stages.extend(planner.script_stage("post-proxy-reboot", script()));
    }
    Ok(stages)
}

/// Puts the proxy in the place of Kamal 1's on these hosts, boots the app behind it and cleans up.
pub(crate) fn upgrade_stages(planner: &Planner<'_>, group: &[String]) -> Result<Vec<Stage>, PlanError> {
    let run = planner.run;
    let login = login::on_hosts(planner, &run.configuration.registry)?;
    let script = || Script { hosts: Some(group), locked: true, around: true, ..Script::default() };
    let mut stages: Vec<Stage> = planner.script_stage("pre-proxy-reboot", script()).into_iter().collect();
    let tracks = on_hosts(group, |_| {
        let mut steps = vec![planner.audit(None, "Rebooted proxy")];
        steps.extend(login.clone());
        steps.extend([
            Step::new("remove Kamal 1's proxy", Action::RemoveTraefik),
            stop_step(),
            Step::new("remove the proxy's container", Action::RemoveProxyContainer),
            Step::new("remove the proxy's image", Action::RemoveProxyImage),
        ]);
        steps
    });
    stages.extend(Stage::of_steps(format!("Remove the proxy on {}", group.join(", ")), tracks));
    // What follows happens as if it had been asked for with --hosts.
    let selection = run.selection.within(&run.configuration, group);
    let run = Arc::new(Run { selection, ..Run::clone(run) });
    let planner = Planner { run: &run, ..*planner };
    stages.extend(start_stage(&planner, group, |_| Start { first: Vec::new(), is_needed: true }));
    stages.extend(boot::stages(&planner, |_, _| Vec::new())?);
    let prune = on_hosts(&run.selection.hosts, |host| prune::steps(&planner, host));
    stages.extend(Stage::of_steps("Remove old containers and images", prune));
    stages.extend(planner.script_stage("post-proxy-reboot", script()));
    Ok(stages)
}

/// Removes the proxy from these hosts.
pub(crate) fn remove_stage(planner: &Planner<'_>, hosts: &[String]) -> Option<Stage> {
    let tracks = on_hosts(hosts, |_| {
        let mut steps: Vec<Step> = stop_steps(planner).into();
        steps.extend(remove_container_steps(planner));
        steps.extend(remove_image_steps(planner));
        steps.push(remove_directory_step());
        steps
    });
    Stage::of_steps("Remove the proxy", tracks)
}

/// What is told about the proxy's container on a host: by the first role there that has a proxy, else by the first accessory. They
/// have been checked to agree.
fn container(run: &Run, host: &str) -> Option<ProxyContainer> {
    let configuration = &run.configuration;
    let of_roles = configuration
        .roles
        .iter()
        .filter(|role| role.hosts.iter().any(|other| other.name == host))
        .filter_map(|role| role.proxy.as_ref());
    let of_accessories = configuration
        .accessories
        .iter()
        .filter(|accessory| accessory.hosts.iter().any(|other| other == host))
        .filter_map(|accessory| accessory.proxy.as_ref());
    let told = of_roles.chain(of_accessories).find_map(|proxy: &Proxy| proxy.run.clone())?;
    Some(ProxyContainer {
        image: told.image,
        publish: told.publish,
        log_max_size: told.log_max_size,
        metrics_port: told.metrics_port,
        debug: told.debug,
        options: told.options,
    })
}

/// All hosts at once, or each by itself.
fn groups(hosts: &[String], rolling: bool) -> Vec<&[String]> {
    let size = if rolling { 1 } else { hosts.len().max(1) };
    hosts.chunks(size).collect()
}

fn start_steps(planner: &Planner<'_>) -> [Step; 2] {
    [planner.audit(None, "Started proxy"), Step::new("start the proxy", Action::StartProxy)]
}

fn stop_steps(planner: &Planner<'_>) -> [Step; 2] {
    [planner.audit(None, "Stopped proxy"), stop_step()]
}

fn stop_step() -> Step {
    Step::new("stop the proxy", Action::StopProxy).may_fail()
}

fn remove_container_steps(planner: &Planner<'_>) -> [Step; 2] {
    [
        planner.audit(None, "Removed proxy container"),
        Step::new("remove the proxy's container", Action::RemoveProxyContainer),
    ]
}

fn remove_image_steps(planner: &Planner<'_>) -> [Step; 2] {
    [planner.audit(None, "Removed proxy image"), Step::new("remove the proxy's image", Action::RemoveProxyImage)]
}

fn remove_directory_step() -> Step {
    Step::new("remove the proxy's directory", Action::RemovePath { path: DIRECTORY.into() }).may_fail()
}

fn apps_directory() -> Step {
    Step::new("make the proxy's directory", Action::MakeDirectory { path: PROXY_DIRECTORY.into() }).within(60)
}

/// The proxy stays while apps are installed, unless it is forced away.
fn refuse_removal(planner: &Planner<'_>, force: bool) -> Result<(), PlanError> {
    let used = |host: &&String| !planner.facts.host(host).apps.is_empty();
    let hosts: Vec<String> = planner.run.selection.proxy_hosts.iter().filter(used).cloned().collect();
    if force || hosts.is_empty() { Ok(()) } else { Err(PlanError::ProxyInUse { hosts }) }
}

/// Fails on settings that make no sense.
pub(crate) fn check(settings: &BootSettings) -> Result<(), PlanError> {
    match settings.addresses.iter().find(|address| address.parse::<IpAddr>().is_err()) {
        Some(address) => Err(PlanError::PublishAddress { address: address.clone() }),
        None => Ok(()),
    }
}

/// The files that settings live in; the proxy's container is made from what they hold.
const SETTINGS: [&str; 4] = ["options", "image", "image_version", "run_command"];

/// A file for every setting that is not the default; no file for the others.
fn settings_steps(settings: &BootSettings) -> Vec<Step> {
    let step = |(name, content): (&str, Option<String>)| match content {
        None => remove_setting(name),
        Some(content) => {
            let path = format!("{DIRECTORY}/{name}");
            let title = format!("write {path}");
            Step::new(title, Action::WriteFile { path, mode: "0640".into(), content: vec![Part::Text(content)] })
                .within(60)
        }
    };
    let mut steps =
        vec![Step::new("make the proxy's directory", Action::MakeDirectory { path: DIRECTORY.into() }).within(60)];
    steps.extend(SETTINGS.into_iter().zip(contents(settings)).map(step));
    steps
}

fn remove_setting(name: &str) -> Step {
    let path = format!("{DIRECTORY}/{name}");
    Step::new(format!("remove {path}"), Action::RemovePath { path }).may_fail().within(60)
}

/// What the files hold; nothing where that is the default.
fn contents(settings: &BootSettings) -> [Option<String>; 4] {
    let published = if settings.publish {
        published(&settings.addresses, settings.http_port, settings.https_port)
    } else {
        Vec::new()
    };
    let mut options: Vec<String> = published.into_iter().map(|port| format!("--publish {port}")).collect();
    if !settings.log_max_size.trim().is_empty() {
        options.push(format!("--log-opt max-size={}", settings.log_max_size));
    }
    options.extend(settings.metrics_port.map(|port| format!("--expose={port}")));
    options.extend(settings.docker_options.iter().map(|option| format!("--{option}")));
    let options = options.join(" ");
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let repository = given(&settings.repository).unwrap_or_else(|| "basecamp".to_string());
    let image: Vec<String> = given(&settings.registry).into_iter().chain([repository, CONTAINER.to_string()]).collect();
    let image = image.join("/");
    let mut command = vec!["kamal-proxy run".to_string()];
    command.extend(settings.debug.then(|| "--debug".to_string()));
    command.extend(settings.metrics_port.map(|port| format!("--metrics-port \"{port}\"")));
    [
        (options != "--publish 80:80 --publish 443:443 --log-opt max-size=10m").then_some(options),
        (image != "basecamp/kamal-proxy").then_some(image),
        given(&settings.image_version),
        (command.len() > 1).then(|| command.join(" ")),
    ]
}

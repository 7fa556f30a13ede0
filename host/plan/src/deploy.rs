//! Setup, deploy, redeploy and rollback.

use configuration::Role;

use crate::accessories::Network;
use crate::action::Action;
use crate::boot;
use crate::error::PlanError;
use crate::facts::Container;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, Script, on_hosts};
use crate::{accessories, builds, proxy, prune};

/// `deploy`: build and pull without the lock, everything else under it.
pub(crate) fn deploy(planner: &Planner<'_>, skip_push: bool) -> Result<Plan, PlanError> {
    planner.require_current_proxy()?;
    let mut plan = planner.plan();
    plan.prepare = builds::image(planner, skip_push, &mut plan.notes)?;
    plan.lock = planner.lock();
    plan.apply.extend(planner.script_stage("pre-deploy", locked_with_secrets()));
    plan.apply.extend(proxy::boot_stages(planner, &[], &mut plan.notes));
    plan.apply.extend(stale_containers(planner));
    plan.apply.extend(boot::stages(planner, prune::steps)?);
    plan.conclude.extend(planner.script_stage("post-deploy", after_deploy(false)));
    Ok(plan)
}

/// `redeploy`: a deploy that leaves proxy, old containers and images alone.
pub(crate) fn redeploy(planner: &Planner<'_>, skip_push: bool) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    plan.prepare = builds::image(planner, skip_push, &mut plan.notes)?;
    plan.lock = planner.lock();
    plan.apply.extend(planner.script_stage("pre-deploy", locked_with_secrets()));
    plan.apply.extend(stale_containers(planner));
    plan.apply.extend(boot::stages(planner, |_, _| Vec::new())?);
    plan.conclude.extend(planner.script_stage("post-deploy", after_deploy(false)));
    Ok(plan)
}

/// `setup`: everything under the lock, docker and accessories included.
pub(crate) fn setup(planner: &Planner<'_>, skip_push: bool) -> Result<Plan, PlanError> {
    planner.require_current_proxy()?;
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply.extend(bootstrap_stages(planner));
    plan.apply.extend(builds::image(planner, skip_push, &mut plan.notes)?);
    plan.apply.extend(planner.script_stage("pre-deploy", locked_with_secrets()));
    plan.apply.extend(proxy::boot_stages(planner, &[], &mut plan.notes));
    plan.apply.extend(accessories::boot_stages(
        planner,
        &planner.accessories(None)?,
        Network::Planned,
        &mut plan.notes,
    )?);
    plan.apply.extend(stale_containers(planner));
    plan.apply.extend(boot::stages(planner, prune::steps)?);
    plan.apply.extend(planner.script_stage("post-deploy", after_deploy(true)));
    Ok(plan)
}

/// `rollback`: boots a version whose containers and image are still there.
pub(crate) fn rollback(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    require_version(planner)?;
    require_image(planner)?;
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply.extend(planner.script_stage("pre-deploy", locked_with_secrets()));
    plan.apply.extend(boot::stages(planner, |_, _| Vec::new())?);
    plan.conclude.extend(planner.script_stage("post-deploy", after_deploy(false)));
    Ok(plan)
}

/// `app boot`: boots the image that is there, `latest` unless a version is given.
pub(crate) fn app_boot(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    require_image(planner)?;
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply = boot::stages(planner, |_, _| Vec::new())?;
    Ok(plan)
}

/// `server bootstrap`: docker where it is missing, then the hook script.
pub(crate) fn bootstrap(planner: &Planner<'_>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply = bootstrap_stages(planner);
    plan
}

fn bootstrap_stages(planner: &Planner<'_>) -> Vec<Stage> {
    let missing: Vec<String> =
        planner.run.selection.hosts.iter().filter(|host| lacks_docker(planner, host)).cloned().collect();
    let install = on_hosts(&missing, |_| {
        vec![
            Step::new("install docker", Action::InstallDocker).within(60 * 15),
            Step::new("let the ssh user speak to docker", Action::JoinDockerGroup).within(60),
        ]
    });
    let stages = Stage::of_steps("Install docker", install);
    stages
        .into_iter()
        .chain(planner.script_stage("docker-setup", Script { locked: true, ..Script::default() }))
        .collect()
}

fn lacks_docker(planner: &Planner<'_>, host: &str) -> bool {
    planner.facts.host(host).docker == crate::facts::Docker::Missing
}

/// Stops running containers that are not the current one, before a boot: leftovers of a deploy that failed half way. One behind the
/// proxy may be the one that serves, if that deploy was cut off: such a role stops them once its new container serves.
fn stale_containers(planner: &Planner<'_>) -> Option<Stage> {
    stale_stage(planner, |role| role.proxy.is_none())
}

/// `app stale_containers --stop`: stops all of them.
pub(crate) fn all_stale_containers(planner: &Planner<'_>) -> Option<Stage> {
    stale_stage(planner, |_| true)
}

fn stale_stage(planner: &Planner<'_>, is_meant: impl Fn(&Role) -> bool) -> Option<Stage> {
    let stops = on_hosts(&planner.run.selection.app_hosts, |host| {
        let roles = planner.roles_on(host).into_iter().filter(|role| is_meant(role));
        roles.flat_map(|role| stop_stale(planner, host, role)).collect()
    });
    Stage::of_steps("Stop stale containers", stops)
}

/// The steps that stop a role's stale containers on a host.
pub(crate) fn stop_stale(planner: &Planner<'_>, host: &str, role: &Role) -> Vec<Step> {
    let current = planner.facts.current(planner.run, host, &role.name).map(|container| container.id.clone());
    let running = planner.facts.running(planner.run, host, &role.name);
    let stale = running.filter(|container| Some(&container.id) != current.as_ref());
    let stop = |container: &Container| {
        let (name, id, timeout) = (container.name.clone(), Some(container.id.clone()), role.stop_timeout);
        let title = format!("stop stale container {name}");
        Step::new(title, Action::StopContainer { name, id, timeout }).may_fail()
    };
    stale.map(stop).collect()
}

/// A rollback needs a container of the version for every role on every host, as Kamal does.
fn require_version(planner: &Planner<'_>) -> Result<(), PlanError> {
    let run = planner.run;
    let mut hosts = Vec::new();
    let mut available = Vec::new();
    for host in &run.selection.app_hosts {
        let Some(facts) = planner.facts.hosts.get(host) else { continue };
        for role in planner.roles_on(host) {
            let prefix = format!("{}-", run.configuration.container_prefix(&role.name));
            if facts.container(&format!("{prefix}{}", run.version)).is_none() && !hosts.contains(host) {
                hosts.push(host.clone());
            }
            let versions = facts.containers.iter().filter(|container| container.label("role") == Some(&role.name));
            available.extend(versions.filter_map(|container| container.name.strip_prefix(&prefix)).map(str::to_string));
        }
    }
    available.retain(|version| !version.contains("_replaced_"));
    available.sort();
    available.dedup();
    if hosts.is_empty() {
        return Ok(());
    }
    Err(PlanError::VersionMissing { version: run.version.clone(), hosts, available })
}

/// A container is only started where its image is: missing anywhere, nothing is touched anywhere.
pub(crate) fn require_image(planner: &Planner<'_>) -> Result<(), PlanError> {
    let image = planner.run.configuration.absolute_image(&planner.run.version);
    let observed =
        planner.run.selection.app_hosts.iter().filter_map(|host| Some((host, planner.facts.hosts.get(host)?)));
    let hosts: Vec<String> =
        observed.filter(|(_, facts)| !facts.has_image(&image)).map(|(host, _)| host.clone()).collect();
    if hosts.is_empty() { Ok(()) } else { Err(PlanError::ImageMissing { image, hosts }) }
}

fn locked_with_secrets<'a>() -> Script<'a> {
    Script { locked: true, secrets: true, ..Script::default() }
}

fn after_deploy<'a>(locked: bool) -> Script<'a> {
    Script { locked, secrets: true, runtime: true, ..Script::default() }
}

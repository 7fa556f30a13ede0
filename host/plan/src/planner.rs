//! What every lifecycle builds with: the run, the facts, the hooks, and the steps that several of them share.

use std::sync::Arc;

use commands::Machine;
use commands::proxy::MINIMUM_VERSION;
use configuration::{Accessory, CERTIFICATE, Configuration, PRIVATE_KEY, Proxy};

use crate::action::{Action, HookScript, Part};
use crate::error::PlanError;
use crate::facts::{Container, Docker, Facts};
use crate::hooks::{Answer, Hooks};
use crate::plan::{Lock, Plan, Stage, Step};
use crate::run::{Intent, Run};

/// The longest time limit that a plugin can give a step, in seconds.
const LONGEST: u64 = 24 * 60 * 60;

/// Everything a lifecycle is planned from.
pub(crate) struct Planner<'a> {
    pub run: &'a Arc<Run>,
    pub facts: &'a Arc<Facts>,
    pub hooks: &'a dyn Hooks,
}

/// When a hook script runs and what it learns beyond the usual.
#[derive(Default)]
pub(crate) struct Script<'a> {
    /// The hosts it is about; the selected ones if absent.
    pub hosts: Option<&'a [String]>,
    /// Whether it runs under the lock.
    pub locked: bool,
    /// Whether it gets every secret of the project as a variable.
    pub secrets: bool,
    /// Whether it learns how long the run took.
    pub runtime: bool,
    /// Whether it runs around the boot of a version, so learns of the version that the project has by itself.
    pub around: bool,
}

impl Planner<'_> {
    /// A plan with what every plan has.
    pub fn plan(&self) -> Plan {
        let run = self.run;
        Plan {
            subcommand: run.subcommand.join(" "),
            service: run.configuration.service.clone(),
            destination: run.configuration.destination.clone(),
            version: run.version.clone(),
            connect: before_connecting(run),
            ..Plan::default()
        }
    }

    /// The deploy lock, unless a parent process holds it for this run.
    pub fn lock(&self) -> Option<Lock> {
        let run = self.run;
        (!run.lock_inherited).then(|| self.lock_with(Lock::AUTOMATIC))
    }

    /// The deploy lock with a message, on the primary host or, where no role has one, on the first.
    pub fn lock_with(&self, message: &str) -> Lock {
        let run = self.run;
        let host = run.selection.primary_host.as_ref().or(run.selection.hosts.first());
        let project_host = run.selection.project_primary_host.as_ref().filter(|project| Some(*project) != host);
        Lock {
            host: host.cloned().unwrap_or_default(),
            project_host: project_host.cloned(),
            hosts: run.selection.hosts.clone(),
            directory: run.configuration.lock_directory(),
            details: format!(
                "Locked by: {} at {}\nVersion: {}\nMessage: {message}",
                run.operator, run.started_at, run.own_version
            ),
            wait: run.lock_wait,
        }
    }

    /// Fails when docker cannot be used on a selected host.
    pub fn require_docker(&self) -> Result<(), PlanError> {
        let mut missing = Vec::new();
        for (host, facts) in &self.facts.hosts {
            match &facts.docker {
                Docker::Ready => {}
                Docker::Missing => missing.push(host.clone()),
                Docker::Failing(reason) => {
                    return Err(PlanError::DockerFailing { host: host.clone(), reason: reason.clone() });
                }
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(PlanError::DockerMissing { hosts: missing }) }
    }

    /// A hook script on the operator's machine, if the project has it and the run that is taken up has not run it.
    pub fn script(&self, name: &str, script: Script<'_>) -> Option<Step> {
        if self.script_has_run(name) {
            return None;
        }
        hook_script(self.run, name, script)
    }

    /// A stage that runs a hook script, if the project has it.
    pub fn script_stage(&self, name: &str, script: Script<'_>) -> Option<Stage> {
        let step = self.script(name, script)?;
        Stage::of_steps(format!("Hook script {name}"), [(Machine::Local, vec![step])])
    }

    /// An audit line on a host; `role` stands in its brackets.
    pub fn audit(&self, role: Option<&str>, message: &str) -> Step {
        audit(self.run, role, message)
    }

    /// The steps of a plugin's answer, each behind its audit line.
    pub fn steps(&self, answer: &Answer, role: Option<&str>) -> Vec<Step> {
        let mut steps = Vec::new();
        for proposal in &answer.steps {
            steps.extend(proposal.audit.as_deref().map(|message| self.audit(role, message)));
            let mut step = Step::new(proposal.title.clone(), proposal.action.clone());
            step.plugin = Some(answer.plugin.clone());
            step.unless.clone_from(&proposal.unless);
            step.may_fail = proposal.may_fail;
            step.time_limit = proposal.time_limit.map_or(step.time_limit, |seconds| seconds.min(LONGEST));
            steps.push(step);
        }
        steps
    }

    /// The steps of a plugin's answer on the operator's machine, which has no audit log.
    pub fn local_steps(&self, mut answer: Answer) -> Vec<Step> {
        answer.steps.iter_mut().for_each(|step| step.audit = None);
        self.steps(&answer, None)
    }

    /// Roles of a host among the selected ones, the primary role first.
    pub fn roles_on(&self, host: &str) -> Vec<&configuration::Role> {
        let names = self.run.selection.roles_on(host);
        names.iter().filter_map(|name| self.run.configuration.roles.iter().find(|role| role.name == *name)).collect()
    }

    /// The accessories that an argument means: one by name, or all.
    pub fn accessories(&self, name: Option<&str>) -> Result<Vec<&Accessory>, PlanError> {
        named(&self.run.configuration, name)
    }

    /// The selected hosts of an accessory.
    pub fn accessory_hosts(&self, accessory: &Accessory) -> Vec<String> {
        let selected = &self.run.selection.accessory_hosts;
        accessory.hosts.iter().filter(|host| selected.contains(host)).cloned().collect()
    }

    /// Fails when a host runs a proxy that is too old for what the plan asks of it.
    pub fn require_current_proxy(&self) -> Result<(), PlanError> {
        for host in &self.run.selection.proxy_hosts {
            let facts = self.facts.host(host);
            let Some(proxy) = facts.container(commands::proxy::CONTAINER) else { continue };
            let version = proxy_version(proxy);
            if older(version, MINIMUM_VERSION) {
                return Err(PlanError::ProxyTooOld {
                    host: host.clone(),
                    version: version.to_string(),
                    minimum: MINIMUM_VERSION.to_string(),
                });
            }
        }
        Ok(())
    }
}

/// An audit line on a host; `role` stands in its brackets.
pub(crate) fn audit(run: &Run, role: Option<&str>, message: &str) -> Step {
    let mut tags = vec![run.performer.clone()];
    tags.extend(run.configuration.destination.clone());
    tags.extend(role.map(str::to_string));
    let action = Action::Audit { log: run.configuration.audit_log(), tags, message: message.to_string() };
    Step::new(format!("note in the audit log: {message}"), action).within(60)
}

/// The hook script that runs before the first connection, if the project has it and there is going to be one.
pub(crate) fn before_connecting(run: &Run) -> Vec<Step> {
    let local_registry = run.configuration.registry.local_port().is_some();
    if !run.intent.connects() || (local_registry && matches!(run.intent, Intent::Registry { .. })) {
        return Vec::new();
    }
    let script = Script { secrets: true, locked: run.lock_inherited, around: true, ..Script::default() };
    hook_script(run, "pre-connect", script).into_iter().collect()
}

fn hook_script(run: &Run, name: &str, script: Script<'_>) -> Option<Step> {
    if !run.hook_scripts.contains(name) {
        return None;
    }
    let hosts = script.hosts.unwrap_or(&run.selection.hosts);
    let configuration = &run.configuration;
    let version = if script.around { &run.own_version } else { &run.version };
    let mut environment = vec![
        ("KAMAL_PERFORMER".to_string(), run.performer.clone()),
        ("KAMAL_VERSION".to_string(), version.clone()),
        ("KAMAL_SERVICE_VERSION".to_string(), format!("{}@{}", configuration.service, short(version))),
        ("KAMAL_SERVICE".to_string(), configuration.service.clone()),
        ("KAMAL_HOSTS".to_string(), hosts.join(",")),
        ("KAMAL_LOCK".to_string(), (script.locked || run.lock_inherited).to_string()),
    ];
    let optional = [
        ("KAMAL_DESTINATION", configuration.destination.clone()),
        ("KAMAL_ROLES", run.roles_option.clone()),
        ("KAMAL_ROLE", run.roles_option.clone()),
        ("KAMAL_COMMAND", run.subcommand.first().cloned()),
        ("KAMAL_SUBCOMMAND", run.subcommand.get(1).cloned()),
    ];
    environment.extend(optional.into_iter().filter_map(|(name, text)| Some((name.to_string(), text?))));
    let action = Action::HookScript(HookScript {
        path: format!("{}/{name}", configuration.hooks_path),
        environment,
        secrets: if script.secrets { secrets_of(run, name) } else { Vec::new() },
        runtime: script.runtime,
    });
    Some(Step::new(format!("run the hook script {name}"), action).within(60 * 60))
}

/// Names of the secrets that a hook script sees: all of the project's, or those that `x-hooks` leaves it.
fn secrets_of(run: &Run, name: &str) -> Vec<String> {
    run.configuration.hook_secrets.get(name).unwrap_or(&run.secret_names).clone()
}

/// The step that routes a service's requests to a container, once it is healthy. Without a role it is an accessory's.
pub(crate) fn route(run: &Run, proxy: &Proxy, role: Option<&str>, service: &str, container: &str) -> Step {
    let hosts = proxy.hosts.iter().map(|host| ("host".to_string(), Some(host.clone())));
    let tls = proxy.ssl.then(|| ("tls".to_string(), None));
    let action = Action::Route {
        service: service.to_string(),
        container: container.to_string(),
        port: proxy.app_port,
        options: hosts.chain(tls).chain(run.configuration.proxy_options(proxy, role, &run.version)).collect(),
    };
    Step::new(format!("route requests to {container} once it is healthy"), action).within(proxy.deploy_timeout + 120)
}

/// The steps that leave the project's own certificate where the proxy finds it. Without a role it is an accessory's.
pub(crate) fn certificate(run: &Run, proxy: &Proxy, role: Option<&str>) -> Vec<Step> {
    let Some(certificate) = &proxy.certificate else { return Vec::new() };
    let directory = run.configuration.certificate_directory(role);
    let files = [
        ("certificate", CERTIFICATE, &certificate.certificate),
        ("private key", PRIVATE_KEY, &certificate.private_key),
    ];
    let write = |(what, file, secret): (&str, &str, &String)| {
        let path = format!("{directory}/{file}");
        let write = Action::WriteFile { path, mode: "0644".into(), content: vec![Part::Secret(secret.clone())] };
        Step::new(format!("write the {what} from secret {secret} for the proxy"), write).within(60)
    };
    files.map(write).into()
}

/// The accessories that an argument means: one by name, or all.
pub(crate) fn named<'a>(configuration: &'a Configuration, name: Option<&str>) -> Result<Vec<&'a Accessory>, PlanError> {
    let all = &configuration.accessories;
    let found: Vec<&Accessory> =
        all.iter().filter(|accessory| name.is_none_or(|name| accessory.name == name)).collect();
    match name {
        Some(name) if found.is_empty() => {
            let known = all.iter().map(|accessory| accessory.name.clone()).collect();
            Err(PlanError::UnknownAccessory { name: name.to_string(), known })
        }
        _ => Ok(found),
    }
}

/// The first seven characters of a commit; versions with `_` stay whole.
pub(crate) fn short(version: &str) -> &str {
    if version.contains('_') { version } else { version.get(..7).unwrap_or(version) }
}

/// Steps for every host, as [`Stage::of_steps`] takes them.
pub(crate) fn on_hosts(hosts: &[String], steps: impl Fn(&str) -> Vec<Step>) -> Vec<(Machine, Vec<Step>)> {
    hosts.iter().map(|host| (Machine::Host(host.clone()), steps(host))).collect()
}

/// The version of a proxy's container.
pub(crate) fn proxy_version(proxy: &Container) -> &str {
    proxy.image.rsplit_once(':').map_or("latest", |(_, tag)| tag)
}

/// Whether a version `v1.2.3` is older than another. Tags that are no versions count as current: Kamal fails on them.
pub(crate) fn older(version: &str, minimum: &str) -> bool {
    let parts = |text: &str| -> Option<Vec<u64>> {
        text.trim_start_matches('v').split('.').map(|part| part.parse().ok()).collect()
    };
    match (parts(version), parts(minimum)) {
        (Some(version), Some(minimum)) => version < minimum,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_versions_are_compared_by_number() {
        let check = |version: &str, expected: bool| assert_eq!(older(version, "v0.9.2"), expected, "{version}");
        check("v0.9.2", false);
        check("v0.10.0", false);
        check("v0.9.1", true);
        check("v0.8", true);
        check("latest", false);
    }
}

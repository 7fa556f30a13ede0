//! What on the hosts differs from the configuration. Only facts are read: nothing is planned, and nothing touched.
//!
//! A container of the app is compared with what it would be started with at its own version, so a deploy that was not run yet is no drift.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use commands::proxy::{CONTAINER, MINIMUM_VERSION};
use serde::{Deserialize, Serialize};

use crate::accessories;
use crate::action::Action;
use crate::changes::{compare, compared, secrets, version_of};
use crate::differences::{Difference, Expected};
use crate::error::PlanError;
use crate::facts::{Container, Docker, Facts, HostFacts};
use crate::hooks::Hooks;
use crate::planner::{older, proxy_version};
use crate::run::Run;

/// One thing that is not as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The host.
    pub host: String,
    /// What it is about: `web`, `accessory db`, `proxy`, `network kamal`, `deploy lock`, `docker`, or a container by name.
    pub subject: String,
    /// What is wrong with it.
    pub kind: DriftKind,
    /// The same in words, without host and subject.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Where a container's settings differ: in what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// docker is missing, or does not answer.
    Docker,
    /// It is not there.
    Missing,
    /// It is there and does not run.
    Stopped,
    /// Another version runs than the one that was deployed last, or than on other hosts.
    Version,
    /// Another image runs.
    Image,
    /// It was started with other settings.
    Settings,
    /// It runs beside the one that serves.
    Extra,
    /// The configuration no longer has it.
    Orphan,
    /// It is too old.
    Outdated,
    /// Somebody holds it.
    Held,
}

/// Everything that differs, host by host in the order of the selection. `destinations` are those that the project has, where they are known.
///
/// # Errors
/// When a plugin does not tell how a container would be started.
pub fn drift(
    run: &Arc<Run>,
    facts: &Arc<Facts>,
    hooks: &dyn Hooks,
    destinations: Option<&[String]>,
) -> Result<Vec<Drift>, PlanError> {
    let versions = Versions::of(run, facts);
    let compared = compared(run);
    let mut runs = BTreeMap::new();
    let mut found = Vec::new();
    for host in &run.selection.hosts {
        let Some(observed) = facts.hosts.get(host) else { continue };
        let look = Look { run, facts, host, observed, compared: &compared };
        if let Some(docker) = look.docker() {
            found.push(docker);
            continue;
        }
        found.extend(look.lock());
        found.extend(look.network());
        found.extend(look.proxy());
        if run.selection.app_hosts.contains(host) {
            for role in run.selection.roles_on(host) {
                found.extend(look.role(role, &versions, hooks, &mut runs)?);
            }
        }
        found.extend(look.accessories());
        found.extend(look.orphans(destinations));
    }
    Ok(found)
}

/// The versions that serve.
struct Versions {
    /// By role and host.
    current: BTreeMap<(String, String), String>,
    /// The first of them, and where it serves.
    first: Option<(String, String)>,
}

impl Versions {
    fn of(run: &Run, facts: &Facts) -> Self {
        let (mut current, mut first) = (BTreeMap::new(), None);
        for host in &run.selection.app_hosts {
            for role in run.selection.roles_on(host) {
                let Some(container) = facts.current(run, host, role) else { continue };
                let version = version_of(run, role, &container.name);
                first.get_or_insert_with(|| (host.clone(), version.clone()));
                current.insert((role.to_string(), host.clone()), version);
            }
        }
        Self { current, first }
    }
}

/// One host.
struct Look<'a> {
    run: &'a Arc<Run>,
    facts: &'a Arc<Facts>,
    host: &'a str,
    observed: &'a HostFacts,
    compared: &'a BTreeSet<String>,
}

impl Look<'_> {
    fn drift(&self, subject: &str, kind: DriftKind, message: impl Into<String>, hint: impl Into<String>) -> Drift {
        Drift {
            host: self.host.to_string(),
            subject: subject.to_string(),
            kind,
            message: message.into(),
            hint: hint.into(),
            differences: Vec::new(),
        }
    }

    fn docker(&self) -> Option<Drift> {
        let (message, hint) = match &self.observed.docker {
            Docker::Ready => return None,
            Docker::Missing => ("is not installed".to_string(), "`sextant server bootstrap` installs it"),
            Docker::Failing(reason) => {
                (format!("does not answer: {reason}"), "look at docker on that host: `systemctl status docker`")
            }
        };
        Some(self.drift("docker", DriftKind::Docker, message, hint))
    }

    fn lock(&self) -> Option<Drift> {
        let details = self.observed.lock.as_deref()?;
        let message = format!("is held: {}", details.lines().collect::<Vec<_>>().join("; "));
        let hint = "a run may be under way; `sextant lock release` releases a lock that was left behind";
        Some(self.drift("deploy lock", DriftKind::Held, message, hint))
    }

    fn network(&self) -> Option<Drift> {
        let hint = "`sextant proxy boot` or a deploy creates it";
        (!self.observed.network).then(|| self.drift("network kamal", DriftKind::Missing, "is not there", hint))
    }

    fn proxy(&self) -> Option<Drift> {
        if !self.run.selection.proxy_hosts.iter().any(|host| host == self.host) {
            return None;
        }
        let (kind, message, hint) = match self.observed.container(CONTAINER) {
            None => (DriftKind::Missing, "has no container".to_string(), "`sextant proxy boot` starts it"),
            Some(proxy) if !proxy.runs() => {
                (DriftKind::Stopped, format!("does not run, it is {}", proxy.state), "`sextant proxy start` starts it")
            }
            Some(proxy) if older(proxy_version(proxy), MINIMUM_VERSION) => {
                let message = format!("is {}, at least {MINIMUM_VERSION} is needed", proxy_version(proxy));
                (DriftKind::Outdated, message, "`sextant proxy reboot` updates it")
            }
            Some(_) => return None,
        };
        Some(self.drift("proxy", kind, message, hint))
    }

    /// A role: whether it serves, in which version, and with the settings of the configuration.
    fn role(
        &self,
        role: &str,
        versions: &Versions,
        hooks: &dyn Hooks,
        runs: &mut BTreeMap<String, Arc<Run>>,
    ) -> Result<Vec<Drift>, PlanError> {
        let Some(current) = self.facts.current(self.run, self.host, role) else { return Ok(vec![self.absent(role)]) };
        let version = version_of(self.run, role, &current.name);
        let mut found: Vec<Drift> = self.version(role, current, &version, versions).into_iter().collect();
        let at_version = runs.entry(version.clone()).or_insert_with(|| {
            Arc::new(Run { version: version.clone(), own_version: version.clone(), ..Run::clone(self.run) })
        });
        let answer = hooks.boot(at_version, self.facts, role, self.host)?;
        let actions: Vec<&Action> = answer.start.steps.iter().map(|step| &step.action).collect();
        let wanted = actions.iter().find_map(|action| match action {
            Action::StartContainer(container) => Some(container),
            _ => None,
        });
        if let Some(wanted) = wanted {
            let secrets = secrets(wanted, actions.iter().copied());
            let expected = Expected { container: wanted, secrets, compared: self.compared };
            let hint = format!("`sextant redeploy --skip-push --version {version}` starts it anew");
            found.extend(self.settings(role, current, &expected, hint));
        }
        let beside = self.facts.running(self.run, self.host, role).filter(|container| container.id != current.id);
        found.extend(beside.map(|container| {
            let message = format!("{} runs beside {}", container.name, current.name);
            self.drift(role, DriftKind::Extra, message, "`sextant app stale_containers --stop` stops it")
        }));
        Ok(found)
    }

    fn absent(&self, role: &str) -> Drift {
        let configuration = &self.run.configuration;
        let own = |container: &&Container| {
            container.label("service") == Some(&configuration.service)
                && container.label("role") == Some(role)
                && container.label("destination") == Some(configuration.destination.as_deref().unwrap_or_default())
        };
        match self.observed.containers.iter().find(own) {
            Some(last) => {
                let message = format!("does not run: {} is {}", last.name, last.state);
                self.drift(
                    role,
                    DriftKind::Stopped,
                    message,
                    "`sextant app start` starts it, `sextant app logs` shows its last words",
                )
            }
            None => self.drift(role, DriftKind::Missing, "has no container", "`sextant deploy` boots it"),
        }
    }

    fn version(&self, role: &str, current: &Container, version: &str, versions: &Versions) -> Option<Drift> {
        let hint = "`sextant deploy` brings all hosts to one version";
        let latest = self.observed.image(&self.run.configuration.latest_image());
        if latest.is_some_and(|latest| latest.id != current.image_id) {
            let repository = format!("{}:", self.run.configuration.repository());
            let tags = latest.iter().flat_map(|latest| latest.tags.iter().flatten());
            let named = tags.filter_map(|tag| tag.strip_prefix(&repository)).find(|tag| !tag.starts_with("latest"));
            let last = named.map_or("another image".to_string(), str::to_string);
            let message = format!("runs {version}, and what was deployed last is {last}");
            return Some(self.drift(role, DriftKind::Version, message, hint));
        }
        let (host, first) = versions.first.as_ref()?;
        let other = versions.current.get(&(role.to_string(), self.host.to_string())).filter(|own| *own != first)?;
        Some(self.drift(role, DriftKind::Version, format!("runs {other}, and {host} runs {first}"), hint))
    }

    fn settings(&self, subject: &str, container: &Container, expected: &Expected<'_>, hint: String) -> Option<Drift> {
        let differences = compare(expected, container, self.observed).filter(|found| !found.is_empty())?;
        let message = differences.iter().map(Difference::to_string).collect::<Vec<_>>().join(", ");
        Some(Drift { differences, ..self.drift(subject, DriftKind::Settings, message, hint) })
    }

    fn accessories(&self) -> Vec<Drift> {
        let mut found = Vec::new();
        if !self.run.selection.accessory_hosts.iter().any(|host| host == self.host) {
            return found;
        }
        let configuration = &self.run.configuration;
        let here =
            configuration.accessories.iter().filter(|accessory| accessory.hosts.iter().any(|host| host == self.host));
        for accessory in here {
            let (subject, name) = (format!("accessory {}", accessory.name), &accessory.name);
            let Some(container) = accessories::container_of(self.observed, accessory) else {
                let hint = format!("`sextant accessory boot {name}` boots it");
                found.push(self.drift(&subject, DriftKind::Missing, "has no container", hint));
                continue;
            };
            if !container.runs() {
                let hint = format!("`sextant accessory start {name}` starts it");
                let message = format!("does not run, it is {}", container.state);
                found.push(self.drift(&subject, DriftKind::Stopped, message, hint));
            }
            let reboot = format!("`sextant accessory reboot {name}` starts it anew");
            let pulled = self.observed.image(&accessory.image).filter(|image| image.id != container.image_id);
            if container.image != accessory.image {
                let message = format!("runs {}, and the configuration says {}", container.image, accessory.image);
                found.push(self.drift(&subject, DriftKind::Image, message, reboot.clone()));
            } else if pulled.is_some() {
                let message = format!("runs an older {} than the one that was pulled", accessory.image);
                found.push(self.drift(&subject, DriftKind::Image, message, reboot.clone()));
            }
            let wanted = accessories::wanted(configuration, accessory, self.host);
            let secrets = accessory.environment.secret.keys().map(String::as_str).collect();
            let expected = Expected { container: &wanted, secrets, compared: self.compared };
            found.extend(self.settings(&subject, container, &expected, reboot));
        }
        found
    }

    /// Containers that run and that the configuration no longer has. Whoever asks for some roles does not ask for them.
    fn orphans(&self, destinations: Option<&[String]>) -> Vec<Drift> {
        if !self.run.selection.filter.roles.is_empty() {
            return Vec::new();
        }
        let running = self.observed.containers.iter().filter(|container| container.runs());
        let orphans = running.filter_map(|container| {
            let why = self.orphaned(container, destinations)?;
            let hint = format!("stop and remove it where it is not needed: `docker rm --force {}`", container.name);
            Some(self.drift(&container.name, DriftKind::Orphan, why, hint))
        });
        orphans.collect()
    }

    fn orphaned(&self, container: &Container, destinations: Option<&[String]>) -> Option<String> {
        let configuration = &self.run.configuration;
        let service = container.label("service")?;
        let Some(role) = container.label("role") else { return self.orphaned_accessory(service) };
        if service != configuration.service {
            return None;
        }
        let destination = container.label("destination").unwrap_or_default();
        if destination != configuration.destination.as_deref().unwrap_or_default() {
            let is_known =
                destination.is_empty() || destinations.is_none_or(|known| known.iter().any(|name| name == destination));
            return (!is_known)
                .then(|| format!("runs for the destination {destination}, which the project does not have"));
        }
        let known = configuration.roles.iter().find(|known| known.name == role);
        match known {
            None => Some(format!("runs for the role {role}, which the configuration does not have")),
            Some(known) if !known.hosts.iter().any(|host| host.name == self.host) => {
                Some(format!("runs for the role {role}, which is not on this host"))
            }
            Some(_) => None,
        }
    }

    /// An accessory's label is all that tells whose it is: one that another app on the host may have named is left alone.
    fn orphaned_accessory(&self, service: &str) -> Option<String> {
        let configuration = &self.run.configuration;
        let known = configuration.accessories.iter().find(|accessory| accessory.service_name == service);
        if let Some(known) = known {
            let elsewhere = !known.hosts.iter().any(|host| host == self.host);
            return elsewhere.then(|| format!("runs for the accessory {}, which is not on this host", known.name));
        }
        let name = service.strip_prefix(&format!("{}-", configuration.service))?;
        let others = self.observed.apps.iter().filter(|app| **app != configuration.service);
        let is_others = others.into_iter().any(|app| service == app || service.starts_with(&format!("{app}-")));
        (!is_others).then(|| format!("runs for an accessory {name}, which the configuration does not have"))
    }
}

//! What a plan changes against what runs now, and what it leaves as it is though the configuration says otherwise.

use std::collections::BTreeSet;

use commands::Machine;
use commands::docker::Container as Wanted;
use configuration::Accessory;
use serde::{Deserialize, Serialize};

use crate::accessories;
use crate::action::Action;
use crate::differences::{Difference, Expected, differences};
use crate::facts::{Container, Facts, HostFacts};
use crate::plan::{Plan, Step};
use crate::run::{AccessoryAct, Intent, Run};
use crate::settings;

/// How a container of a role or an accessory on a host differs from what runs there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The host.
    pub host: String,
    /// The role, where it is the app's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The accessory, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessory: Option<String>,
    /// The version, or an accessory's image, that runs; absent where nothing does.
    pub from: Option<String>,
    /// The version or image of the plan, or of the configuration.
    pub to: String,
    /// What else differs.
    pub differences: Vec<Difference>,
    /// Whether the plan brings it about; if not, it stays as it is.
    pub planned: bool,
}

impl Change {
    /// What it is about: `web`, `accessory db`.
    pub fn subject(&self) -> String {
        match (&self.role, &self.accessory) {
            (_, Some(accessory)) => format!("accessory {accessory}"),
            (role, None) => role.clone().unwrap_or_default(),
        }
    }

    /// What changes, without subject and host.
    pub fn text(&self) -> String {
        let image = match &self.from {
            None => Some(format!("nothing → {}", self.to)),
            Some(from) => (*from != self.to).then(|| format!("{from} → {}", self.to)),
        };
        let parts: Vec<String> = image.into_iter().chain(self.differences.iter().map(Difference::to_string)).collect();
        let left = match (&self.accessory, &self.from) {
            _ if self.planned => String::new(),
            (Some(name), None) => format!("; this plan leaves it so, `sextant accessory boot {name}` does not"),
            (Some(name), Some(_)) => format!("; this plan leaves it so, `sextant accessory reboot {name}` does not"),
            (None, _) => "; this plan leaves it so".to_string(),
        };
        parts.join(", ") + &left
    }
}

/// What the plan changes and leaves.
pub(crate) struct Changes {
    /// Role by role and host by host, in the order of the plan; then accessories.
    pub list: Vec<Change>,
    /// Whether containers are started and every one of them runs already as it would be started.
    pub nothing_differs: bool,
}

/// Compares a plan with what runs.
pub(crate) fn changes(run: &Run, facts: &Facts, plan: &Plan) -> Changes {
    let compared = compared(run);
    let (mut list, mut started, mut same) = (Vec::new(), 0, 0);
    for (host, role, steps) in blocks(plan) {
        let Some(observed) = facts.hosts.get(host) else { continue };
        for step in steps {
            let (Action::StartContainer(wanted) | Action::StartAccessory(wanted)) = &step.action else { continue };
            let expected = Expected {
                container: wanted,
                secrets: secrets(wanted, steps.iter().map(|step| &step.action)),
                compared: &compared,
            };
            let change = match (&step.action, role) {
                (Action::StartAccessory(_), _) => of_accessory(run, host, observed, &expected, true),
                (_, Some(role)) => {
                    started += 1;
                    let is_told = facts.current(run, host, role).is_some_and(|container| container.settings.is_some());
                    let change = of_role(run, facts, host, role, &expected);
                    same += usize::from(is_told && change.is_none());
                    change
                }
                (_, None) => None,
            };
            list.extend(change);
        }
    }
    let leaves = matches!(
        run.intent,
        Intent::Setup { .. }
            | Intent::Deploy { .. }
            | Intent::Redeploy { .. }
            | Intent::Accessory(AccessoryAct::Boot, _)
    );
    if leaves {
        list.extend(left(run, facts, plan, &compared));
    }
    Changes { list, nothing_differs: started > 0 && started == same }
}

/// Values of variables that were compared on the hosts.
pub(crate) fn compared(run: &Run) -> BTreeSet<String> {
    let closer = settings::closer(run);
    if commands::observation::compares_values(&closer) { closer.clear.into_iter().collect() } else { BTreeSet::new() }
}

/// The steps of every host, block by block, with the block's role.
fn blocks(plan: &Plan) -> impl Iterator<Item = (&str, Option<&str>, &[Step])> {
    let tracks = plan.stages().flat_map(|stage| &stage.tracks);
    tracks.flat_map(|track| {
        let host = match &track.machine {
            Machine::Host(host) => Some(host.as_str()),
            Machine::Local => None,
        };
        track.blocks.iter().filter_map(move |block| Some((host?, block.role.as_deref(), block.start.as_slice())))
    })
}

/// Names of the variables in a container's files of secrets, where one of these actions writes them.
pub(crate) fn secrets<'a>(wanted: &Wanted, actions: impl IntoIterator<Item = &'a Action>) -> Vec<&'a str> {
    let written = actions.into_iter().filter_map(|action| match action {
        Action::WriteEnvironmentFile { path, secrets } if wanted.environment_files.contains(path) => Some(secrets),
        _ => None,
    });
    written.flatten().map(|(name, _)| name.as_str()).collect()
}

/// The version of a role's container, by its name.
pub(crate) fn version_of(run: &Run, role: &str, name: &str) -> String {
    let prefix = format!("{}-", run.configuration.container_prefix(role));
    let version = name.strip_prefix(&prefix).unwrap_or(name);
    version.split("_replaced_").next().unwrap_or(version).to_string()
}

/// Nothing where it is known that nothing differs. Where docker did not tell what the container was started with, the version alone counts.
fn of_role(run: &Run, facts: &Facts, host: &str, role: &str, expected: &Expected<'_>) -> Option<Change> {
    let to = version_of(run, role, &expected.container.name);
    let current = facts.current(run, host, role);
    let from = current.map(|container| version_of(run, role, &container.name));
    let differences = current.and_then(|container| compare(expected, container, facts.host(host))).unwrap_or_default();
    let differs = from.as_ref() != Some(&to) || !differences.is_empty();
    differs.then(|| Change {
        host: host.to_string(),
        role: Some(role.to_string()),
        accessory: None,
        from,
        to,
        differences,
        planned: true,
    })
}

/// The differences of a container on a host; nothing where docker did not tell what it was started with.
pub(crate) fn compare(expected: &Expected<'_>, container: &Container, observed: &HostFacts) -> Option<Vec<Difference>> {
    differences(expected, container, observed.image_of(container))
}

fn of_accessory(run: &Run, host: &str, observed: &HostFacts, expected: &Expected<'_>, planned: bool) -> Option<Change> {
    let wanted = expected.container;
    let accessory = run.configuration.accessories.iter().find(|accessory| accessory.service_name == wanted.name)?;
    let current = accessories::container_of(observed, accessory);
    let from = current.map(|container| container.image.clone());
    let differences = current.and_then(|container| compare(expected, container, observed)).unwrap_or_default();
    let differs = from.as_ref() != Some(&wanted.image) || !differences.is_empty();
    differs.then(|| Change {
        host: host.to_string(),
        role: None,
        accessory: Some(accessory.name.clone()),
        from,
        to: wanted.image.clone(),
        differences,
        planned,
    })
}

/// Accessories that are not as the configuration has them, and that the plan leaves so.
fn left(run: &Run, facts: &Facts, plan: &Plan, compared: &BTreeSet<String>) -> Vec<Change> {
    let starts = |host: &str, accessory: &Accessory| {
        blocks(plan).filter(|(name, ..)| *name == host).any(|(_, _, steps)| {
            steps.iter().any(|step| {
                matches!(&step.action, Action::StartAccessory(container) if container.name == accessory.service_name)
            })
        })
    };
    let meant = |accessory: &&Accessory| match &run.intent {
        Intent::Accessory(_, Some(name)) => accessory.name == *name,
        _ => true,
    };
    let mut list = Vec::new();
    for accessory in run.configuration.accessories.iter().filter(meant) {
        for host in accessory.hosts.iter().filter(|host| run.selection.accessory_hosts.contains(host)) {
            let Some(observed) = facts.hosts.get(host).filter(|_| !starts(host, accessory)) else { continue };
            let wanted = accessories::wanted(&run.configuration, accessory, host);
            let secrets = accessory.environment.secret.keys().map(String::as_str).collect();
            let expected = Expected { container: &wanted, secrets, compared };
            list.extend(of_accessory(run, host, observed, &expected, false));
        }
    }
    list
}

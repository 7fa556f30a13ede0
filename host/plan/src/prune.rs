//! Removing old containers and images, on every selected host.

use crate::action::Action;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, on_hosts};

/// `prune all`.
pub(crate) fn prune(planner: &Planner<'_>) -> Plan {
    plan(planner, "Remove old containers and images", |host| steps(planner, host))
}

/// `prune containers`, keeping as many as the project says or the operator.
pub(crate) fn containers(planner: &Planner<'_>, retain: Option<u64>) -> Plan {
    let retain = retain.unwrap_or(planner.run.configuration.retain_containers);
    plan(planner, "Remove old containers", |_| container_steps(planner, retain).into())
}

/// `prune images`.
pub(crate) fn images(planner: &Planner<'_>) -> Plan {
    plan(planner, "Remove old images", |_| image_steps(planner).into())
}

/// The steps of a whole pruning for one host.
pub(crate) fn steps(planner: &Planner<'_>, _host: &str) -> Vec<Step> {
    let containers = container_steps(planner, planner.run.configuration.retain_containers);
    containers.into_iter().chain(image_steps(planner)).collect()
}

fn plan(planner: &Planner<'_>, title: &str, steps: impl Fn(&str) -> Vec<Step>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    plan.apply.extend(Stage::of_steps(title, on_hosts(&planner.run.selection.hosts, steps)));
    plan
}

fn container_steps(planner: &Planner<'_>, retain: u64) -> [Step; 2] {
    let service = planner.run.configuration.service.clone();
    [
        planner.audit(None, "Pruned containers"),
        Step::new(
            format!("remove stopped containers but the newest {retain}"),
            Action::PruneContainers { service, retain },
        ),
    ]
}

fn image_steps(planner: &Planner<'_>) -> [Step; 2] {
    let configuration = &planner.run.configuration;
    let images = Action::PruneImages {
        service: configuration.service.clone(),
        repository: configuration.repository(),
        latest_image: configuration.latest_image(),
    };
    [planner.audit(None, "Pruned images"), Step::new("remove images that no container uses", images)]
}

//! Removing old containers and images, on every selected host.

use crate::action::Action;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, on_hosts};

/// `prune all`.
pub(crate) fn prune(planner: &Planner<'_>) -> Plan {
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    let tracks = on_hosts(&planner.run.selection.hosts, |host| steps(planner, host));
    plan.apply.extend(Stage::of_steps("Remove old containers and images", tracks));
    plan
}

/// The steps for one host.
pub(crate) fn steps(planner: &Planner<'_>, _host: &str) -> Vec<Step> {
    let configuration = &planner.run.configuration;
    let containers =
        Action::PruneContainers { service: configuration.service.clone(), retain: configuration.retain_containers };
    let images = Action::PruneImages {
        service: configuration.service.clone(),
        repository: configuration.repository(),
        latest_image: configuration.latest_image(),
    };
    vec![
        planner.audit(None, "Pruned containers"),
        Step::new(format!("remove stopped containers but the newest {}", configuration.retain_containers), containers),
        planner.audit(None, "Pruned images"),
        Step::new("remove images that no container uses", images),
    ]
}

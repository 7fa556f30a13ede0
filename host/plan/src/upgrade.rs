//! `upgrade`: from Kamal 1 to what came after it. kamal-proxy takes the place of Traefik, the app boots behind it, and accessories move to
//! docker's network `kamal`.

use crate::accessories::{self, Network};
use crate::deploy;
use crate::error::PlanError;
use crate::plan::Plan;
use crate::planner::Planner;
use crate::proxy;

/// All hosts at once, or each of them by itself: there the proxy only where the app runs, and accessories where they live.
pub(crate) fn upgrade(planner: &Planner<'_>, rolling: bool) -> Result<Plan, PlanError> {
    deploy::require_image(planner)?;
    let selection = &planner.run.selection;
    let named = planner.accessories(None)?;
    let mut plan = planner.plan();
    plan.lock = planner.lock();
    if !rolling {
        plan.apply.extend(proxy::upgrade_stages(planner, &selection.hosts)?);
        let accessories = &selection.accessory_hosts;
        plan.apply.extend(accessories::reboot_stages(planner, &named, accessories, Network::Planned)?);
        return Ok(plan);
    }
    for host in selection.hosts.chunks(1) {
        let mut network = Network::Create;
        if selection.app_hosts.contains(&host[0]) {
            plan.apply.extend(proxy::upgrade_stages(planner, host)?);
            network = Network::Planned;
        }
        plan.apply.extend(accessories::reboot_stages(planner, &named, host, network)?);
    }
    Ok(plan)
}

//! Logging in to a registry, where a machine needs it.

use crate::error::PlanError;
use crate::hooks::{Place, Registry};
use crate::plan::Step;
use crate::planner::Planner;

/// Steps that log the operator's machine in to the project's registry; none if it needs no login.
pub(crate) fn on_this_machine(planner: &Planner<'_>) -> Result<Vec<Step>, PlanError> {
    let Some(registry) = registry(&planner.run.configuration.registry) else { return Ok(Vec::new()) };
    let answer = planner.hooks.pre_login(planner.run, planner.facts, &registry, Place::Local)?;
    Ok(planner.local_steps(answer))
}

/// Steps that log a host in to a registry; none if it needs no login.
pub(crate) fn on_hosts(planner: &Planner<'_>, settings: &configuration::Registry) -> Result<Vec<Step>, PlanError> {
    let Some(registry) = registry(settings) else { return Ok(Vec::new()) };
    let answer = planner.hooks.pre_login(planner.run, planner.facts, &registry, Place::Hosts)?;
    Ok(planner.steps(&answer, None))
}

fn registry(settings: &configuration::Registry) -> Option<Registry> {
    Some(Registry { server: settings.server.clone(), credentials: settings.credentials.clone()? })
}

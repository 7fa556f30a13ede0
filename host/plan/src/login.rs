//! Logging in to a registry, where a machine needs it.

use crate::action::Action;
use crate::error::PlanError;
use crate::hooks::{Place, Registry};
use crate::plan::Step;
use crate::planner::Planner;

/// Steps that log the operator's machine in to the project's registry, behind a look for docker; none if it needs no login.
pub(crate) fn on_this_machine(planner: &Planner<'_>) -> Result<Vec<Step>, PlanError> {
    let Some(registry) = registry(&planner.run.configuration.registry) else { return Ok(Vec::new()) };
    let answer = planner.hooks.pre_login(planner.run, planner.facts, &registry, Place::Local)?;
    Ok(std::iter::once(docker_here()).chain(planner.local_steps(answer)).collect())
}

/// The step that looks for docker on the operator's machine before it is needed there.
pub(crate) fn docker_here() -> Step {
    Step::new("check docker and buildx", Action::RequireBuildx).within(30)
}

/// Steps that log a host in to a registry; none if it needs no login.
pub(crate) fn on_hosts(planner: &Planner<'_>, settings: &configuration::Registry) -> Result<Vec<Step>, PlanError> {
    let Some(registry) = registry(settings) else { return Ok(Vec::new()) };
    let answer = planner.hooks.pre_login(planner.run, planner.facts, &registry, Place::Hosts)?;
    Ok(planner.steps(&answer, None))
}

fn registry(settings: &configuration::Registry) -> Option<Registry> {
    Some(Registry { server: settings.login_server().map(str::to_string), credentials: settings.credentials.clone()? })
}

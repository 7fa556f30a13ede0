//! Logging in to a registry, where a machine needs it.

use crate::action::Action;
use crate::error::PlanError;
use crate::hooks::{HookError, Place, Registry};
use crate::plan::Step;
use crate::planner::Planner;

/// Steps that log the operator's machine in to the project's registry, behind a look for docker; none if it needs no login.
pub(crate) fn on_this_machine(planner: &Planner<'_>) -> Result<Vec<Step>, PlanError> {
    let Some(steps) = proposed_here(planner)? else { return Ok(Vec::new()) };
    Ok(std::iter::once(docker_here()).chain(steps).collect())
}

/// What is proposed beside the login where docker needs none: the host publishes the image, and logs in as docker would have.
pub(crate) fn of_what_is_published(planner: &Planner<'_>, steps: &mut [Step]) -> Result<Vec<Step>, PlanError> {
    let mut proposed = proposed_here(planner)?.unwrap_or_default();
    lend(&proposed, steps);
    proposed.retain(|step| !logs_in(&step.action));
    Ok(proposed)
}

/// Gives the login among some steps to those that publish an image.
pub(crate) fn lend(logins: &[Step], steps: &mut [Step]) {
    let of_docker = logins.iter().rfind(|step| logs_in(&step.action)).map(|step| Box::new(step.action.clone()));
    for step in steps {
        if let Action::Publish { login, .. } | Action::PublishFiles { login, .. } = &mut step.action {
            login.clone_from(&of_docker);
        }
    }
}

fn logs_in(action: &Action) -> bool {
    matches!(action, Action::Login { .. } | Action::LoginWithCredentials { .. })
}

/// What the registry's plugin proposes for the operator's machine; none for a registry that needs no login.
fn proposed_here(planner: &Planner<'_>) -> Result<Option<Vec<Step>>, PlanError> {
    let Some(registry) = registry(&planner.run.configuration.registry) else { return Ok(None) };
    let answer = planner.hooks.pre_login(planner.run, planner.facts, &registry, Place::Local)?;
    if answer.steps.iter().any(|step| step.action.publishes()) {
        let reason = "only `build` and `push` can publish images".to_string();
        return Err(HookError::Fault { plugin: answer.plugin, hook: "pre-login", reason }.into());
    }
    Ok(Some(planner.local_steps(answer)))
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

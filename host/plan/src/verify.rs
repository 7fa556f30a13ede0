//! Rules that hold for every plan, whoever proposed its steps.

use std::collections::BTreeSet;

use commands::Machine;

use crate::action::Action;
use crate::error::PlanError;
use crate::plan::{Plan, Step};
use crate::proposals::Proposals;
use crate::publishing;
use crate::run::Run;

/// Fails on a step that breaks a rule: the app's image is pulled, tagged and started on hosts with an app role only, what a plugin proposes
/// reaches nothing but what it names; what the host does itself it does here, and an image that it publishes is the project's own.
pub(crate) fn verify(plan: &Plan, run: &Run) -> Result<(), PlanError> {
    for (_, step) in plan.steps() {
        if let Some(rule) = publishing::broken_rule(&step.action, run).or_else(|| probed_deed(step)) {
            return Err(PlanError::Rule { rule, step: step.id, title: step.title.clone() });
        }
    }
    let app_hosts: BTreeSet<&str> = run.selection.app_hosts.iter().map(String::as_str).collect();
    let repository = run.configuration.repository();
    for (machine, step) in plan.steps() {
        let Machine::Host(host) = machine else { continue };
        if step.action.is_deed() {
            let rule = format!("this is done on the operator's machine, not on {host}");
            return Err(PlanError::Rule { rule, step: step.id, title: step.title.clone() });
        }
        let image = match &step.action {
            Action::Pull { image } | Action::Tag { image, .. } | Action::ExtractAssets { image, .. } => image,
            Action::StartContainer(container) => &container.image,
            _ => continue,
        };
        if names(image, &repository) && !app_hosts.contains(host.as_str()) {
            let rule = format!("host {host} has no app role, the app's image has no business there");
            return Err(PlanError::Rule { rule, step: step.id, title: step.title.clone() });
        }
    }
    let proposals = Proposals::of(run);
    for (machine, step) in plan.steps() {
        let Some(plugin) = &step.plugin else { continue };
        let told = proposals.check(machine, step).map_err(|what| format!("plugin `{plugin}` {what}"));
        told.map_err(|rule| PlanError::Rule { rule, step: step.id, title: step.title.clone() })?;
    }
    Ok(())
}

/// No shell stands between a probe and what the host does itself.
fn probed_deed(step: &Step) -> Option<String> {
    let probed = step.action.is_deed() && step.unless.is_some();
    probed.then(|| "what the host does itself cannot depend on a command".to_string())
}

/// Whether an image is one of the repository: with a tag, by digest, or bare.
pub(crate) fn names(image: &str, repository: &str) -> bool {
    image.strip_prefix(repository).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apps_image_is_known_by_any_name() {
        let check = |image: &str, expected: bool| assert_eq!(names(image, "ghcr.io/acme/app"), expected, "{image}");
        check("ghcr.io/acme/app", true);
        check("ghcr.io/acme/app:v1", true);
        check("ghcr.io/acme/app@sha256:0123", true);
        check("ghcr.io/acme/app-store:1", false);
        check("docker.io/acme/app:v1", false);
    }
}

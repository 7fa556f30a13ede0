//! A plan as a policy sees it, and what it says about it.

use std::sync::Arc;

use commands::Machine;
use plan::hooks::{Happening, Verdict};
use plan::{Action, Finding, Plan, Step};
use serde_json::Value;
use wasmtime::component::Resource;

use crate::bindings::sextant::deploy::{events, review};
use crate::convert::one_line;
use crate::sandbox::State;

/// What a guest sees as a plan.
pub struct PlanView(pub(crate) Arc<Plan>);

/// A step of a plan, with the machine of its track.
pub struct PlannedStepView {
    host: Option<String>,
    step: Step,
}

/// What a policy said so far.
pub type Verdicts = Vec<Verdict>;

impl review::Host for State {}

impl review::HostPlan for State {
    fn steps(&mut self, this: Resource<PlanView>) -> wasmtime::Result<Vec<Resource<PlannedStepView>>> {
        let plan = self.table.get(&this)?.0.clone();
        let steps = plan.steps().map(|(machine, step)| {
            let host = match machine {
                Machine::Local => None,
                Machine::Host(host) => Some(host.clone()),
            };
            Ok(self.table.push(PlannedStepView { host, step: step.clone() })?)
        });
        steps.collect()
    }

    fn hosts(&mut self, this: Resource<PlanView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.0.hosts().into_iter().map(str::to_string).collect())
    }

    fn secrets(&mut self, this: Resource<PlanView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.0.secrets().into_iter().collect())
    }

    fn takes_lock(&mut self, this: Resource<PlanView>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.0.lock.is_some())
    }

    fn findings(&mut self, this: Resource<PlanView>) -> wasmtime::Result<Vec<Resource<Finding>>> {
        let plan = self.table.get(&this)?.0.clone();
        plan.findings.iter().map(|finding| Ok(self.table.push(finding.clone())?)).collect()
    }

    fn json(&mut self, this: Resource<PlanView>) -> wasmtime::Result<String> {
        Ok(serde_json::to_string(&*self.table.get(&this)?.0)?)
    }

    fn drop(&mut self, this: Resource<PlanView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl review::HostPlannedStep for State {
    fn id(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.step.id)
    }

    fn title(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.step.title.clone())
    }

    fn plugin(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.step.plugin.clone())
    }

    fn host(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.host.clone())
    }

    fn kind(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<String> {
        let action = self.action_of(&this)?;
        Ok(action.get("kind").and_then(Value::as_str).unwrap_or_default().to_string())
    }

    fn image(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<Option<String>> {
        Ok(image(&self.table.get(&this)?.step.action).map(str::to_string))
    }

    fn detail(&mut self, this: Resource<PlannedStepView>, pointer: String) -> wasmtime::Result<Option<String>> {
        Ok(self.action_of(&this)?.pointer(&pointer).map(Value::to_string))
    }

    fn drop(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl review::HostFinding for State {
    fn kind(&mut self, this: Resource<Finding>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.kind.name().to_string())
    }

    fn host(&mut self, this: Resource<Finding>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.host.clone())
    }

    fn message(&mut self, this: Resource<Finding>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.message.clone())
    }

    fn hint(&mut self, this: Resource<Finding>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.hint.clone())
    }

    fn drop(&mut self, this: Resource<Finding>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl review::HostVerdict for State {
    fn warn(&mut self, this: Resource<Verdicts>, reason: String, steps: Vec<u32>) -> wasmtime::Result<()> {
        let reason = one_line(&reason);
        self.say(&this, Verdict::Warn { reason, steps })
    }

    fn deny(&mut self, this: Resource<Verdicts>, reason: String, steps: Vec<u32>) -> wasmtime::Result<()> {
        let reason = one_line(&reason);
        self.say(&this, Verdict::Deny { reason, steps })
    }

    fn require_approval(
        &mut self,
        this: Resource<Verdicts>,
        reason: String,
        roles: Vec<String>,
        count: u32,
    ) -> wasmtime::Result<()> {
        let (reason, roles) = (one_line(&reason), roles.iter().map(|role| one_line(role)).collect());
        self.say(&this, Verdict::RequireApproval { reason, roles, count })
    }

    fn drop(&mut self, this: Resource<Verdicts>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl events::Host for State {}

impl events::HostEvent for State {
    fn kind(&mut self, this: Resource<Happening>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.kind.to_string())
    }

    fn hosts(&mut self, this: Resource<Happening>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.hosts.clone())
    }

    fn seconds(&mut self, this: Resource<Happening>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.seconds)
    }

    fn error(&mut self, this: Resource<Happening>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.error.clone())
    }

    fn drop(&mut self, this: Resource<Happening>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl State {
    fn action_of(&mut self, step: &Resource<PlannedStepView>) -> wasmtime::Result<Value> {
        Ok(serde_json::to_value(&self.table.get(step)?.step.action)?)
    }

    fn say(&mut self, verdicts: &Resource<Verdicts>, verdict: Verdict) -> wasmtime::Result<()> {
        let bytes = match &verdict {
            Verdict::Warn { reason, steps } | Verdict::Deny { reason, steps } => reason.len() + 4 * steps.len(),
            Verdict::RequireApproval { reason, roles, .. } => {
                reason.len() + roles.iter().map(String::len).sum::<usize>()
            }
        };
        self.budget.step()?;
        self.budget.output(bytes)?;
        self.table.get_mut(verdicts)?.push(verdict);
        Ok(())
    }
}

/// The image that an action is about.
fn image(action: &Action) -> Option<&str> {
    match action {
        Action::Pull { image }
        | Action::PullAccessoryImage { image }
        | Action::Push { image }
        | Action::Tag { image, .. }
        | Action::RemoveImage { image }
        | Action::ExtractAssets { image, .. } => Some(image),
        Action::StartContainer(container) | Action::StartAccessory(container) => Some(&container.image),
        Action::Build(build) | Action::Pack { build, .. } => build.tags.first().map(String::as_str),
        Action::Publish { image, .. } => image.names.first().map(String::as_str),
        Action::PublishFiles { names, .. } => names.first().map(String::as_str),
        _ => None,
    }
}

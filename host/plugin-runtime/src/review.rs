//! A plan as a policy sees it, and what it says about it.

use std::sync::Arc;

use plan::Finding;
use plan::hooks::{Happening, Verdict};
use serde_json::Value;
use wasmtime::component::Resource;

use crate::bindings::sextant::deploy::{events, review};
use crate::convert::one_line;
use crate::judged::{JudgedPlan, JudgedStep, Shared};
use crate::sandbox::State;

/// What a guest sees as a plan.
pub struct PlanView(pub(crate) Arc<JudgedPlan>);

/// A step of a plan, by its place in it.
pub struct PlannedStepView {
    plan: Arc<JudgedPlan>,
    place: usize,
}

/// What a policy said so far.
pub type Verdicts = Vec<Verdict>;

impl review::Host for State {}

impl review::HostPlan for State {
    fn steps(&mut self, this: Resource<PlanView>) -> wasmtime::Result<Vec<Resource<PlannedStepView>>> {
        let plan = self.table.get(&this)?.0.clone();
        let places = 0..plan.steps().len();
        self.handles(&plan, places)
    }

    fn steps_of(
        &mut self,
        this: Resource<PlanView>,
        kinds: Vec<String>,
    ) -> wasmtime::Result<Vec<Resource<PlannedStepView>>> {
        let plan = self.table.get(&this)?.0.clone();
        let places = plan.places_of(&kinds);
        self.handles(&plan, places)
    }

    fn size(&mut self, this: Resource<PlanView>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.table.get(&this)?.0.steps().len()).unwrap_or(u32::MAX))
    }

    fn images(&mut self, this: Resource<PlanView>, kinds: Vec<String>) -> wasmtime::Result<Shared> {
        Ok(self.table.get(&this)?.0.images(kinds))
    }

    fn values(&mut self, this: Resource<PlanView>, kinds: Vec<String>, pointer: String) -> wasmtime::Result<Shared> {
        Ok(self.table.get(&this)?.0.values(kinds, pointer))
    }

    fn hosts(&mut self, this: Resource<PlanView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.0.hosts().to_vec())
    }

    fn secrets(&mut self, this: Resource<PlanView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.0.secrets().to_vec())
    }

    fn takes_lock(&mut self, this: Resource<PlanView>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.0.plan().lock.is_some())
    }

    fn findings(&mut self, this: Resource<PlanView>) -> wasmtime::Result<Vec<Resource<Finding>>> {
        let findings = self.table.get(&this)?.0.plan().findings.clone();
        findings.into_iter().map(|finding| Ok(self.table.push(finding)?)).collect()
    }

    fn json(&mut self, this: Resource<PlanView>) -> wasmtime::Result<String> {
        Ok(serde_json::to_string(&**self.table.get(&this)?.0.plan())?)
    }

    fn drop(&mut self, this: Resource<PlanView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl review::HostPlannedStep for State {
    fn id(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.judged().step.id)
    }

    fn title(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.judged().step.title.clone())
    }

    fn plugin(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.judged().step.plugin.clone())
    }

    fn host(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.judged().host.clone())
    }

    fn kind(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.judged().kind().to_string())
    }

    fn image(&mut self, this: Resource<PlannedStepView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.judged().image().map(str::to_string))
    }

    fn detail(&mut self, this: Resource<PlannedStepView>, pointer: String) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.judged().action().pointer(&pointer).map(Value::to_string))
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

impl PlannedStepView {
    fn judged(&self) -> &JudgedStep {
        &self.plan.steps()[self.place]
    }
}

impl State {
    /// Handles of steps, by their places.
    fn handles(
        &mut self,
        plan: &Arc<JudgedPlan>,
        places: impl IntoIterator<Item = usize>,
    ) -> wasmtime::Result<Vec<Resource<PlannedStepView>>> {
        let handle = |place| Ok(self.table.push(PlannedStepView { plan: plan.clone(), place })?);
        places.into_iter().map(handle).collect()
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

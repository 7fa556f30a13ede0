//! Carrying out a plan that was made before: exactly that one, or none.

use std::sync::Arc;

use plan::{Approver, Basis, FactChange, Facts, Plan, Run};
use transport::Transport;

use crate::error::LifecycleError;
use crate::operation::Operation;

/// A plan that was made before.
#[derive(Debug)]
pub struct Settled {
    /// The plan.
    pub plan: Plan,
    /// What it was made from.
    pub basis: Basis,
    /// Its run as if it began now: policies judge the plan by the present time.
    pub present: Arc<Run>,
    /// Who approved of it.
    pub approvals: Vec<Approver>,
}

impl<T: Transport> Operation<'_, T> {
    /// The plan that is carried out on these facts: the one that was settled, where there is one.
    ///
    /// # Errors
    /// When no plan can be made, or the facts ask for another one than the settled one.
    pub fn plan_to_carry_out(&self, facts: &Facts) -> Result<Plan, LifecycleError> {
        let planned = self.plan(facts.clone());
        let Some(settled) = self.exactly else { return planned };
        match planned {
            Ok(plan) if plan.does_the_same_as(&settled.plan) => Ok(settled.plan.clone()),
            Ok(_) => Err(self.outdated(settled, facts, None, |plan| !plan.does_the_same_as(&settled.plan))),
            Err(LifecycleError::Plan(error)) if error.depends_on_facts() => {
                let reason = Some(error.to_string());
                Err(self.outdated(settled, facts, reason, |plan| !plan.does_the_same_as(&settled.plan)))
            }
            Err(error) => Err(error),
        }
    }

    /// Fails where a plan was settled: under the lock, these facts ask for another one.
    pub(crate) fn allow_replanning(&self, facts: &Facts) -> Result<(), LifecycleError> {
        match self.exactly {
            None => Ok(()),
            Some(settled) => {
                Err(self.outdated(settled, facts, None, |plan| !plan.does_the_same_under_the_lock_as(&settled.plan)))
            }
        }
    }

    /// The run that policies judge.
    pub(crate) fn judged_run(&self) -> &Arc<Run> {
        self.exactly.map_or(&self.run, |settled| &settled.present)
    }

    fn outdated(
        &self,
        settled: &Settled,
        facts: &Facts,
        reason: Option<String>,
        is_another: impl Fn(&Plan) -> bool,
    ) -> LifecycleError {
        let decide = || settled.basis.decisive_changes(facts, self.hooks, is_another);
        let changes = tokio::task::block_in_place(decide);
        LifecycleError::Outdated { changes: changes.iter().map(FactChange::to_string).collect(), reason }
    }
}

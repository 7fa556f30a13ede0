//! One run, from the first look at the hosts to the last step.

use std::sync::Arc;
use std::time::Instant;

use configuration::{ConfigurationError, Secrets, pattern};
use journal::Journal;
use plan::{Approver, Facts, Hooks, Override, Plan, Remark, Run};
use transport::{Interrupts, SecretValues, Transport};

use crate::apply::Settled;
use crate::connect::connect;
use crate::deeds::Deeds;
use crate::error::LifecycleError;
use crate::event::{Event, Events};
use crate::observe;

/// A run and everything it needs.
pub struct Operation<'a, T> {
    /// What is to be done.
    pub run: Arc<Run>,
    /// How machines are spoken to.
    pub transport: &'a T,
    /// Who answers the lifecycle hooks.
    pub hooks: &'a (dyn Hooks + Sync),
    /// The project's secrets: their names, and the values that take no command.
    pub secrets: &'a Secrets,
    /// Looks up the values that take a command, and may ask the operator. Called when a step needs one of them.
    pub lookup: &'a (dyn Fn() -> Result<SecretValues, ConfigurationError> + Sync),
    /// Who does what is no command.
    pub deeds: &'a dyn Deeds,
    /// Where what is done is written down.
    pub journal: &'a Journal,
    /// Who is told what happens.
    pub events: &'a dyn Events,
    /// Raised when the operator interrupts.
    pub interrupts: &'a Interrupts,
    /// The plan that was made before, where that one alone may be carried out.
    pub exactly: Option<&'a Settled>,
}

impl<T: Transport> Operation<'_, T> {
    /// Fails on what can be known before anything runs: a secret that will be missing whatever the hosts tell, a plugin that cannot be
    /// used, an accessory that does not exist. What depends on the hosts is not said here.
    pub fn foresee(&self) -> Result<(), LifecycleError> {
        plan::indispensable_secrets(&self.run).iter().try_for_each(|name| self.secrets.get(name).map(drop))?;
        match self.plan(Facts::default()) {
            Ok(_) => Ok(()),
            Err(LifecycleError::Plan(error)) if error.depends_on_facts() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Runs what has to run before the first connection: the hook script `pre-connect`, if the project has it.
    pub async fn connect(&self) -> Result<(), LifecycleError> {
        self.provide(plan::before_connecting(&self.run).iter().flat_map(|step| step.action.secrets()))?;
        connect(&self.run, self.transport, self.events, self.interrupts).await
    }

    /// Looks at every selected host, in one trip each; at none if the run does not concern them.
    pub async fn observe(&self) -> Result<Facts, LifecycleError> {
        if !self.run.intent.looks_at_hosts() {
            return observe::observe(self.transport, &self.run, &[], self.interrupts).await;
        }
        let hosts = &self.run.selection.hosts;
        let begin = Instant::now();
        self.events.tell(Event::Observing { hosts });
        let facts = observe::observe(self.transport, &self.run, hosts, self.interrupts).await?;
        self.events.tell(Event::Observed { hosts, took: begin.elapsed() });
        Ok(facts)
    }

    /// Plans from facts. Nothing acts: the same facts give the same plan.
    pub fn plan(&self, facts: Facts) -> Result<Plan, LifecycleError> {
        // Plugins are called here, which takes its time; the runtime's other tasks go on meanwhile.
        Ok(tokio::task::block_in_place(|| plan::plan(&self.run, &Arc::new(facts), self.hooks))?)
    }

    /// Has the values of secrets at hand.
    pub(crate) fn provide<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<(), LifecycleError> {
        if names.into_iter().any(|name| matches!(self.secrets.get(name), Ok(None))) {
            // A password manager may ask for a password, which takes its time.
            self.transport.learn(tokio::task::block_in_place(|| (self.lookup)())?);
        }
        Ok(())
    }

    /// Names of the secrets that plugins may ask for while the plan is carried out.
    pub(crate) fn secrets_of_plugins<'n>(&'n self, plan: &'n Plan) -> impl Iterator<Item = &'n str> {
        let kinds = ["secrets", "reveal"].into_iter();
        let patterns = plan
            .plugins
            .iter()
            .flat_map(move |plugin| kinds.clone().filter_map(|kind| plugin.capabilities.get(kind)).flatten());
        let granted: Vec<&String> = patterns.collect();
        self.secrets.names().filter(move |name| granted.iter().any(|pattern| pattern::matches(pattern, name)))
    }

    /// Fails on a plan that must not be carried out: one that a policy denies, or that needs a secret which does not exist.
    pub fn review(&self, plan: &Plan, facts: &Facts) -> Result<(), LifecycleError> {
        self.review_approved(plan, facts, self.exactly.map_or(&[], |settled| &settled.approvals))
    }

    /// The same for a plan that was made anew: nobody approved of that one.
    pub(crate) fn review_anew(&self, plan: &Plan, facts: &Facts) -> Result<(), LifecycleError> {
        self.review_approved(plan, facts, &[])
    }

    fn review_approved(&self, plan: &Plan, facts: &Facts, approvers: &[Approver]) -> Result<(), LifecycleError> {
        self.ask_policies(plan, facts, approvers)?;
        for name in plan.secrets() {
            if !self.run.configuration.literals.contains_key(&name) {
                self.secrets.get(&name)?;
            }
        }
        Ok(())
    }

    /// Every policy is asked, and every reason told.
    fn ask_policies(&self, plan: &Plan, facts: &Facts, approvers: &[Approver]) -> Result<(), LifecycleError> {
        let (plan, facts) = (Arc::new(plan.clone()), Arc::new(facts.clone()));
        let opinions = tokio::task::block_in_place(|| self.hooks.review(self.judged_run(), &facts, &plan));
        let judgement = plan::judge(&plan, &opinions, &self.run.overrides, approvers);
        for Remark { policy, is_note, reason, steps } in &judgement.remarks {
            if *is_note {
                self.note(journal::Entry::Noted { policy: policy.clone(), reason: reason.clone() })?;
            }
            self.events.tell(match is_note {
                true => Event::PolicyNoted { policy, reason, steps },
                false => Event::PolicyWarned { policy, reason, steps },
            });
        }
        for Override { policy, reason } in &judgement.overridden {
            self.note(journal::Entry::Overrode { policy: policy.clone(), reason: reason.clone() })?;
            self.events.tell(Event::PolicyOverridden { policy, reason });
        }
        if judgement.objections.is_empty() { Ok(()) } else { Err(LifecycleError::DeniedByPolicy(judgement.objections)) }
    }
}

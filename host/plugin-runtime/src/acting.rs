//! Hooks that act while a plan is carried out, and policies that judge it before.

use std::sync::Arc;

use plan::hooks::{ActingHooks, Credential, Happening, Opinion, Registry, Verdict};
use plan::{Facts, HookError, Plan, Run};

use crate::access::{Access, Outside, Reach, granted_to};
use crate::ask::{EventRecord, Question, RegistryRecord, Reply, SharedPlan};
use crate::catalogue::{Catalogue, Member};
use crate::plugin::Hook;
use crate::review::Verdicts;

/// A catalogue that may act, through a door to the world outside.
pub struct Acting<'a> {
    catalogue: &'a Catalogue,
    outside: Arc<dyn Outside>,
}

impl Catalogue {
    /// The same plugins, with a door to the world outside.
    pub fn acting(&self, outside: Arc<dyn Outside>) -> Acting<'_> {
        Acting { catalogue: self, outside }
    }

    /// What every policy thinks of a plan; one that gives no answer, or one that makes no sense, denies it.
    pub(crate) fn opinions(&self, run: &Arc<Run>, facts: &Arc<Facts>, plan: &Arc<Plan>) -> Vec<Opinion> {
        let policies = self.members.iter().filter(|member| member.plugin.hooks.contains(&Hook::Policy));
        let judged = self.judged(plan);
        let opinion = |member: &Member| {
            let answer = self.verdicts(member, run, facts, &judged).map_err(|error| error.to_string());
            let answer = answer.and_then(|verdicts| plan::nonsense(&verdicts, plan).map_or(Ok(verdicts), Err));
            let verdicts = answer.unwrap_or_else(|reason| {
                vec![Verdict::Deny { reason: format!("it gave no verdict: {reason}"), steps: Vec::new() }]
            });
            let (mode, may_override) = member.policy();
            Opinion { policy: member.plugin.name.clone(), mode, may_override, verdicts }
        };
        policies.map(opinion).collect()
    }

    fn verdicts(
        &self,
        member: &Member,
        run: &Arc<Run>,
        facts: &Arc<Facts>,
        plan: &SharedPlan,
    ) -> Result<Verdicts, HookError> {
        match self.ask(member, Access::Planning, (run, facts), Question::Policy { plan: plan.clone() })? {
            Reply::Verdicts(verdicts) => Ok(verdicts),
            _ => unreachable!("a policy gives verdicts"),
        }
    }
}

impl ActingHooks for Acting<'_> {
    fn credentials(&self, run: &Arc<Run>, plugin: &str, registry: &Registry) -> Result<Credential, HookError> {
        let member = self.member(plugin, Hook::Credentials)?;
        match self.ask(member, run, Question::Credentials { registry: RegistryRecord::of(registry) })? {
            Reply::Credential(credential) => Ok(credential),
            _ => unreachable!("a question about credentials is answered with some"),
        }
    }

    fn errand(&self, run: &Arc<Run>, plugin: &str, name: &str) -> Result<String, HookError> {
        let member = self.member(plugin, Hook::Errand)?;
        match self.ask(member, run, Question::Errand { name: name.to_string() })? {
            Reply::Line(done) => Ok(done),
            _ => unreachable!("an errand ends with a line"),
        }
    }

    fn notify(&self, run: &Arc<Run>, happening: &Happening) -> Vec<HookError> {
        let told = self.catalogue.members.iter().filter(|member| member.plugin.hooks.contains(&Hook::Notify));
        let event = EventRecord::of(happening);
        told.filter_map(|member| self.ask(member, run, Question::Notify { event: event.clone() }).err()).collect()
    }
}

impl Acting<'_> {
    /// The plugin that proposed a step, if it has the hook that the step needs.
    fn member(&self, plugin: &str, hook: Hook) -> Result<&Member, HookError> {
        let found = self.catalogue.members.iter().find(|member| member.plugin.name == plugin);
        found.filter(|member| member.plugin.hooks.contains(&hook)).ok_or_else(|| HookError::Fault {
            plugin: plugin.to_string(),
            hook: hook.name(),
            reason: "it does not export this hook".to_string(),
        })
    }

    fn ask(&self, member: &Member, run: &Arc<Run>, question: Question) -> Result<Reply, HookError> {
        let access = Access::Acting(Box::new(Reach {
            asked: member.plugin.asked.clone(),
            granted: member.entry.as_ref().map(granted_to).unwrap_or_default(),
            outside: self.outside.clone(),
        }));
        self.catalogue.ask(member, access, (run, &Arc::default()), question)
    }
}

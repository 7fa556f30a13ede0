//! Hooks that act while a plan is carried out, and policies that judge it before.

use std::sync::Arc;

use plan::hooks::{ActingHooks, Credential, Happening, Opinion, Registry, Verdict};
use plan::{Facts, HookError, Plan, Run};
use secrecy::SecretString;
use wasmtime::component::Resource;

use crate::access::{Access, Outside, Reach, granted_to};
use crate::bindings::exports::sextant::deploy as exports;
use crate::call::call;
use crate::catalogue::{Catalogue, Member};
use crate::convert::one_line;
use crate::plugin::Hook;
use crate::resources::{DeploymentView, FactsView};
use crate::review::{PlanView, Verdicts};

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

    /// What every policy thinks of a plan; one that gives no answer denies it.
    pub(crate) fn opinions(&self, run: &Arc<Run>, facts: &Arc<Facts>, plan: &Arc<Plan>) -> Vec<Opinion> {
        let policies = self.members.iter().filter(|member| member.plugin.hooks.contains(&Hook::Policy));
        let opinion = |member: &Member| {
            let verdicts = self.verdicts(member, run, facts, plan).unwrap_or_else(|error| {
                vec![Verdict::Deny { reason: format!("it gave no verdict: {error}"), steps: Vec::new() }]
            });
            Opinion { policy: member.plugin.name.clone(), verdicts }
        };
        policies.map(opinion).collect()
    }

    fn verdicts(
        &self,
        member: &Member,
        run: &Arc<Run>,
        facts: &Arc<Facts>,
        plan: &Arc<Plan>,
    ) -> Result<Verdicts, HookError> {
        call(&member.plugin, Hook::Policy, &self.limits, Access::Planning, |store, instance| {
            let guest = exports::policy::GuestIndices::new(&member.plugin.instance)?.load(&mut *store, instance)?;
            let table = &mut store.data_mut().table;
            let settings = member.settings();
            let deployment = table.push(DeploymentView { run: run.clone(), facts: facts.clone(), settings })?.rep();
            let facts = table.push(FactsView { run: run.clone(), facts: facts.clone() })?.rep();
            let plan = table.push(PlanView(plan.clone()))?.rep();
            let verdict = table.push(Verdicts::new())?.rep();
            let told = guest.call_review(
                &mut *store,
                Resource::new_borrow(deployment),
                Resource::new_borrow(facts),
                Resource::new_borrow(plan),
                Resource::new_borrow(verdict),
            )?;
            let verdicts = store.data_mut().table.delete(Resource::<Verdicts>::new_own(verdict))?;
            Ok(told.map(|()| verdicts))
        })
    }
}

impl ActingHooks for Acting<'_> {
    fn credentials(&self, run: &Arc<Run>, plugin: &str, registry: &Registry) -> Result<Credential, HookError> {
        let member = self.member(plugin, Hook::Credentials)?;
        let (username, password) =
            call(&member.plugin, Hook::Credentials, &self.catalogue.limits, self.access(member), |store, instance| {
                let guest =
                    exports::credentials::GuestIndices::new(&member.plugin.instance)?.load(&mut *store, instance)?;
                let deployment = store.data_mut().table.push(deployment(run, member))?.rep();
                let registry = store.data_mut().table.push(registry.clone())?.rep();
                guest.call_get(store, Resource::new_borrow(deployment), Resource::new_borrow(registry))
            })?;
        Ok(Credential { username: SecretString::from(username), password: SecretString::from(password) })
    }

    fn errand(&self, run: &Arc<Run>, plugin: &str, name: &str) -> Result<String, HookError> {
        let member = self.member(plugin, Hook::Errand)?;
        let done =
            call(&member.plugin, Hook::Errand, &self.catalogue.limits, self.access(member), |store, instance| {
                let guest = exports::errand::GuestIndices::new(&member.plugin.instance)?.load(&mut *store, instance)?;
                let deployment = store.data_mut().table.push(deployment(run, member))?.rep();
                guest.call_run(store, Resource::new_borrow(deployment), name)
            })?;
        Ok(one_line(&done))
    }

    fn notify(&self, run: &Arc<Run>, happening: &Happening) -> Vec<HookError> {
        let told = self.catalogue.members.iter().filter(|member| member.plugin.hooks.contains(&Hook::Notify));
        let tell = |member: &Member| {
            call(&member.plugin, Hook::Notify, &self.catalogue.limits, self.access(member), |store, instance| {
                let guest = exports::notify::GuestIndices::new(&member.plugin.instance)?.load(&mut *store, instance)?;
                let deployment = store.data_mut().table.push(deployment(run, member))?.rep();
                let event = store.data_mut().table.push(happening.clone())?.rep();
                guest.call_tell(store, Resource::new_borrow(deployment), Resource::new_borrow(event))
            })
        };
        told.filter_map(|member| tell(member).err()).collect()
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

    fn access(&self, member: &Member) -> Access {
        Access::Acting(Box::new(Reach {
            asked: member.plugin.asked.clone(),
            granted: member.entry.as_ref().map(granted_to).unwrap_or_default(),
            outside: self.outside.clone(),
        }))
    }
}

fn deployment(run: &Arc<Run>, member: &Member) -> DeploymentView {
    DeploymentView { run: run.clone(), facts: Arc::default(), settings: member.settings() }
}

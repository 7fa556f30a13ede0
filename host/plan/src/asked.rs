//! Remembers which hooks were asked while a plan was made, so that the plan names only those who had a say.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::facts::Facts;
use crate::hooks::{Answer, BootAnswer, HookError, Hooks, Opinion, Place, Registry, Whereabouts};
use crate::plan::{HookOwner, Plan, PluginUse};
use crate::run::Run;

/// Passes every question on and writes down who answered it.
pub(crate) struct Asked<'a> {
    hooks: &'a dyn Hooks,
    answered: RefCell<BTreeSet<(&'static str, String)>>,
}

impl<'a> Asked<'a> {
    pub fn new(hooks: &'a dyn Hooks) -> Self {
        Self { hooks, answered: RefCell::default() }
    }

    fn note(&self, hook: &'static str, answer: &Answer) {
        self.answered.borrow_mut().insert((hook, answer.plugin.clone()));
    }
}

impl Hooks for Asked<'_> {
    fn pre_login(
        &self,
        run: &Arc<Run>,
        facts: &Arc<Facts>,
        registry: &Registry,
        place: Place,
    ) -> Result<Answer, HookError> {
        self.hooks.pre_login(run, facts, registry, place).inspect(|answer| self.note("pre-login", answer))
    }

    fn build(&self, run: &Arc<Run>, facts: &Arc<Facts>) -> Result<(Answer, Whereabouts), HookError> {
        self.hooks.build(run, facts).inspect(|(answer, _)| self.note("build", answer))
    }

    fn push(&self, run: &Arc<Run>, facts: &Arc<Facts>) -> Result<Answer, HookError> {
        self.hooks.push(run, facts).inspect(|answer| self.note("push", answer))
    }

    fn tag(&self, run: &Arc<Run>, facts: &Arc<Facts>, host: &str) -> Result<Answer, HookError> {
        self.hooks.tag(run, facts, host).inspect(|answer| self.note("tag", answer))
    }

    fn boot(&self, run: &Arc<Run>, facts: &Arc<Facts>, role: &str, host: &str) -> Result<BootAnswer, HookError> {
        self.hooks.boot(run, facts, role, host).inspect(|answer| self.note("boot", &answer.start))
    }

    /// Those who were asked, in the order in which the catalogue names them.
    fn owners(&self, run: &Run) -> Vec<HookOwner> {
        let mut owners = self.hooks.owners(run);
        let answered = self.answered.borrow();
        owners.retain(|owner| answered.iter().any(|(hook, plugin)| *hook == owner.hook && *plugin == owner.plugin));
        owners
    }

    fn plugins(&self) -> Vec<PluginUse> {
        self.hooks.plugins()
    }

    fn review(&self, run: &Arc<Run>, facts: &Arc<Facts>, plan: &Arc<Plan>) -> Vec<Opinion> {
        self.hooks.review(run, facts, plan)
    }
}

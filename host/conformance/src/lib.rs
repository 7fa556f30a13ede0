//! Tries a plugin: does it keep what the contract promises? Offline, on made-up projects, hosts and secrets.
//!
//! Every check tells what it found; none of them runs a step or reaches outside.

mod checks;
mod idempotency;
mod machine;
mod scenes;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use manifest::Capabilities;
use plan::{Facts, HookError, Run};
use plugin_runtime::{Attempt, Builtin, Cache, Catalogue, Hook, Limits, Question, Scene, Snapshot, Specimen};

use crate::scenes::{Stage, stages};

/// What a plugin is tried with.
#[derive(Default)]
pub struct Setting {
    /// Its `with:`, a JSON object.
    pub settings: Option<String>,
    /// What the project grants; everything that it asks for if absent.
    pub granted: Option<Capabilities>,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is checked, in a few words.
    pub check: &'static str,
    /// What came of it.
    pub result: Outcome,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The plugin keeps the promise.
    Ok,
    /// It does, but somebody should look.
    Warn(String),
    /// It does not.
    Fail(String),
    /// There was nothing to check.
    Skipped(String),
}

impl Outcome {
    /// The first reason for a failure, else fine.
    pub(crate) fn of(failures: Vec<String>) -> Self {
        failures.into_iter().next().map_or(Self::Ok, Self::Fail)
    }
}

/// Tries a component. `builtins` answer the hooks that it does not, where a whole plan is needed.
pub fn check(
    name: &str,
    component: &[u8],
    setting: &Setting,
    builtins: &[Builtin],
    cache: Option<&Cache>,
) -> Vec<Finding> {
    let limits = Limits::default();
    let specimen = match Specimen::load(name, component, limits.clone(), cache) {
        Ok(specimen) => specimen,
        Err(error) => return vec![Finding { check: "it loads", result: Outcome::Fail(error.to_string()) }],
    };
    let trial = Trial::new(&specimen, setting, builtins, cache);
    let mut findings = vec![Finding { check: "it loads", result: Outcome::Ok }];
    let mut add = |check, result| findings.push(Finding { check, result });
    // What it says of itself in faults is looked at like any other answer; what its answers would have shown is not there.
    let mute = trial.is_mute();
    let answered = |check: &dyn Fn() -> Outcome| match mute {
        true => Outcome::Skipped("it has no answer at all".to_string()),
        false => check(),
    };
    add("its contract is served", Outcome::Ok);
    add("its manifest fits its settings", checks::manifest(&trial));
    add("it answers on recorded facts", checks::answers(&trial));
    add("it uses only what its manifest asks for", answered(&|| checks::asks(&trial)));
    add("it reaches nothing outside while it plans", answered(&|| checks::plans_inside(&trial)));
    add("the same question has the same answer", checks::is_pure(&trial));
    add("its steps can be carried out twice", idempotency::check(&trial));
    add("it bears every refusal", answered(&|| checks::bears_refusals(&trial)));
    add("it stays far from its limits", answered(&|| checks::limits(&trial, &limits)));
    add("no secret is in what it says", answered(&|| checks::keeps_secrets(&trial)));
    add("what it says is fit for a terminal", checks::is_clean(&trial));
    findings
}

/// A plugin with everything that it is asked, and the answers.
pub(crate) struct Trial<'a> {
    pub specimen: &'a Specimen,
    pub setting: &'a Setting,
    pub granted: Capabilities,
    pub stages: Vec<Stage>,
    pub attempts: Vec<Tried>,
}

/// One question, and the answer.
pub(crate) struct Tried {
    /// The place of its stage.
    pub stage: usize,
    pub question: Question,
    pub attempt: Attempt,
}

impl<'a> Trial<'a> {
    fn new(specimen: &'a Specimen, setting: &'a Setting, builtins: &[Builtin], cache: Option<&Cache>) -> Self {
        let mut trial =
            Self { specimen, setting, granted: Capabilities::default(), stages: stages(), attempts: Vec::new() };
        trial.granted = setting.granted.clone().unwrap_or_else(|| trial.asked());
        let catalogue = Catalogue::load(builtins, Vec::new(), Limits::default(), cache).ok();
        for stage in 0..trial.stages.len() {
            let mut questions = trial.stages[stage].planning();
            questions.extend(trial.stages[stage].acting());
            let Stage { run, facts, .. } = &trial.stages[stage];
            let plan = catalogue.as_ref().and_then(|catalogue| plan::plan(run, facts, catalogue).ok());
            questions.extend(plan.map(|plan| Question::Policy { plan: plan.into() }));
            let mut errands = Vec::new();
            for question in questions {
                let Some(attempt) = trial.ask(stage, &question) else { continue };
                errands.extend(attempt.told.steps().into_iter().filter_map(|step| match &step.action {
                    plan::Action::Errand { name, .. } => Some(name.clone()),
                    _ => None,
                }));
                trial.attempts.push(Tried { stage, question, attempt });
            }
            for name in errands {
                let question = Question::Errand { name };
                let Some(attempt) = trial.ask(stage, &question) else { continue };
                trial.attempts.push(Tried { stage, question, attempt });
            }
        }
        trial
    }

    /// Asks a question, if the plugin has the hook.
    pub fn ask(&self, stage: usize, question: &Question) -> Option<Attempt> {
        let Stage { run, facts, .. } = &self.stages[stage];
        self.ask_on(run, facts, question, &self.granted)
    }

    /// The same on other facts or with other grants.
    pub fn ask_on(
        &self,
        run: &Run,
        facts: &Arc<Facts>,
        question: &Question,
        granted: &Capabilities,
    ) -> Option<Attempt> {
        self.specimen.hooks().contains(&question.hook()).then(|| {
            let snapshot = Arc::new(Snapshot::of(run, facts.architecture.as_deref()));
            let settings = self.setting.settings.clone().unwrap_or_else(|| "{}".to_string());
            let scene = Scene { snapshot, facts: facts.clone(), settings };
            match question.hook().acts() {
                true => self.specimen.act(
                    &scene,
                    question,
                    granted.clone(),
                    Arc::new(world::World { planted: world::planted(&self.asked()) }),
                ),
                false => self.specimen.plan(&scene, question),
            }
        })
    }

    /// What its manifest asks for.
    pub fn asked(&self) -> Capabilities {
        self.specimen.manifest().map(|manifest| manifest.capabilities.clone()).unwrap_or_default()
    }

    /// Whether all that it says is that it has no answer.
    pub fn is_mute(&self) -> bool {
        let mut attempts = self.attempts.iter().peekable();
        attempts.peek().is_some() && attempts.all(|tried| tried.attempt.error.as_ref().is_some_and(is_fault))
    }

    /// Where something happened, in words.
    pub fn place(&self, tried: &Tried) -> String {
        format!("`{}` on {}", tried.question.hook().name(), self.stages[tried.stage].name)
    }

    /// What is wrong with attempts, in words.
    pub fn wrong(&self, wrong: impl Fn(&Tried) -> Option<String>) -> Vec<String> {
        self.attempts.iter().filter_map(|tried| Some(format!("{}: {}", self.place(tried), wrong(tried)?))).collect()
    }

    /// Attempts by stage.
    pub fn by_stage(&self) -> BTreeMap<usize, Vec<&Tried>> {
        let mut stages: BTreeMap<usize, Vec<&Tried>> = BTreeMap::new();
        for tried in &self.attempts {
            stages.entry(tried.stage).or_default().push(tried);
        }
        stages
    }

    /// Whether it has a hook that acts.
    pub fn acts(&self) -> bool {
        self.specimen.hooks().iter().any(|hook| hook.acts())
    }
}

/// Whether an error is the plugin's own no, rather than something that went wrong.
pub(crate) fn is_fault(error: &HookError) -> bool {
    matches!(error, HookError::Fault { .. })
}

/// Whether a plugin answers nothing but `secrets`, which is asked in another way.
pub(crate) fn is_adapter(hooks: &[Hook]) -> bool {
    hooks.iter().all(|hook| *hook == Hook::Secrets)
}

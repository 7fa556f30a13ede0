//! A plan that policies judge. What they ask for is derived once per plan, when the first of them asks, and shared by all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use commands::Machine;
use plan::{Action, Plan, Step};
use serde_json::Value;

/// A plan, and what is derived from it.
#[derive(Debug)]
pub struct JudgedPlan {
    plan: Arc<Plan>,
    steps: OnceLock<Vec<JudgedStep>>,
    kinds: OnceLock<HashMap<String, Vec<usize>>>,
    hosts: OnceLock<Vec<String>>,
    secrets: OnceLock<Vec<String>>,
    /// Answers that were given already.
    answers: Mutex<HashMap<Asked, Shared>>,
}

/// Kinds of steps, and the pointer into their actions; absent where it is about images.
type Asked = (Vec<String>, Option<String>);

/// How many answers are kept. A policy asks for few; one that asks on and on fills no memory.
const KEPT: usize = 64;

/// A step of a plan with the machine of its track.
#[derive(Debug)]
pub(crate) struct JudgedStep {
    pub host: Option<String>,
    pub step: Step,
    /// Its action as JSON.
    action: OnceLock<Value>,
}

/// Something that steps share, and the numbers of those steps.
pub(crate) type Shared = Vec<(String, Vec<u32>)>;

impl JudgedPlan {
    /// A plan of which nothing is derived yet.
    pub fn of(plan: Arc<Plan>) -> Arc<Self> {
        Arc::new(Self {
            plan,
            steps: OnceLock::new(),
            kinds: OnceLock::new(),
            hosts: OnceLock::new(),
            secrets: OnceLock::new(),
            answers: Mutex::default(),
        })
    }

    /// The plan itself.
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Its steps in reading order.
    pub(crate) fn steps(&self) -> &[JudgedStep] {
        self.steps.get_or_init(|| {
            let judged = |(machine, step): (&Machine, &Step)| {
                let host = match machine {
                    Machine::Local => None,
                    Machine::Host(host) => Some(host.clone()),
                };
                JudgedStep { host, step: step.clone(), action: OnceLock::new() }
            };
            self.plan.steps().map(judged).collect()
        })
    }

    /// Hosts that it touches.
    pub(crate) fn hosts(&self) -> &[String] {
        self.hosts.get_or_init(|| self.plan.hosts().into_iter().map(str::to_string).collect())
    }

    /// Names of the secrets that it needs.
    pub(crate) fn secrets(&self) -> &[String] {
        self.secrets.get_or_init(|| self.plan.secrets().into_iter().collect())
    }

    /// The places of its steps of some kinds, in reading order.
    pub(crate) fn places_of(&self, kinds: &[String]) -> Vec<usize> {
        let known = self.kinds.get_or_init(|| {
            let mut known: HashMap<String, Vec<usize>> = HashMap::new();
            for (place, step) in self.steps().iter().enumerate() {
                known.entry(step.kind().to_string()).or_default().push(place);
            }
            known
        });
        let mut places: Vec<usize> = kinds.iter().filter_map(|kind| known.get(kind)).flatten().copied().collect();
        if kinds.len() > 1 {
            places.sort_unstable();
            places.dedup();
        }
        places
    }

    /// The images of its steps of some kinds.
    pub(crate) fn images(&self, kinds: Vec<String>) -> Shared {
        self.answer((kinds, None), |(kinds, _)| {
            let shared = self.shared(kinds, |step| image(&step.step.action));
            shared.into_iter().map(|(image, steps)| (image.to_string(), steps)).collect()
        })
    }

    /// The values that a pointer leads to in its steps of some kinds.
    pub(crate) fn values(&self, kinds: Vec<String>, pointer: String) -> Shared {
        self.answer((kinds, Some(pointer)), |(kinds, pointer)| {
            let pointer = pointer.as_deref().unwrap_or_default();
            let shared = self.shared(kinds, |step| step.action().pointer(pointer));
            shared.into_iter().map(|(value, steps)| (value.to_string(), steps)).collect()
        })
    }

    /// An answer that was given already, or a new one.
    fn answer(&self, asked: Asked, find: impl FnOnce(&Asked) -> Shared) -> Shared {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = answers.get(&asked) {
            return known.clone();
        }
        let found = find(&asked);
        if answers.len() < KEPT {
            answers.insert(asked, found.clone());
        }
        found
    }

    /// What some steps have in common, in the order in which it is first met.
    fn shared<'a, T: std::hash::Hash + Eq + Copy>(
        &'a self,
        kinds: &[String],
        of: impl Fn(&'a JudgedStep) -> Option<T>,
    ) -> Vec<(T, Vec<u32>)> {
        let mut places: HashMap<T, usize> = HashMap::new();
        let mut shared: Vec<(T, Vec<u32>)> = Vec::new();
        for place in self.places_of(kinds) {
            let step = &self.steps()[place];
            let Some(value) = of(step) else { continue };
            let at = *places.entry(value).or_insert(shared.len());
            if at == shared.len() {
                shared.push((value, Vec::new()));
            }
            shared[at].1.push(step.step.id);
        }
        shared
    }
}

impl JudgedStep {
    /// Its action as JSON.
    pub fn action(&self) -> &Value {
        self.action.get_or_init(|| serde_json::to_value(&self.step.action).unwrap_or_default())
    }

    /// What it does: `start-container`.
    pub fn kind(&self) -> &str {
        self.action().get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    /// The image that it is about.
    pub fn image(&self) -> Option<&str> {
        image(&self.step.action)
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

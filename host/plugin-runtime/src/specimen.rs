//! A plugin by itself, to be tried: asked against recorded or made-up scenes, without a project and without a run.

use std::sync::Arc;

use manifest::{Capabilities, Manifest};
use plan::HookError;
use semver::Version;

use crate::access::{Access, Outside, Reach};
use crate::ask::{Question, Scene, ask};
use crate::cache::Cache;
use crate::limits::{Limits, Usage};
use crate::plugin::{Hook, Plugin};
use crate::recording::{Exchange, RecordedCall, Recording, Told};
use crate::tape::{Matching, Tape};

/// A plugin that is tried.
pub struct Specimen {
    plugin: Plugin,
    limits: Limits,
}

/// What an attempt came to.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What it answered.
    pub told: Told,
    /// The error, where it gave no answer.
    pub error: Option<HookError>,
    /// What the call took.
    pub usage: Usage,
}

/// The recorded call and the same call of now, each as what was asked of the world outside and what was answered.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// As it was recorded.
    pub recorded: String,
    /// As it is.
    pub now: String,
}

impl Specimen {
    /// Loads a component under a name.
    pub fn load(name: &str, component: &[u8], limits: Limits, cache: Option<&Cache>) -> Result<Self, HookError> {
        let (plugin, _) = Plugin::load(name, component, cache)?;
        Ok(Self { plugin, limits })
    }

    /// Its hooks.
    pub fn hooks(&self) -> &[Hook] {
        &self.plugin.hooks
    }

    /// The newest version of the contract that it knows.
    pub fn contract(&self) -> &Version {
        &self.plugin.contract
    }

    /// What it says of itself.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.plugin.manifest.as_ref()
    }

    /// Asks it as it is asked while planning.
    pub fn plan(&self, scene: &Scene, question: &Question) -> Attempt {
        self.attempt(Access::Planning, scene, question)
    }

    /// Asks it as it is asked while a plan is carried out.
    pub fn act(&self, scene: &Scene, question: &Question, granted: Capabilities, outside: Arc<dyn Outside>) -> Attempt {
        let access = Access::Acting(Box::new(Reach { asked: self.plugin.asked.clone(), granted, outside }));
        self.attempt(access, scene, question)
    }

    /// Asks it a recorded question again, offline.
    pub fn replay(&self, recording: &Recording, call: &RecordedCall) -> Replayed {
        let scene = Scene {
            snapshot: Arc::new(recording.snapshots[call.snapshot].clone()),
            facts: Arc::new(recording.facts[call.facts].clone()),
            settings: call.settings.to_string(),
        };
        let tape = Arc::new(Tape::new(Matching::ByQuestion, call.outside.clone()));
        let attempt = match &call.granted {
            None => self.plan(&scene, &call.question),
            Some(granted) => self.act(&scene, &call.question, granted.clone(), tape.clone()),
        };
        Replayed { recorded: shown(&call.outside, &call.answer), now: shown(&tape.asked(), &attempt.told) }
    }

    fn attempt(&self, access: Access, scene: &Scene, question: &Question) -> Attempt {
        let (reply, usage) = ask(&self.plugin, &self.limits, access, scene, question);
        Attempt { told: Told::of(&reply), error: reply.err(), usage }
    }
}

/// What was asked outside and what was answered, as lines that can be compared.
fn shown(outside: &[Exchange], told: &Told) -> String {
    let pretty = |value: serde_json::Result<String>| value.unwrap_or_default();
    if outside.is_empty() {
        return pretty(serde_json::to_string_pretty(told));
    }
    format!("{}\n{}", pretty(serde_json::to_string_pretty(outside)), pretty(serde_json::to_string_pretty(told)))
}

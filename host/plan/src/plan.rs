//! The plan: everything that will happen, in order, as data. What should not happen is not in it.

use std::collections::{BTreeMap, BTreeSet};

use commands::Machine;
use configuration::PolicyMode;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::changes::Change;
use crate::facts::Facts;
use crate::policies::Override;
use crate::preflight::Finding;
use crate::run::LockWait;

/// What a subcommand will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The subcommand: `deploy`, `app stop`.
    pub subcommand: String,
    /// The service.
    pub service: String,
    /// The destination, if any.
    pub destination: Option<String>,
    /// The version that is deployed or acted on.
    pub version: String,
    /// Which plugin answers which hook.
    pub hooks: Vec<HookOwner>,
    /// The project's own plugins that have a say, and what they may reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginUse>,
    /// Policies whose objections are set aside, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// Runs before the first connection, so before anything is observed.
    pub connect: Vec<Step>,
    /// Runs before the lock is taken.
    pub prepare: Vec<Stage>,
    /// The deploy lock, if the subcommand takes it.
    pub lock: Option<Lock>,
    /// Runs under the lock.
    pub apply: Vec<Stage>,
    /// Runs after the lock was released, only if all went well.
    pub conclude: Vec<Stage>,
    /// What a reader should know that is not a step: why something is left out, or what looks odd.
    pub notes: Vec<String>,
    /// What was found on hosts that may spoil the run. It belongs to no step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What differs from what runs now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// A hook and the plugin that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookOwner {
    /// The hook: `pre-login`, `build`, …
    pub hook: String,
    /// The plugin's name.
    pub plugin: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
}

/// A plugin that did not come with the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginUse {
    /// Its name in `x-plugins`.
    pub name: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// The hooks it exports.
    pub hooks: Vec<String>,
    /// What it asks for and is granted, by kind: `secrets`, `network`, …
    pub capabilities: BTreeMap<String, Vec<String>>,
    /// What becomes of its objections, where it is a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<PolicyMode>,
    /// The folder of policies that it comes from; absent for the project's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// The deploy lock: a directory on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The host that holds it.
    pub host: String,
    /// The host on which a run without `--hosts` and `--roles` takes it, where that is another one: it is taken there, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_host: Option<String>,
    /// Hosts whose `.kamal` directory is made on the way.
    pub hosts: Vec<String>,
    /// The directory.
    pub directory: String,
    /// What whoever finds it held gets to read.
    pub details: String,
    /// How long to wait for it while somebody else holds it.
    pub wait: Option<LockWait>,
}

impl Lock {
    /// What the details of a lock say that a run took for itself. Only such a lock is worth waiting for.
    pub const AUTOMATIC: &str = "Automatic deploy lock";

    /// What the holder of the lock left, if somebody else holds it already and it is not waited for.
    pub fn held<'a>(&self, facts: &'a Facts) -> Option<&'a str> {
        facts.host(&self.host).lock.as_deref().filter(|_| self.wait.is_none())
    }
}

/// Steps of several machines side by side; the next stage waits for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// A short phrase: `Boot group 1 of 2`.
    pub title: String,
    /// The operator's registry, where machines need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<SharedRegistry>,
    /// Whether a boot begins here, with a barrier that nobody has decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins_boot: bool,
    /// What each machine does.
    pub tracks: Vec<Track>,
}

/// The registry on the operator's machine: while a stage runs, the same port of other machines leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedRegistry {
    /// Its port.
    pub port: u16,
    /// The image that is wanted of it, without the server's name: `app:v1`.
    pub image: String,
    /// The machines.
    pub machines: Vec<Machine>,
}

/// What one machine does in a stage, block after block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// The machine.
    pub machine: Machine,
    /// Its blocks.
    pub blocks: Vec<Block>,
}

/// Steps that belong together: they reach the machine in one trip.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The role, where the block boots one.
    pub role: Option<String>,
    /// How the block stands to the barrier.
    pub barrier: Barrier,
    /// The steps.
    pub start: Vec<Step>,
    /// More steps, after the barrier opened.
    pub finish: Vec<Step>,
    /// Steps to run when one of `start` failed.
    pub abort: Vec<Step>,
}

/// The barrier: other roles wait until one container of the primary role is healthy. It is decided once per boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Barrier {
    /// Has nothing to do with it.
    #[default]
    None,
    /// Opens it after `start`, closes it when `start` fails.
    Decides,
    /// Waits for it before `start`; does not run when it was closed.
    Waits,
}

/// One action on the machine of its track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Number within the plan, from 1, in reading order.
    pub id: u32,
    /// A short phrase that fits after "will".
    pub title: String,
    /// The plugin that proposed it; absent for the host's own steps.
    pub plugin: Option<String>,
    /// What it does.
    pub action: Action,
    /// Words of a command that only looks; the step is skipped when it succeeds.
    pub unless: Option<Vec<String>>,
    /// Whether the run goes on when the step fails.
    pub may_fail: bool,
    /// Seconds after which the step is stopped and counts as failed.
    pub time_limit: u64,
}

/// Seconds a step may take unless it says otherwise.
pub const TIME_LIMIT: u64 = 600;

impl Step {
    /// A step of the host's own.
    pub fn new(title: impl Into<String>, action: Action) -> Self {
        Self { id: 0, title: title.into(), plugin: None, action, unless: None, may_fail: false, time_limit: TIME_LIMIT }
    }

    /// The same step, which may fail.
    pub fn may_fail(mut self) -> Self {
        self.may_fail = true;
        self
    }

    /// The same step with another time limit, in seconds.
    pub fn within(mut self, seconds: u64) -> Self {
        self.time_limit = seconds;
        self
    }
}

impl Stage {
    /// A stage in which every machine runs its steps as one block; machines without steps are left out.
    pub fn of_steps(title: impl Into<String>, steps: impl IntoIterator<Item = (Machine, Vec<Step>)>) -> Option<Self> {
        let tracks: Vec<Track> = steps
            .into_iter()
            .filter(|(_, steps)| !steps.is_empty())
            .map(|(machine, start)| Track { machine, blocks: vec![Block { start, ..Block::default() }] })
            .collect();
        (!tracks.is_empty()).then(|| Self { title: title.into(), registry: None, begins_boot: false, tracks })
    }

    /// The same stage, during which machines reach the operator's registry.
    pub fn with_registry(mut self, registry: Option<SharedRegistry>) -> Self {
        self.registry = registry.filter(|registry| !registry.machines.is_empty());
        self
    }
}

impl Plan {
    /// Every stage in the order in which they run.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.prepare.iter().chain(&self.apply).chain(&self.conclude)
    }

    /// Every step with its machine, in reading order.
    pub fn steps(&self) -> impl Iterator<Item = (&Machine, &Step)> {
        let connect = self.connect.iter().map(|step| (&Machine::Local, step));
        let staged = self.stages().flat_map(|stage| &stage.tracks).flat_map(|track| {
            let blocks = track.blocks.iter();
            blocks
                .flat_map(|block| block.start.iter().chain(&block.finish).chain(&block.abort))
                .map(|step| (&track.machine, step))
        });
        connect.chain(staged)
    }

    /// Names of all secrets that join when the plan runs.
    pub fn secrets(&self) -> BTreeSet<String> {
        self.steps().flat_map(|(_, step)| step.action.secrets()).map(str::to_string).collect()
    }

    /// Hosts that the plan touches.
    pub fn hosts(&self) -> BTreeSet<&str> {
        let lock = self.lock.iter().flat_map(|lock| &lock.hosts).map(String::as_str);
        let steps = self.steps().filter_map(|(machine, _)| match machine {
            Machine::Host(host) => Some(host.as_str()),
            Machine::Local => None,
        });
        lock.chain(steps).collect()
    }

    /// Gives every step its number.
    pub(crate) fn number(&mut self) {
        let stages = self.prepare.iter_mut().chain(&mut self.apply).chain(&mut self.conclude);
        let staged = stages
            .flat_map(|stage| &mut stage.tracks)
            .flat_map(|track| &mut track.blocks)
            .flat_map(|block| block.start.iter_mut().chain(&mut block.finish).chain(&mut block.abort));
        for (number, step) in self.connect.iter_mut().chain(staged).enumerate() {
            step.id = number as u32 + 1;
        }
    }
}

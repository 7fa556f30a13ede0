//! The lifecycle hooks as the planner sees them: questions to plugins, proposals as answers.
//!
//! `plugin-runtime` answers them with components; tests with doubles.

use std::sync::Arc;

use configuration::{Credentials, Origin, PolicyMode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::facts::Facts;
use crate::plan::{HookOwner, Plan, PluginUse};
use crate::run::Run;

/// A registry that needs a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Host and port; absent is Docker Hub.
    pub server: Option<String>,
    /// User and password.
    pub credentials: Credentials,
}

/// Where a login is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// On the operator's machine.
    Local,
    /// On hosts.
    Hosts,
}

/// Where the image is after the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whereabouts {
    /// On the operator's machine.
    Local,
    /// In the registry.
    Registry,
}

/// A step as a plugin proposes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// A short phrase that fits after "will".
    pub title: String,
    /// What it does.
    pub action: Action,
    /// Words of a command that only looks; the step is skipped when it succeeds.
    pub unless: Option<Vec<String>>,
    /// Whether the run goes on when the step fails.
    pub may_fail: bool,
    /// A line for the audit log.
    pub audit: Option<String>,
    /// Seconds after which the step is stopped; absent is the default.
    pub time_limit: Option<u64>,
    /// Whether it runs before the first group of hosts boots.
    pub prepares: bool,
}

/// The answer of a hook: what a plugin proposes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The plugin's name.
    pub plugin: String,
    /// Its steps.
    pub steps: Vec<Proposal>,
}

/// The answer of `boot`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BootAnswer {
    /// Before the first group of hosts boots.
    pub prepare: Answer,
    /// Until the new container serves.
    pub start: Answer,
    /// Retires the old one.
    pub finish: Answer,
    /// After a failure of `start`.
    pub abort: Answer,
}

/// A short-lived user and password for a registry.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The user.
    pub username: SecretString,
    /// The password.
    pub password: SecretString,
}

/// What a policy thinks of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The policy's name.
    pub policy: String,
    /// What becomes of its objections.
    pub mode: PolicyMode,
    /// Whether they may be set aside.
    pub may_override: bool,
    /// What it said. Nothing is consent.
    pub verdicts: Vec<Verdict>,
}

/// One thing that a policy said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Verdict {
    /// The operator is told, the run goes on.
    Warn { reason: String, steps: Vec<u32> },
    /// The run ends before anything is touched.
    Deny { reason: String, steps: Vec<u32> },
    /// The run ends unless so many people with one of these roles approved of the plan.
    RequireApproval { reason: String, roles: Vec<String>, count: u32 },
}

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// `started`, `finished`, `failed`.
    pub kind: &'static str,
    /// Hosts that the plan touches.
    pub hosts: Vec<String>,
    /// Seconds since the run began.
    pub seconds: u64,
    /// What went wrong, in one line.
    pub error: Option<String>,
}

/// Why the host refused to reach outside for a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its hook plans, and is given nothing.
    Planning,
    /// Its manifest does not ask for it.
    NotAsked,
    /// The project does not grant it.
    NotGranted,
}

/// What is limited in one call of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// Bytes of each memory.
    Memory,
    /// Milliseconds of its own; waiting for the host is none of them.
    Time,
    /// Bytes of text in its answer.
    Output,
    /// Steps in its answer, or things done outside by a hook that acts.
    Steps,
    /// Calls of the host's functions.
    Calls,
    /// Elements of each table.
    Elements,
    /// Tables.
    Tables,
    /// Memories.
    Memories,
    /// Instances of modules in the component.
    Instances,
    /// Resources held at once.
    Handles,
    /// Bytes handed over in one call of a host's function.
    Transfer,
    /// Bytes of stack.
    Stack,
}

impl LimitKind {
    /// The limit with its value, in words.
    pub fn words(self, value: u64) -> String {
        match self {
            Self::Memory if value < 1 << 20 => format!("{} KiB of memory", value >> 10),
            Self::Memory => format!("{} MiB of memory", value >> 20),
            Self::Time => format!("{value} ms of time"),
            Self::Output => format!("{value} bytes of output"),
            Self::Steps => format!("{value} steps"),
            Self::Calls => format!("{value} calls of the host"),
            Self::Elements => format!("{value} table elements"),
            Self::Tables => format!("{value} tables"),
            Self::Memories => format!("{value} memories"),
            Self::Instances => format!("{value} instances"),
            Self::Handles => format!("{value} handles"),
            Self::Transfer => format!("{value} bytes in one call of the host"),
            Self::Stack => format!("{} KiB of stack", value >> 10),
        }
    }

    /// The key of `limits` in `x-plugins` that raises it; absent for those that are the host's own.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Memory => Some("memory"),
            Self::Time => Some("time"),
            Self::Output => Some("output"),
            Self::Steps => Some("steps"),
            Self::Calls => Some("calls"),
            _ => None,
        }
    }
}

/// Why a hook gave no answer. Every variant names the plugin and the hook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum HookError {
    /// The plugin says that it cannot.
    #[error("plugin `{plugin}` has no answer for `{hook}`: {reason}")]
    Fault { plugin: String, hook: &'static str, reason: String },
    /// The plugin ran into a limit.
    #[error("plugin `{plugin}` ran into a limit in `{hook}`: {}", .limit.words(*.value))]
    Limit { plugin: String, hook: &'static str, limit: LimitKind, value: u64 },
    /// The plugin crashed.
    #[error("plugin `{plugin}` crashed in `{hook}`: {message}")]
    Crash { plugin: String, hook: &'static str, message: String },
    /// The plugin asked for something it was not granted.
    #[error("plugin `{plugin}` is not granted {what}, which a step of `{hook}` needs")]
    Denied { plugin: String, hook: &'static str, what: String },
    /// The plugin reached outside, and the host refused.
    #[error("{}", refused(.plugin, .hook, .what, *.refusal))]
    Refused { plugin: String, hook: &'static str, what: String, refusal: Refusal },
    /// The plugin reached for something that it did not say it needs.
    #[error("plugin `{plugin}` reached for {what} in `{hook}`, which it did not declare")]
    Undeclared { plugin: String, hook: &'static str, what: String },
    /// The plugin cannot be loaded.
    #[error("plugin `{plugin}` cannot be loaded: {reason}")]
    Load { plugin: String, reason: String },
    /// What the project says under `with:` is not what the plugin's manifest says that it takes.
    #[error("plugin `{plugin}` does not take what stands under `with`: {reason}")]
    Settings { plugin: String, reason: String, place: Origin },
}

fn refused(plugin: &str, hook: &str, what: &str, refusal: Refusal) -> String {
    let why = match refusal {
        Refusal::Planning => "which plans: it is given nothing",
        Refusal::NotAsked => "which its manifest does not ask for",
        Refusal::NotGranted => "which it is not granted",
    };
    match refusal {
        Refusal::Planning => format!("plugin `{plugin}` reached for {what} in `{hook}`, {why}"),
        _ => format!("plugin `{plugin}` reached for {what}, {why}, in `{hook}`"),
    }
}

/// Whoever answers the hooks.
pub trait Hooks {
    /// Steps that log in to a registry at a place.
    fn pre_login(
        &self,
        run: &Arc<Run>,
        facts: &Arc<Facts>,
        registry: &Registry,
        place: Place,
    ) -> Result<Answer, HookError>;
    /// Steps that produce the image, and where it is afterwards.
    fn build(&self, run: &Arc<Run>, facts: &Arc<Facts>) -> Result<(Answer, Whereabouts), HookError>;
    /// Steps that push the image.
    fn push(&self, run: &Arc<Run>, facts: &Arc<Facts>) -> Result<Answer, HookError>;
    /// Steps that tag the image on a host with an app role.
    fn tag(&self, run: &Arc<Run>, facts: &Arc<Facts>, host: &str) -> Result<Answer, HookError>;
    /// Steps that boot a role on one of its hosts.
    fn boot(&self, run: &Arc<Run>, facts: &Arc<Facts>, role: &str, host: &str) -> Result<BootAnswer, HookError>;
    /// Who answers which hook.
    fn owners(&self, run: &Run) -> Vec<HookOwner>;
    /// The project's own plugins and what they may reach.
    fn plugins(&self) -> Vec<PluginUse>;
    /// What every policy thinks of a plan. A policy that gives no answer, or one that makes no sense, denies it.
    fn review(&self, run: &Arc<Run>, facts: &Arc<Facts>, plan: &Arc<Plan>) -> Vec<Opinion>;
}

/// Whoever answers the hooks that act, while a plan is carried out.
pub trait ActingHooks {
    /// A short-lived user and password for a registry, by the plugin whose login it is.
    fn credentials(&self, run: &Arc<Run>, plugin: &str, registry: &Registry) -> Result<Credential, HookError>;
    /// Work of a plugin's own; gives what was done, in one line.
    fn errand(&self, run: &Arc<Run>, plugin: &str, name: &str) -> Result<String, HookError>;
    /// Tells every plugin that wants to know; gives what went wrong.
    fn notify(&self, run: &Arc<Run>, happening: &Happening) -> Vec<HookError>;
}

//! The lifecycle hooks as the planner sees them: questions to plugins, proposals as answers.
//!
//! `plugin-runtime` answers them with components; tests with doubles.

use std::sync::Arc;

use configuration::Credentials;

use crate::action::Action;
use crate::facts::Facts;
use crate::plan::HookOwner;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the operator's machine.
    Local,
    /// On hosts.
    Hosts,
}

/// Where the image is after the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// On the operator's machine.
    Local,
    /// In the registry.
    Registry,
}

/// A step as a plugin proposes it.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Why a hook gave no answer. Every variant names the plugin and the hook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum HookError {
    /// The plugin says that it cannot.
    #[error("plugin `{plugin}` has no answer for `{hook}`: {reason}")]
    Fault { plugin: String, hook: &'static str, reason: String },
    /// The plugin ran into a limit.
    #[error("plugin `{plugin}` ran into a limit in `{hook}`: {limit}")]
    Limit { plugin: String, hook: &'static str, limit: String },
    /// The plugin crashed.
    #[error("plugin `{plugin}` crashed in `{hook}`: {message}")]
    Crash { plugin: String, hook: &'static str, message: String },
    /// The plugin asked for something it was not granted.
    #[error("plugin `{plugin}` is not granted {what}, which a step of `{hook}` needs")]
    Denied { plugin: String, hook: &'static str, what: String },
    /// The plugin reached for something that it did not say it needs.
    #[error("plugin `{plugin}` reached for {what} in `{hook}`, which it did not declare")]
    Undeclared { plugin: String, hook: &'static str, what: String },
    /// The plugin cannot be loaded.
    #[error("plugin `{plugin}` cannot be loaded: {reason}")]
    Load { plugin: String, reason: String },
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
}

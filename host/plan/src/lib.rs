//! Facts in, plan out: who does what, where, in what order.
//!
//! Pure. [`plan`] is a function of the run, the facts and the plugins' answers; all skip rules live here, and what should not happen
//! is not in the plan. [`lower`] gives the command of a step.

mod abort;
mod accessories;
mod action;
mod app;
mod asked;
mod assembly;
mod basis;
mod boot;
mod builds;
mod changes;
mod condition;
mod deploy;
mod differences;
mod downtime;
mod drift;
mod error;
mod fact_changes;
mod facts;
pub mod hooks;
mod lock;
mod login;
pub mod lower;
mod needs;
#[allow(clippy::module_inception)]
mod plan;
mod planner;
mod policies;
mod ports;
mod preflight;
mod proposals;
mod proxy;
mod prune;
mod publishing;
mod registry;
mod resumption;
mod run;
mod settings;
pub mod texts;
mod upgrade;
mod verify;

pub use action::{Action, HookScript, Part, Username, credential_names};
pub use assembly::{AssembledFile, ImageAssembly};
pub use basis::Basis;
pub use changes::Change;
pub use condition::{Condition, Engine, Moment};
pub use differences::{Difference, DifferenceKind};
pub use downtime::{Downtime, downtimes};
pub use drift::{Drift, DriftKind, drift};
pub use error::PlanError;
pub use fact_changes::{FactChange, changes};
pub use facts::{
    Answer, App, Container, Docker, Facts, HostFacts, Image, UnreadableAnswer, local_observation, observation,
    read_architecture,
};
pub use hooks::{ActingHooks, HookError, Hooks};
pub use needs::indispensable_secrets;
pub use plan::{Barrier, Block, HookOwner, Lock, Plan, PluginUse, SharedRegistry, Stage, Step, TIME_LIMIT, Track};
pub use policies::{Approver, Judgement, Objection, ObjectionKind, Override, Remark, about, judge, nonsense, numbers};
pub use ports::{Binding, PortBindings};
pub use preflight::{Finding, FindingKind};
pub use resumption::Interrupted;
pub use run::{
    AccessoryAct, BootSettings, Checkout, ErrorPage, Intent, LockWait, ProxyAct, RegistryAct, Run, digest, token,
};
pub use settings::{Log, Restart, Settings};

use std::sync::Arc;

use asked::Asked;
use planner::Planner;

/// Said where a boot brings nothing new: it is a boot all the same, as Kamal does it.
const ALREADY_RUNS: &str = "this version already runs with these settings; values of secrets were not compared";

/// Plans a run: the same run, facts and answers give the same plan.
pub fn plan(run: &Arc<Run>, facts: &Arc<Facts>, hooks: &dyn Hooks) -> Result<Plan, PlanError> {
    let hooks = Asked::new(hooks);
    let planner = Planner { run, facts, hooks: &hooks };
    if !matches!(
        run.intent,
        Intent::Setup { .. }
            | Intent::Bootstrap
            | Intent::Look
            | Intent::Drift
            | Intent::LockAcquire { .. }
            | Intent::LockRelease
    ) {
        planner.require_docker()?;
    }
    let mut plan = match &run.intent {
        Intent::Setup { skip_push } => deploy::setup(&planner, *skip_push)?,
        Intent::Deploy { skip_push } => deploy::deploy(&planner, *skip_push)?,
        Intent::Redeploy { skip_push } => deploy::redeploy(&planner, *skip_push)?,
        Intent::Rollback => deploy::rollback(&planner)?,
        Intent::Abort => abort::abort(&planner)?,
        Intent::AppBoot => deploy::app_boot(&planner)?,
        Intent::AppStart => app::start(&planner),
        Intent::AppStop => app::stop(&planner),
        Intent::AppRemove => app::remove(&planner),
        Intent::AppStopStale => app::stop_stale(&planner),
        Intent::AppLive => app::live(&planner),
        Intent::AppMaintenance { drain_timeout, message } => {
            app::maintenance(&planner, *drain_timeout, message.as_deref())
        }
        Intent::AppRemoveContainer { version } => app::remove_container(&planner, version)?,
        Intent::AppRemoveContainers => app::remove_containers(&planner),
        Intent::AppRemoveImages => app::remove_images(&planner),
        Intent::AppRemoveDirectories => app::remove_directories(&planner),
        Intent::Accessory(act, name) => accessories::plan(&planner, *act, name.as_deref())?,
        Intent::Proxy(act) => proxy::plan(&planner, act)?,
        Intent::Prune => prune::prune(&planner),
        Intent::PruneContainers { retain } => prune::containers(&planner, *retain),
        Intent::PruneImages => prune::images(&planner),
        Intent::Registry { act, local, hosts } => registry::plan(&planner, *act, *local, *hosts)?,
        Intent::Bootstrap => deploy::bootstrap(&planner),
        Intent::LockAcquire { message } => lock::acquire(&planner, message),
        Intent::LockRelease => lock::release(&planner),
        Intent::Upgrade { rolling } => upgrade::upgrade(&planner, *rolling)?,
        Intent::Remove => app::remove_everything(&planner)?,
        Intent::BuildPush { .. } => builds::push(&planner)?,
        Intent::BuildPull => builds::pull(&planner)?,
        Intent::BuildDeliver => builds::deliver(&planner)?,
        Intent::BuildCreate => builds::create(&planner)?,
        Intent::BuildRemove => builds::remove(&planner)?,
        Intent::BuildDev { .. } => builds::dev(&planner)?,
        Intent::Look | Intent::Drift => planner.plan(),
    };
    if let Some(noted) = policies::noted(&planner, &plan) {
        plan.apply.insert(0, noted);
    }
    plan.overrides.clone_from(&run.overrides);
    plan.hooks = hooks.owners(run);
    plan.plugins = hooks.plugins();
    plan.number();
    verify::verify(&plan, run)?;
    plan.findings = preflight::findings(run, facts, &plan);
    let changes = changes::changes(run, facts, &plan);
    plan.changes = changes.list;
    plan.notes.extend(changes.nothing_differs.then(|| ALREADY_RUNS.to_string()));
    Ok(plan)
}

/// Fails on what can be refused before any host is looked at.
pub fn refuse(run: &Run) -> Result<(), PlanError> {
    match &run.intent {
        Intent::Accessory(_, name) => planner::named(&run.configuration, name.as_deref()).map(|_| ()),
        Intent::Proxy(ProxyAct::Configure(settings)) => proxy::check(settings),
        Intent::PruneContainers { retain: Some(0) } => Err(PlanError::RetainsNothing),
        Intent::Registry { act: RegistryAct::Login, .. } if run.configuration.registry.credentials.is_none() => {
            Err(PlanError::LocalRegistry { word: "login", instead: "kamal registry setup" })
        }
        Intent::Registry { act: RegistryAct::Logout, .. } if run.configuration.registry.credentials.is_none() => {
            Err(PlanError::LocalRegistry { word: "logout", instead: "kamal registry remove" })
        }
        _ => Ok(()),
    }
}

/// The accessories that an argument means: one by name, or all.
pub fn accessories<'a>(
    configuration: &'a configuration::Configuration,
    name: Option<&str>,
) -> Result<Vec<&'a configuration::Accessory>, PlanError> {
    planner::named(configuration, name)
}

/// An audit line on a host, for the user's own commands; `role` stands in its brackets.
pub fn audit(run: &Run, role: Option<&str>, message: &str) -> Step {
    planner::audit(run, role, message)
}

/// The steps that log a host in to the project's registry; none if it needs no login.
pub fn host_login(run: &Arc<Run>, hooks: &dyn Hooks) -> Result<Vec<Step>, PlanError> {
    let facts = Arc::new(Facts::default());
    login::on_hosts(&Planner { run, facts: &facts, hooks }, &run.configuration.registry)
}

/// The steps that run before the first connection, and so before anything is observed.
pub fn before_connecting(run: &Run) -> Vec<Step> {
    planner::before_connecting(run)
}

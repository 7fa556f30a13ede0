//! Facts in, plan out: who does what, where, in what order.
//!
//! Pure. [`plan`] is a function of the run, the facts and the plugins' answers; all skip rules live here, and what should not happen
//! is not in the plan. [`lower`] gives the command of a step.

mod accessories;
mod action;
mod app;
mod asked;
mod boot;
mod deploy;
mod error;
mod facts;
pub mod hooks;
mod lock;
mod login;
pub mod lower;
#[allow(clippy::module_inception)]
mod plan;
mod planner;
mod proxy;
mod prune;
mod run;
mod verify;

pub use action::{Action, HookScript, Username};
pub use error::PlanError;
pub use facts::{Answer, Container, Docker, Facts, HostFacts, Image, UnreadableAnswer, observation};
pub use hooks::{HookError, Hooks};
pub use plan::{Barrier, Block, HookOwner, Lock, Plan, Stage, Step, TIME_LIMIT, Track};
pub use run::{Checkout, Intent, Run, digest};

use std::sync::Arc;

use asked::Asked;
use planner::Planner;

/// Plans a run: the same run, facts and answers give the same plan.
pub fn plan(run: &Arc<Run>, facts: &Arc<Facts>, hooks: &dyn Hooks) -> Result<Plan, PlanError> {
    let hooks = Asked::new(hooks);
    let planner = Planner { run, facts, hooks: &hooks };
    if !matches!(
        run.intent,
        Intent::Setup { .. } | Intent::Bootstrap | Intent::Look | Intent::LockAcquire { .. } | Intent::LockRelease
    ) {
        planner.require_docker()?;
    }
    let mut plan = match &run.intent {
        Intent::Setup { skip_push } => deploy::setup(&planner, *skip_push)?,
        Intent::Deploy { skip_push } => deploy::deploy(&planner, *skip_push)?,
        Intent::Redeploy { skip_push } => deploy::redeploy(&planner, *skip_push)?,
        Intent::Rollback => deploy::rollback(&planner)?,
        Intent::AppBoot => deploy::app_boot(&planner)?,
        Intent::AppStart => app::start(&planner),
        Intent::AppStop => app::stop(&planner),
        Intent::AppRemove => app::remove(&planner),
        Intent::AccessoryBoot(name) => accessories::boot(&planner, name.as_deref())?,
        Intent::AccessoryRemove(name) => accessories::remove(&planner, name.as_deref())?,
        Intent::ProxyBoot => proxy::boot(&planner)?,
        Intent::ProxyReboot { rolling } => proxy::reboot(&planner, *rolling)?,
        Intent::ProxyRemove { force } => proxy::remove(&planner, *force)?,
        Intent::Prune => prune::prune(&planner),
        Intent::Bootstrap => deploy::bootstrap(&planner),
        Intent::LockAcquire { message } => lock::acquire(&planner, message),
        Intent::LockRelease => lock::release(&planner),
        Intent::Remove => app::remove_everything(&planner)?,
        Intent::Look => planner.plan(),
    };
    plan.hooks = hooks.owners(run);
    plan.number();
    verify::verify(&plan, run)?;
    Ok(plan)
}

/// The steps that run before the first connection, and so before anything is observed.
pub fn before_connecting(run: &Arc<Run>) -> Vec<Step> {
    planner::before_connecting(run)
}

//! What happens during a run, told while it happens.

use std::time::Duration;

use commands::Machine;
use plan::{Plan, Step};
use transport::Stream;

use crate::error::LifecycleError;

/// Something that happened.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub enum Event<'a> {
    /// Hosts are about to be looked at.
    Observing { hosts: &'a [String] },
    /// They were looked at.
    Observed { hosts: &'a [String], took: Duration },
    /// The plan is made and reviewed, and about to be carried out.
    Planned { plan: &'a Plan },
    /// A policy has something to say about the plan, and lets it pass.
    PolicyWarned { policy: &'a str, reason: &'a str, steps: &'a [u32] },
    /// The same of a policy that is only watched.
    PolicyNoted { policy: &'a str, reason: &'a str, steps: &'a [u32] },
    /// What a policy has against the plan was set aside by the operator, for a reason.
    PolicyOverridden { policy: &'a str, reason: &'a str },
    /// A plugin that was to be told what happens could not be.
    NotifyFailed { reason: &'a str },
    /// Under the lock, the facts asked for another plan; this one is carried out from here.
    Replanned { plan: &'a Plan },
    /// The deploy lock is about to be taken, waiting so long for it if need be.
    TakingLock { host: &'a str, patience: Option<Duration> },
    /// Somebody else holds the deploy lock: what they left in it.
    LockHeld { host: &'a str, details: &'a str },
    /// Whoever held the deploy lock is gone; it is waited for the lease to run out.
    LockDying { host: &'a str, lease: Duration },
    /// The deploy lock of a run that is gone was taken over: what that run left in it.
    LockTakenOver { host: &'a str, details: &'a str },
    /// The lock was not taken on the host where runs without a filter take it, because it cannot be reached.
    LockSkipped { host: &'a str, reason: &'a str },
    /// The deploy lock will be tried for again after a pause.
    LockRetry { host: &'a str, pause: Duration, remaining: Duration },
    /// The deploy lock was taken.
    TookLock { host: &'a str },
    /// The deploy lock was released.
    ReleasedLock { host: &'a str },
    /// The deploy lock could not be released: what to do is up to whoever reads this.
    KeptLock { host: &'a str, reason: &'a str },
    /// Ports of machines are about to lead to the registry on the operator's machine.
    SharingRegistry { port: u16, machines: &'a [Machine] },
    /// Docker could not start the registry, so images are served on its port until the run ends.
    ServingRegistry { port: u16, reason: &'a str },
    /// A stage begins.
    Stage { title: &'a str },
    /// A step begins.
    StepBegan { machine: &'a Machine, role: Option<&'a str>, step: &'a Step },
    /// A step wrote a line.
    StepSaid { machine: &'a Machine, step: &'a Step, stream: Stream, line: &'a str },
    /// A step ended.
    StepEnded { machine: &'a Machine, role: Option<&'a str>, step: &'a Step, exit: i32, took: Duration },
    /// A role waits for the first healthy container of the primary role.
    Waiting { machine: &'a Machine, role: &'a str },
    /// The first container of the primary role is healthy; other roles may boot.
    BarrierOpened { machine: &'a Machine, role: &'a str },
    /// The first container of the primary role is not healthy; no other role boots.
    BarrierClosed { machine: &'a Machine, role: &'a str },
    /// A boot failed on a host and is being undone.
    Aborting { machine: &'a Machine, role: &'a str },
    /// Everything was done. The last event of a run that went well.
    Finished { took: Duration },
    /// The run ended early. The last event of every other run.
    Failed { error: &'a LifecycleError, took: Duration },
}

/// Whoever is told. Must not wait.
pub trait Events: Sync {
    /// Is told that something happened.
    fn tell(&self, event: Event<'_>);
}

impl<F: Fn(Event<'_>) + Sync> Events for F {
    fn tell(&self, event: Event<'_>) {
        self(event);
    }
}

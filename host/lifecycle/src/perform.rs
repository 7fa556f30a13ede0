//! A run from its first step to its last: pre-connect, observe, plan, review, and the plan with the lock around the part that needs it.

use std::time::{Duration, Instant};

use journal::Entry;
use plan::hooks::Happening;
use plan::{Facts, Plan};
use transport::Transport;

use crate::barrier::Barrier;
use crate::error::LifecycleError;
use crate::event::Event;
use crate::fence::Fence;
use crate::lock;
use crate::operation::Operation;
use crate::stages::run_stages;
use crate::track::Crew;

impl<T: Transport> Operation<'_, T> {
    /// Observes, plans, reviews and applies. The last event tells how it ended.
    pub async fn perform(&self) -> Result<(), LifecycleError> {
        let begin = Instant::now();
        let performed = match self.note_beginning() {
            Ok(()) => self.carry_out().await,
            Err(error) => Err(error),
        };
        self.note_end(&performed);
        self.events.tell(match &performed {
            Ok(()) => Event::Finished { took: begin.elapsed() },
            Err(error) => Event::Failed { error, took: begin.elapsed() },
        });
        performed
    }

    async fn carry_out(&self) -> Result<(), LifecycleError> {
        self.foresee()?;
        self.connect().await?;
        let facts = self.observe().await?;
        let architecture = facts.architecture.clone();
        let plan = self.plan_to_carry_out(&facts)?;
        self.review(&plan, &facts)?;
        // Whoever would find the lock held after the build hears of it before.
        if let Some((lock, details)) = plan.lock.as_ref().and_then(|lock| Some((lock, lock.held(&facts)?))) {
            return Err(LifecycleError::LockHeld { host: lock.host.clone(), details: details.to_string() });
        }
        self.note_plan(&plan, &facts)?;
        self.events.tell(Event::Planned { plan: &plan });
        self.provide(plan.secrets().iter().map(String::as_str).chain(self.secrets_of_plugins(&plan)))?;
        let hosts: Vec<String> = plan.hosts().into_iter().map(str::to_string).collect();
        let begin = Instant::now();
        self.notify("started", &hosts, begin, None).await;
        let applied = apply(self, plan, architecture).await;
        match &applied {
            Ok(()) => self.notify("finished", &hosts, begin, None).await,
            Err(error) => self.notify("failed", &hosts, begin, Some(error.to_string())).await,
        }
        applied
    }

    /// Tells plugins what happened. What becomes of it does not change the run.
    async fn notify(&self, kind: &'static str, hosts: &[String], begin: Instant, error: Option<String>) {
        let happening = Happening { kind, hosts: hosts.to_vec(), seconds: begin.elapsed().as_secs(), error };
        for reason in self.deeds.notify(&happening).await {
            self.events.tell(Event::NotifyFailed { reason: &reason });
        }
    }
}

/// Carries out a plan to its end, or to its first stage that fails.
async fn apply<T: Transport>(
    operation: &Operation<'_, T>,
    plan: Plan,
    architecture: Option<String>,
) -> Result<(), LifecycleError> {
    let Operation { transport, deeds, journal, events, interrupts, .. } = *operation;
    let fence = Fence::default();
    let crew = Crew { transport, deeds, journal, events, interrupts, barrier: Barrier::new(), fence: &fence };
    run_stages(&crew, &plan.prepare).await?;
    let plan = under_lock(operation, &crew, plan, architecture).await?;
    run_stages(&crew, &plan.conclude).await
}

/// Takes the lock, plans again if the facts changed meanwhile, does the work, and releases the lock whatever happened.
async fn under_lock<T: Transport>(
    operation: &Operation<'_, T>,
    crew: &Crew<'_, T>,
    plan: Plan,
    architecture: Option<String>,
) -> Result<Plan, LifecycleError> {
    let Some(lock) = plan.lock.clone() else {
        run_stages(crew, &plan.apply).await?;
        return Ok(plan);
    };
    let events = operation.events;
    let patience = lock.wait.map(|wait| Duration::from_secs(wait.timeout));
    events.tell(Event::TakingLock { host: &lock.host, patience });
    let (held, facts) = lock::take_when_free(operation, &lock).await?;
    events.tell(Event::TookLock { host: &lock.host });
    // Hosts change while others work on them; the operator's own docker does not.
    let facts = Facts { architecture, ..facts };
    let worked = tokio::select! {
        worked = work(operation, crew, plan, facts) => worked,
        () = held.keep(operation, crew.fence) => unreachable!("a lock is kept until the work is done"),
    };
    if let Some(lost) = crew.fence.error() {
        return Err(lost);
    }
    match held.release(operation.transport, worked.is_ok()).await {
        Ok(()) => {
            let _ = operation.journal.report(Entry::Unlocked { host: lock.host.clone() });
            events.tell(Event::ReleasedLock { host: &lock.host });
        }
        // The first cause is what the operator needs to hear; this is told beside it.
        Err(reason) => events.tell(Event::KeptLock { host: &lock.host, reason: &reason }),
    }
    worked
}

async fn work<T: Transport>(
    operation: &Operation<'_, T>,
    crew: &Crew<'_, T>,
    plan: Plan,
    facts: Facts,
) -> Result<Plan, LifecycleError> {
    let fresh = operation.plan(facts.clone())?;
    let plan = if fresh.does_the_same_under_the_lock_as(&plan) {
        plan
    } else {
        operation.allow_replanning(&facts)?;
        operation.review_anew(&fresh, &facts)?;
        operation.note_plan(&fresh, &facts)?;
        operation.events.tell(Event::Replanned { plan: &fresh });
        operation.provide(fresh.secrets().iter().map(String::as_str))?;
        fresh
    };
    run_stages(crew, &plan.apply).await?;
    Ok(plan)
}

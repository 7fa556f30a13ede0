//! Taking and releasing the deploy lock. The trip that takes it looks at every host again.

use std::time::{Duration, Instant};

use commands::{Machine, host};
use futures_util::future::join_all;
use plan::{Facts, HostFacts, Lock, Run};
use transport::{Ending, Interrupt, Interrupts, Task, Transport, TransportError};

use crate::error::{LifecycleError, last_lines};
use crate::event::Event;
use crate::observe;
use crate::operation::Operation;

const LIMIT: Duration = Duration::from_secs(60);

/// Takes the lock, waiting for its holder as long as the lock says. On any error the lock is not ours.
pub(crate) async fn take_when_free<T: Transport>(
    operation: &Operation<'_, T>,
    lock: &Lock,
) -> Result<Facts, LifecycleError> {
    let Operation { run, transport, events, interrupts, .. } = operation;
    let began = Instant::now();
    let mut told = false;
    loop {
        let taken = take(*transport, run, lock, interrupts).await;
        let (Some(wait), Err(LifecycleError::LockHeld { host, details })) = (lock.wait, &taken) else { return taken };
        if !told {
            events.tell(Event::LockHeld { host, details });
            told = true;
            if !details.contains(Lock::AUTOMATIC) {
                return Err(LifecycleError::LockHeldByHand { host: host.clone() });
            }
        }
        let remaining = Duration::from_secs(wait.timeout).saturating_sub(began.elapsed());
        if remaining.is_zero() {
            return Err(LifecycleError::LockTimedOut { host: host.clone(), seconds: wait.timeout });
        }
        let pause = Duration::from_secs(wait.interval).min(remaining);
        events.tell(Event::LockRetry { host, pause, remaining });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = interrupts.reached(Interrupt::Gentle) => return Err(LifecycleError::Interrupted),
        }
    }
}

/// Takes the lock, in one trip per host that also tells what is on it now. On any error the lock is not ours.
async fn take<T: Transport>(
    transport: &T,
    run: &Run,
    lock: &Lock,
    interrupts: &Interrupts,
) -> Result<Facts, LifecycleError> {
    let trips = lock.hosts.iter().map(async |name| {
        let holder = *name == lock.host;
        Ok::<_, LifecycleError>((name.clone(), visit(transport, run, lock, name, holder, interrupts).await?))
    });
    let results = join_all(trips).await;
    let taken = results.iter().any(|result| result.as_ref().is_ok_and(|(name, _)| *name == lock.host));
    let facts: Result<_, _> = results.into_iter().collect();
    if facts.is_err() && taken {
        // Another host failed on the way: give back what was taken.
        let _ = release(transport, lock).await;
    }
    Ok(Facts { hosts: facts?, architecture: None })
}

async fn visit<T: Transport>(
    transport: &T,
    run: &Run,
    lock: &Lock,
    name: &str,
    holder: bool,
    interrupts: &Interrupts,
) -> Result<HostFacts, LifecycleError> {
    let first = if holder { host::take_lock(&lock.directory, &lock.details) } else { host::make_directory(".kamal") };
    let tasks = [Task::new(first).titled("take the deploy lock").within(LIMIT), observe::task(run)];
    let machine = Machine::Host(name.to_string());
    let began = observe::clock();
    let report = transport.run(&machine, &tasks, interrupts, &mut |_| {}).await;
    match report.ending {
        Ending::Complete => {
            let facts = observe::read(run, name, &report.outcomes[1], began);
            if holder && facts.is_err() {
                let _ = release(transport, lock).await;
            }
            facts
        }
        Ending::Stopped => {
            let outcome = &report.outcomes[0];
            if holder && outcome.exit == host::LOCK_HELD {
                return Err(LifecycleError::LockHeld { host: name.to_string(), details: outcome.stdout.clone() });
            }
            let reason = last_lines(&outcome.stderr, 3).join("; ");
            Err(LifecycleError::Lock { host: name.to_string(), reason })
        }
        Ending::Broken(error) => {
            // The trip broke, perhaps after the lock was taken: it is released if the details in it are ours.
            if holder {
                let own = Task::new(host::release_own_lock(&lock.directory, &lock.details)).within(LIMIT);
                let _ = transport.run(&machine, &[own], &Interrupts::new(), &mut |_| {}).await;
            }
            Err(match error {
                TransportError::Interrupted { .. } => LifecycleError::Interrupted,
                error => LifecycleError::Observe(vec![error]),
            })
        }
    }
}

/// Releases the lock if it is still ours. Whatever was interrupted before, this is not.
pub(crate) async fn release<T: Transport>(transport: &T, lock: &Lock) -> Result<(), String> {
    let task = Task::new(host::release_own_lock(&lock.directory, &lock.details))
        .titled("release the deploy lock")
        .within(LIMIT);
    let report = transport.run(&Machine::Host(lock.host.clone()), &[task], &Interrupts::new(), &mut |_| {}).await;
    match report.outcomes() {
        Ok(outcomes) if outcomes.iter().all(|outcome| outcome.succeeded()) => Ok(()),
        Ok(_) => Err("it is no longer ours".to_string()),
        Err(error) => Err(format!("failed to {error}")),
    }
}

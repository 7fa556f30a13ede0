//! Taking, keeping and releasing the deploy lock. The trip that takes it looks at every host again.

use std::time::{Duration, Instant};

use commands::{Machine, host, lease};
use futures_util::future::join_all;
use plan::{Facts, HostFacts, Lock};
use transport::{Ending, Interrupt, Interrupts, Task, Transport, TransportError};

use crate::error::{LifecycleError, last_lines};
use crate::event::Event;
use crate::fence::Fence;
use crate::observe;
use crate::operation::Operation;

const LIMIT: Duration = Duration::from_secs(60);

/// How often the lease is renewed, and how often that is tried again where it failed.
const RENEWAL: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_secs(1);

/// How long a run goes on without having renewed its lease: shorter than the lease, so that it stops before anybody else begins.
const PATIENCE: Duration = Duration::from_secs(lease::LEASE - 3);

/// How often a lock is tried for whose holder is gone, and how long at most: its lease runs out meanwhile.
const GLANCE: Duration = Duration::from_secs(2);
const DYING: Duration = Duration::from_secs(2 * lease::LEASE);

/// A lock that was taken, with the hosts on which it was.
pub(crate) struct Held<'a> {
    lock: &'a Lock,
    /// The name under which it was.
    run: String,
    hosts: Vec<&'a str>,
}

/// Takes the lock, waiting for its holder as long as the lock says, and for one that is gone until its lease has run out. On any error the
/// lock is not ours.
pub(crate) async fn take_when_free<'a, T: Transport>(
    operation: &Operation<'_, T>,
    lock: &'a Lock,
) -> Result<(Held<'a>, Facts), LifecycleError> {
    let Operation { events, interrupts, .. } = operation;
    let began = Instant::now();
    let (mut told, mut told_of_dying) = (false, false);
    loop {
        let taken = take(operation, lock).await;
        if let Err(LifecycleError::LockDying { host }) = &taken
            && began.elapsed() < DYING
        {
            if !told_of_dying {
                events.tell(Event::LockDying { host, lease: Duration::from_secs(lease::LEASE) });
                told_of_dying = true;
            }
            pause(GLANCE, interrupts).await?;
            continue;
        }
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
        let pause_for = Duration::from_secs(wait.interval).min(remaining);
        events.tell(Event::LockRetry { host, pause: pause_for, remaining });
        pause(pause_for, interrupts).await?;
    }
}

async fn pause(time: Duration, interrupts: &Interrupts) -> Result<(), LifecycleError> {
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        _ = interrupts.reached(Interrupt::Gentle) => Err(LifecycleError::Interrupted),
    }
}

/// Takes the lock, in one trip per host that also tells what is on it now. On any error the lock is not ours.
async fn take<'a, T: Transport>(
    operation: &Operation<'_, T>,
    lock: &'a Lock,
) -> Result<(Held<'a>, Facts), LifecycleError> {
    let mut held = Held { lock, run: operation.lock_name(), hosts: Vec::new() };
    // The project's host comes first, always: of two runs one gets there before the other.
    if let Some(project) = &lock.project_host {
        match visit(operation, &held, project, Visit::Hold).await {
            Ok(_) => held.hosts.push(project),
            // Whoever works on all hosts has to reach this one, too.
            Err(LifecycleError::Observe(errors)) => {
                let reason = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                operation.events.tell(Event::LockSkipped { host: project, reason: &reason });
            }
            Err(error) => return Err(error),
        }
    }
    let trips = lock.hosts.iter().map(async |name| {
        let holds = *name == lock.host && !held.hosts.contains(&name.as_str());
        let visit_for = if holds { Visit::HoldAndLook } else { Visit::Look };
        (name, visit(operation, &held, name, visit_for).await)
    });
    let results = join_all(trips).await;
    let taken = results.iter().any(|(name, result)| **name == lock.host && result.is_ok());
    let facts: Result<Vec<(String, Option<HostFacts>)>, LifecycleError> =
        results.into_iter().map(|(name, result)| Ok((name.clone(), result?))).collect();
    if taken && !held.hosts.contains(&lock.host.as_str()) {
        held.hosts.push(&lock.host);
    }
    match facts {
        Ok(facts) => {
            let hosts = facts.into_iter().filter_map(|(name, facts)| Some((name, facts?))).collect();
            Ok((held, Facts { hosts, architecture: None }))
        }
        Err(error) => {
            // Another host failed on the way: give back what was taken.
            let _ = held.release(operation.transport, false).await;
            Err(error)
        }
    }
}

/// What a host is visited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    /// The lock, and a look.
    HoldAndLook,
    /// The lock alone.
    Hold,
    /// A look alone.
    Look,
}

async fn visit<T: Transport>(
    operation: &Operation<'_, T>,
    held: &Held<'_>,
    name: &str,
    visit: Visit,
) -> Result<Option<HostFacts>, LifecycleError> {
    let Operation { run, transport, interrupts, journal, .. } = operation;
    let Held { lock, run: own, .. } = held;
    let holder = visit != Visit::Look;
    let mut tasks = match holder {
        true => vec![
            Task::new(lease::take(&lock.directory, &lock.details, own)).titled("take the deploy lock").within(LIMIT),
            Task::new(lease::renew(&lock.directory, own, &journal.lines())).titled("leave a copy of the journal"),
        ],
        false => vec![Task::new(host::make_directory(".kamal")).titled("take the deploy lock").within(LIMIT)],
    };
    tasks.extend((visit != Visit::Hold).then(|| observe::task(run)));
    let machine = Machine::Host(name.to_string());
    let began = observe::clock();
    let report = transport.run(&machine, &tasks, interrupts, &mut |_| {}).await;
    match report.ending {
        Ending::Complete => {
            if holder {
                let left = report.outcomes[0].stdout.trim_end();
                if !left.is_empty() {
                    operation.events.tell(Event::LockTakenOver { host: name, details: left });
                }
                let generation = report.outcomes[1].stdout.trim().parse().unwrap_or_default();
                operation.note(journal::Entry::Locked { host: name.to_string(), generation })?;
            }
            if visit == Visit::Hold {
                return Ok(None);
            }
            let facts = observe::read(run, name, &report.outcomes[tasks.len() - 1], began);
            if holder && facts.is_err() {
                let _ = held.release_on(*transport, name, false).await;
            }
            facts.map(Some)
        }
        Ending::Stopped => {
            let outcome = &report.outcomes[report.outcomes.len() - 1];
            if holder && outcome.exit == host::LOCK_HELD {
                return Err(LifecycleError::LockHeld { host: name.to_string(), details: outcome.stdout.clone() });
            }
            if holder && outcome.exit == lease::LOCK_DYING {
                return Err(LifecycleError::LockDying { host: name.to_string() });
            }
            let reason = last_lines(&outcome.stderr, 3).join("; ");
            Err(LifecycleError::Lock { host: name.to_string(), reason })
        }
        Ending::Broken(error) => {
            // The trip broke, perhaps after the lock was taken: it is released if it is ours.
            if holder {
                let _ = held.release_on(*transport, name, false).await;
            }
            Err(match error {
                TransportError::Interrupted { .. } => LifecycleError::Interrupted,
                error => LifecycleError::Observe(vec![error]),
            })
        }
    }
}

impl Held<'_> {
    /// Keeps the lease alive and the journal's copy current, until the lock is lost. Then the fence is down, and there is nothing to keep.
    pub async fn keep<T: Transport>(&self, operation: &Operation<'_, T>, fence: &Fence) {
        let Operation { transport, journal, interrupts, .. } = operation;
        let mut renewed = Instant::now();
        let mut copied = journal.lines().len();
        let mut pause = RENEWAL;
        while !fence.is_down() {
            tokio::time::sleep(pause).await;
            let lines = journal.lines();
            let renewals = self.hosts.iter().map(async |name| {
                let renew = lease::renew(&self.lock.directory, &self.run, &lines[copied..]);
                let task = Task::new(renew).titled("renew the deploy lock").within(RENEWAL);
                let machine = Machine::Host((*name).to_string());
                (name, transport.run(&machine, &[task], &Interrupts::new(), &mut |_| {}).await)
            });
            let mut all = true;
            for (name, report) in join_all(renewals).await {
                match report.outcomes.first() {
                    Some(outcome) if outcome.succeeded() => {}
                    Some(outcome) if outcome.exit == lease::LOCK_LOST => {
                        fence.lose(name, "somebody else released it or took it over", interrupts);
                    }
                    _ => all = false,
                }
            }
            pause = if all { RENEWAL } else { AGAIN };
            if all {
                (renewed, copied) = (Instant::now(), lines.len());
            } else if renewed.elapsed() > PATIENCE {
                fence.lose(&self.lock.host, "it could not be renewed in time", interrupts);
            }
        }
        std::future::pending::<()>().await;
    }

    /// Releases the lock where it is still ours. Whatever was interrupted before, this is not.
    pub async fn release<T: Transport>(&self, transport: &T, went_well: bool) -> Result<(), String> {
        let releases = self.hosts.iter().map(|name| self.release_on(transport, name, went_well));
        join_all(releases).await.into_iter().collect()
    }

    async fn release_on<T: Transport>(&self, transport: &T, name: &str, went_well: bool) -> Result<(), String> {
        let task = Task::new(lease::release(&self.lock.directory, &self.run, went_well))
            .titled("release the deploy lock")
            .within(LIMIT);
        let machine = Machine::Host(name.to_string());
        let report = transport.run(&machine, &[task], &Interrupts::new(), &mut |_| {}).await;
        match report.outcomes() {
            Ok(outcomes) if outcomes.iter().all(|outcome| outcome.succeeded()) => Ok(()),
            Ok(_) => Err("it is no longer ours".to_string()),
            Err(error) => Err(format!("failed to {error}")),
        }
    }
}

impl<T: Transport> Operation<'_, T> {
    /// The name under which the lock is held: the run's own, also where nothing is written down.
    fn lock_name(&self) -> String {
        match self.journal.name() {
            "" => self.run.token("run", 16),
            name => name.to_string(),
        }
    }
}

/// For the tests of what follows from the numbers above.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stops_before_its_lease_runs_out() {
        assert!(PATIENCE + AGAIN < Duration::from_secs(lease::LEASE));
        assert!(RENEWAL * 2 < PATIENCE);
    }
}

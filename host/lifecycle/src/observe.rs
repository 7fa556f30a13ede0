//! Looking at every host, in one trip each, all at once.

use std::time::Duration;

use commands::Machine;
use futures_util::future::join_all;
use plan::{Answer, HostFacts, Run};
use transport::{Ending, Interrupts, Outcome, Task, Transport, TransportError};

use crate::error::LifecycleError;

/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The tasks that look at a host.
pub(crate) fn tasks(run: &Run) -> Vec<Task> {
    plan::observation(run)
        .into_iter()
        .map(|command| Task::new(command).titled("look at the host").within(LIMIT).or_continue())
        .collect()
}

/// Reads what the tasks told.
pub(crate) fn read(host: &str, outcomes: &[Outcome]) -> Result<HostFacts, LifecycleError> {
    let answers: Vec<Answer> = outcomes
        .iter()
        .map(|outcome| Answer { exit: outcome.exit, stdout: outcome.stdout.clone(), stderr: outcome.stderr.clone() })
        .collect();
    Ok(HostFacts::read(host, &answers)?)
}

/// Looks at these hosts.
pub(crate) async fn observe<T: Transport>(
    transport: &T,
    run: &Run,
    hosts: &[String],
    interrupts: &Interrupts,
) -> Result<plan::Facts, LifecycleError> {
    let tasks = tasks(run);
    let looks = hosts.iter().map(async |host| {
        let report = transport.run(&Machine::Host(host.clone()), &tasks, interrupts, &mut |_| {}).await;
        match report.ending {
            Ending::Broken(TransportError::Interrupted { .. }) => Err(LifecycleError::Interrupted),
            Ending::Broken(error) => Err(LifecycleError::Observe(vec![error])),
            Ending::Complete | Ending::Stopped => Ok((host.clone(), read(host, &report.outcomes)?)),
        }
    });
    let (looked, failed): (Vec<_>, Vec<_>) = join_all(looks).await.into_iter().partition(Result::is_ok);
    // Whoever has to see to several hosts wants to hear of all of them at once.
    let mut unreachable = Vec::new();
    for error in failed.into_iter().filter_map(Result::err) {
        match error {
            LifecycleError::Observe(errors) => unreachable.extend(errors),
            other => return Err(other),
        }
    }
    if !unreachable.is_empty() {
        return Err(LifecycleError::Observe(unreachable));
    }
    Ok(plan::Facts { hosts: looked.into_iter().filter_map(Result::ok).collect() })
}

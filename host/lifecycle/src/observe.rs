//! Looking at every host, in one trip each, all at once.

use std::time::Duration;

use commands::Machine;
use futures_util::future::{join, join_all};
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
            Ending::Broken(error) => Err(LifecycleError::Observe(error)),
            Ending::Complete | Ending::Stopped => Ok((host.clone(), read(host, &report.outcomes)?)),
        }
    });
    let (looks, architecture) = join(join_all(looks), architecture(transport, run, interrupts)).await;
    Ok(plan::Facts { hosts: looks.into_iter().collect::<Result<_, _>>()?, architecture })
}

/// The architecture of the docker on the operator's machine, where the plan depends on it.
async fn architecture<T: Transport>(transport: &T, run: &Run, interrupts: &Interrupts) -> Option<String> {
    let task = Task::new(plan::local_observation(run)?).titled("look at the local docker").within(LIMIT).or_continue();
    let report = transport.run(&Machine::Local, &[task], interrupts, &mut |_| {}).await;
    let outcome = report.outcomes.into_iter().next()?;
    let Outcome { exit, stdout, stderr, .. } = outcome;
    plan::read_architecture(&Answer { exit, stdout, stderr })
}

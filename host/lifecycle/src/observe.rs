//! Looking at every host, in one trip each, all at once.

use std::time::{Duration, SystemTime};

use commands::Machine;
use commands::side_by_side::{parts, side_by_side};
use futures_util::future::{join, join_all};
use plan::{Answer, HostFacts, Moment, Run, UnreadableAnswer};
use transport::{Ending, Interrupts, Outcome, Task, Transport, TransportError};

use crate::error::LifecycleError;

/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The task that looks at a host: everything is asked at once.
pub(crate) fn task(run: &Run) -> Task {
    Task::new(side_by_side(&plan::observation(run))).titled("look at the host").within(LIMIT).or_continue()
}

/// The operator's clock, in seconds since 1970-01-01 UTC: a look begins.
pub(crate) fn clock() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

/// Reads what the task told, of a look that began at that time.
pub(crate) fn read(run: &Run, host: &str, outcome: &Outcome, began: i64) -> Result<HostFacts, LifecycleError> {
    let parts = parts(&outcome.stdout, plan::observation(run).len());
    // A machine that only pretends says nothing at all. One that says something has to say everything.
    let silent = outcome.stdout.trim().is_empty();
    let answer = |part: Option<(i32, String)>| match part {
        Some((exit, stdout)) => Some(Answer { exit, stdout, stderr: outcome.stderr.clone() }),
        None => silent.then(Answer::default),
    };
    let answers: Option<Vec<Answer>> = parts.into_iter().map(answer).collect();
    let answers = answers.ok_or_else(|| UnreadableAnswer {
        host: host.to_string(),
        problem: "a part of it is missing, which may be because there are too many containers".to_string(),
    })?;
    Ok(HostFacts::read(host, &answers, Moment { began, ended: clock() })?)
}

/// Looks at these hosts.
pub(crate) async fn observe<T: Transport>(
    transport: &T,
    run: &Run,
    hosts: &[String],
    interrupts: &Interrupts,
) -> Result<plan::Facts, LifecycleError> {
    let task = [task(run)];
    let looks = hosts.iter().map(async |host| {
        let began = clock();
        let report = transport.run(&Machine::Host(host.clone()), &task, interrupts, &mut |_| {}).await;
        match report.ending {
            Ending::Broken(TransportError::Interrupted { .. }) => Err(LifecycleError::Interrupted),
            Ending::Broken(error) => Err(LifecycleError::Observe(vec![error])),
            Ending::Complete | Ending::Stopped => {
                let outcome = report.outcomes.into_iter().next().unwrap_or_default();
                Ok((host.clone(), read(run, host, &outcome, began)?))
            }
        }
    });
    let (looks, architecture) = join(join_all(looks), architecture(transport, run, interrupts)).await;
    let (looked, failed): (Vec<_>, Vec<_>) = looks.into_iter().partition(Result::is_ok);
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
    Ok(plan::Facts { hosts: looked.into_iter().filter_map(Result::ok).collect(), architecture })
}

/// The architecture of the docker on the operator's machine, where the plan depends on it.
async fn architecture<T: Transport>(transport: &T, run: &Run, interrupts: &Interrupts) -> Option<String> {
    let task = Task::new(plan::local_observation(run)?).titled("look at the local docker").within(LIMIT).or_continue();
    let report = transport.run(&Machine::Local, &[task], interrupts, &mut |_| {}).await;
    let outcome = report.outcomes.into_iter().next()?;
    let Outcome { exit, stdout, stderr, .. } = outcome;
    plan::read_architecture(&Answer { exit, stdout, stderr })
}

//! The deploy lock as a subcommand: taken to keep others out, released by hand.

use commands::Machine;

use crate::action::Action;
use crate::plan::{Plan, Stage, Step};
use crate::planner::{Planner, on_hosts};

/// `lock acquire`.
pub(crate) fn acquire(planner: &Planner<'_>, message: &str) -> Plan {
    let lock = planner.lock_with(message);
    let mut plan = planner.plan();
    let tracks = on_hosts(&lock.hosts, |host| {
        let make = Step::new("make .kamal", Action::MakeDirectory { path: ".kamal".into() }).within(60);
        let take = Action::TakeLock { directory: lock.directory.clone(), details: lock.details.clone() };
        let take = (host == lock.host).then(|| Step::new("take the deploy lock", take).within(60));
        [make].into_iter().chain(take).collect()
    });
    plan.apply.extend(Stage::of_steps("Take the deploy lock", tracks));
    plan
}

/// `lock release`.
pub(crate) fn release(planner: &Planner<'_>) -> Plan {
    let lock = planner.lock_with("");
    let mut plan = planner.plan();
    let release = Step::new("release the deploy lock", Action::ReleaseLock { directory: lock.directory }).within(60);
    plan.apply.extend(Stage::of_steps("Release the deploy lock", [(Machine::Host(lock.host), vec![release])]));
    plan
}

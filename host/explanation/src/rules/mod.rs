//! The rules, in the order in which they are asked: those that know a failure for sure come before those that guess.

mod accessories;
mod builds;
mod connections;
mod health;
mod images;
mod lock;
mod machines;
mod other;
mod plans;
mod registry;
mod scripts;

use crate::Finding;
use crate::case::Case;

/// Knows a failure, or not.
type Rule = fn(&Case<'_>) -> Option<Finding>;

const RULES: [Rule; 30] = [
    // Before the first step.
    plans::interrupted,
    plans::denied_by_policy,
    plans::missing_secret,
    plans::proxy_too_old,
    plans::missing_version,
    plans::missing_image,
    plans::docker_missing,
    lock::held_by_hand,
    lock::timed_out,
    lock::held,
    // What the machine says, whatever the step.
    machines::disk_full,
    machines::wrong_architecture,
    machines::port_in_use,
    connections::unreachable,
    connections::unauthorized,
    connections::lost,
    // By the step.
    scripts::hook_script,
    registry::login,
    images::denied,
    images::not_found,
    images::registry_unreachable,
    images::of_another_service,
    builds::build,
    accessories::already_there,
    accessories::start,
    machines::out_of_memory,
    health::wrong_port,
    health::refuses_the_check,
    health::crashes,
    health::too_slow,
];

/// What the first rule says that knows the failure.
pub(crate) fn finding(case: &Case<'_>) -> Finding {
    RULES.iter().find_map(|rule| rule(case)).unwrap_or_else(|| other::finding(case))
}

//! The story of a run as lines for logs: everything, whole, without colour. Nothing here is a secret: what machines say was redacted
//! before anybody was told.

use std::time::Duration;

use commands::Machine;
use lifecycle::Event;
use plan::lower;
use transport::Stream;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// The host it is about.
    pub host: Option<String>,
    /// The output of a step that it came from.
    pub stream: Option<Stream>,
    /// What it says.
    pub text: String,
}

/// How much a line matters. The numbers are OpenTelemetry's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What a step runs and what it writes.
    Debug = 5,
    /// What happens.
    Info = 9,
    /// What somebody should look at.
    Warn = 13,
    /// What went wrong.
    Error = 17,
}

impl Level {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// The lines that tell an event. How a run ended is told by each log in its own way.
pub fn lines(event: Event<'_>) -> Vec<Line> {
    match event {
        Event::Observing { hosts } => vec![info(format!("Looking at {}", hosts.join(", ")))],
        Event::Observed { took, .. } => vec![info(format!("Looked at the hosts in {}", seconds(took)))],
        Event::Planned { plan } => {
            let destination = plan.destination.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
            let first = format!("Planned: {} {} {}{destination}", plan.subcommand, plan.service, plan.version);
            let notes = plan.notes.iter().map(|note| info(format!("Note: {note}")));
            [info(first)].into_iter().chain(notes).collect()
        }
        Event::PolicyWarned { policy, reason, steps } => {
            vec![Line { level: Level::Warn, ..info(format!("Policy {policy}: {reason}{}", about(steps))) }]
        }
        Event::PolicyNoted { policy, reason, steps } => {
            vec![info(format!("Policy {policy} (noted): {reason}{}", about(steps)))]
        }
        Event::PolicyOverridden { policy, reason } => {
            vec![Line { level: Level::Warn, ..info(format!("Set aside policy {policy}: {reason}")) }]
        }
        Event::NotifyFailed { reason } => vec![Line { level: Level::Warn, ..info(reason.to_string()) }],
        Event::Replanned { .. } => vec![info("The hosts changed meanwhile: planned again")],
        Event::TakingLock { host, patience } => {
            let patience = patience.map(|patience| format!(" (waiting up to {}s)", patience.as_secs()));
            let text = format!("Acquiring the deploy lock{}...", patience.unwrap_or_default());
            vec![at(host, Level::Info, text)]
        }
        Event::LockHeld { host, details } => {
            let details = details.lines().map(|line| at(host, Level::Warn, line));
            [at(host, Level::Warn, "Deploy lock is held by:")].into_iter().chain(details).collect()
        }
        Event::LockDying { host, lease } => {
            let lease = lease.as_secs();
            vec![at(host, Level::Warn, format!("The deploy lock's holder is gone, its lease of {lease} s still runs"))]
        }
        Event::LockTakenOver { host, details } => {
            let details = details.lines().map(|line| at(host, Level::Warn, line));
            [at(host, Level::Warn, "Took over the deploy lock of a run that is gone:")]
                .into_iter()
                .chain(details)
                .collect()
        }
        Event::LockSkipped { host, reason } => {
            vec![at(host, Level::Warn, format!("The deploy lock on {host} was not taken: failed to {reason}"))]
        }
        Event::LockRetry { host, pause, remaining } => {
            let (pause, remaining) = (pause.as_secs_f64().round(), remaining.as_secs_f64().round());
            vec![at(host, Level::Info, format!("Retrying in {pause}s ({remaining}s remaining)..."))]
        }
        Event::TookLock { host } => vec![at(host, Level::Info, format!("Took the deploy lock on {host}"))],
        Event::ReleasedLock { host } => vec![at(host, Level::Info, format!("Released the deploy lock on {host}"))],
        Event::KeptLock { host, reason } => {
            vec![at(host, Level::Warn, format!("Error releasing the deploy lock: {reason}"))]
        }
        Event::SharingRegistry { machines, .. } => {
            let machines: Vec<String> = machines.iter().map(Machine::to_string).collect();
            vec![info(format!("Setting up local registry port forwarding to {}...", machines.join(", ")))]
        }
        Event::ServingRegistry { port, reason } => vec![
            info(format!("Docker cannot start the local registry: {reason}")),
            info(format!("Serving images on localhost:{port} until this run ends")),
        ],
        Event::Stage { title } => vec![info(title)],
        Event::StepBegan { machine, role, step } => {
            let role = role.map(|role| format!("{role}: ")).unwrap_or_default();
            let command = lower::command(step).line;
            vec![
                on(machine, Level::Info, format!("[{}] {role}{} on {machine}", step.id, step.title)),
                on(machine, Level::Debug, format!("[{}] Command: {command}", step.id)),
            ]
        }
        Event::StepSaid { machine, step, stream, line } => {
            let said = on(machine, Level::Debug, format!("[{}] \t{line}", step.id));
            vec![Line { stream: Some(stream), ..said }]
        }
        Event::StepEnded { machine, step, exit, took, .. } => {
            let how = if exit == 0 { "successful" } else { "failed" };
            let level = if exit == 0 || step.may_fail { Level::Info } else { Level::Error };
            let took = seconds(took);
            vec![on(machine, level, format!("[{}] Finished in {took} with exit status {exit} ({how})", step.id))]
        }
        Event::Waiting { machine, role } => {
            let text = format!("{role} waits for the first healthy container of the primary role on {machine}");
            vec![on(machine, Level::Info, text)]
        }
        Event::BarrierOpened { machine, role } => {
            vec![on(machine, Level::Info, format!("First {role} container is healthy on {machine}"))]
        }
        Event::BarrierClosed { machine, role } => {
            vec![on(machine, Level::Error, format!("First {role} container is unhealthy on {machine}"))]
        }
        Event::Aborting { machine, role } => {
            vec![on(machine, Level::Error, format!("The boot of {role} failed on {machine}, undoing it"))]
        }
        Event::Finished { .. } | Event::Failed { .. } => Vec::new(),
    }
}

fn about(steps: &[u32]) -> String {
    if steps.is_empty() { String::new() } else { format!(" (steps {})", listed(steps)) }
}

fn listed(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn info(text: impl Into<String>) -> Line {
    Line { level: Level::Info, host: None, stream: None, text: text.into() }
}

fn at(host: &str, level: Level, text: impl Into<String>) -> Line {
    Line { level, host: Some(host.to_string()), stream: None, text: text.into() }
}

fn on(machine: &Machine, level: Level, text: String) -> Line {
    let host = match machine {
        Machine::Host(host) => Some(host.clone()),
        Machine::Local => None,
    };
    Line { level, host, stream: None, text }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} seconds", time.as_secs_f64())
}

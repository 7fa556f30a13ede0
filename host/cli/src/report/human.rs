//! Calm progress for people: a title per stage, a line per step, the host in every line about a host.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commands::Machine;
use configuration::{HookOutput, HooksOutput};
use lifecycle::{Event, Events};
use plan::{Action, Intent, Plan, Run, Step};

use crate::commits::shortened;
use crate::console::say;
use crate::outline::{is_bookkeeping, together};
use crate::style::Style;

/// Tells people on standard error.
pub struct Human {
    verbose: bool,
    quiet: bool,
    hooks_output: HooksOutput,
    style: Style,
    /// Whether the run is a deployment as a whole, of which people want to know how long it took, even if it failed.
    is_deployment: bool,
    /// Whether there is something that took its time.
    planned: AtomicBool,
    /// Width of the column of machines.
    width: Mutex<usize>,
}

impl Human {
    /// With every step and its output, or with nothing but errors; between the two the project has its say about hook scripts.
    pub fn new(verbose: bool, quiet: bool, run: &Run) -> Self {
        let is_deployment = matches!(
            run.intent,
            Intent::Setup { .. } | Intent::Deploy { .. } | Intent::Redeploy { .. } | Intent::Rollback
        );
        Self {
            verbose,
            quiet,
            hooks_output: run.configuration.hooks_output.clone(),
            style: Style::for_stderr(),
            is_deployment,
            planned: AtomicBool::new(false),
            width: Mutex::new(5),
        }
    }

    /// Kamal's line, which people look for.
    fn total(&self, took: Duration) {
        say(&self.style.strong(&format!("  Finished all in {:.1} seconds", took.as_secs_f64())));
    }

    fn width(&self) -> usize {
        self.width.lock().map_or(5, |width| *width)
    }

    fn widen(&self, plan: &Plan) {
        let longest = plan.steps().map(|(machine, _)| machine.to_string().len()).max().unwrap_or_default();
        if let Ok(mut width) = self.width.lock() {
            *width = longest.max(5);
        }
    }

    fn step(&self, machine: &Machine, role: Option<&str>, text: &str) {
        let width = self.width();
        let role = role.map(|role| format!("{role}: ")).unwrap_or_default();
        self.say(&format!("  {:width$}  {role}{text}", machine.to_string()));
    }

    /// A line of a program's output, as it is.
    fn output(&self, machine: &Machine, line: &str) {
        let width = self.width();
        say(&format!("  {:width$}  {}", machine.to_string(), self.style.faint(&format!("| {line}"))));
    }

    fn shows_output(&self, step: &Step) -> bool {
        self.verbose
            || matches!(step.action, Action::Build(_))
            || self.asked_of_hook_script(step) == Some(HookOutput::Verbose)
    }

    fn shows_end(&self, step: &Step, exit: i32) -> bool {
        let is_hidden = is_bookkeeping(step) || self.asked_of_hook_script(step) == Some(HookOutput::Quiet);
        self.verbose || exit != 0 || !is_hidden
    }

    fn asked_of_hook_script(&self, step: &Step) -> Option<HookOutput> {
        let Action::HookScript(script) = &step.action else { return None };
        self.hooks_output.of(script.path.rsplit('/').next().unwrap_or_default())
    }

    /// Whole commits are for programs and for whoever wants to see everything.
    fn say(&self, line: &str) {
        if self.verbose { say(line) } else { say(&shortened(line)) }
    }
}

impl Events for Human {
    fn tell(&self, event: Event<'_>) {
        let style = self.style;
        if self.quiet {
            return;
        }
        match event {
            Event::Observing { hosts } if self.verbose => say(&format!("Looking at {}", hosts.join(", "))),
            Event::Observed { hosts, took } => {
                let hosts = if hosts.len() == 1 { "1 host".to_string() } else { format!("{} hosts", hosts.len()) };
                say(&format!("Looked at {hosts} {}", style.faint(&seconds(took))));
            }
            Event::Planned { plan } => {
                self.planned.store(true, Ordering::Relaxed);
                self.widen(plan);
                let destination = plan.destination.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
                self.say(&format!("Planned: {} {} {}{destination}", plan.subcommand, plan.service, plan.version));
                plan.notes.iter().for_each(|note| self.say(&format!("  note: {note}")));
                for (hosts, finding) in together(&plan.findings) {
                    say(&format!("{} {}: {}", style.bad("warning:"), hosts.join(", "), finding.message));
                }
            }
            Event::PolicyWarned { .. } | Event::PolicyNoted { .. } | Event::PolicyOverridden { .. } => {
                policy_line(style, event).iter().for_each(|line| say(line));
            }
            Event::NotifyFailed { reason } => say(&format!("{} {reason}", style.bad("warning:"))),
            Event::Replanned { plan } => {
                self.widen(plan);
                say("The hosts changed meanwhile: planned again");
            }
            Event::TakingLock { patience: Some(patience), .. } => {
                say(&format!("Acquiring the deploy lock (waiting up to {}s)...", patience.as_secs()));
            }
            Event::LockHeld { details, .. } => {
                say(&style.strong("Deploy lock is held by:"));
                say(details.trim_end());
            }
            Event::LockDying { host, lease } => say(&format!(
                "Whoever held the deploy lock on {host} is gone: waiting for its lease of {} s to run out",
                lease.as_secs()
            )),
            Event::LockTakenOver { host, details } => {
                say(&style.strong(&format!("Took over the deploy lock on {host} from a run that is gone:")));
                details.lines().for_each(|line| say(&format!("  {line}")));
            }
            Event::LockSkipped { host, reason } => {
                say(&format!("{} the deploy lock on {host} was not taken: failed to {reason}", style.bad("warning:")))
            }
            Event::LockRetry { pause, remaining, .. } => {
                let (pause, remaining) = (rounded(pause), rounded(remaining));
                say(&format!("Retrying in {pause}s ({remaining}s remaining)..."));
            }
            Event::TookLock { host } => say(&style.strong(&format!("Took the deploy lock on {host}"))),
            Event::ReleasedLock { host } => say(&style.strong(&format!("Released the deploy lock on {host}"))),
            Event::KeptLock { host, reason } => {
                say(&format!("{} the deploy lock on {host} was not released: {reason}", style.bad("warning:")));
                say(&format!("{} run `sextant lock release` if nobody works on it", style.strong("hint:")));
            }
            Event::SharingRegistry { machines, .. } => {
                let machines: Vec<String> = machines.iter().map(Machine::to_string).collect();
                say(&format!("Setting up local registry port forwarding to {}...", machines.join(", ")));
            }
            Event::ServingRegistry { port, reason } => {
                say(&format!("  note: docker cannot start the local registry: {reason}"));
                say(&format!("  note: serving images on localhost:{port} from here until this run ends"));
            }
            Event::Stage { title } => say(&style.strong(title)),
            Event::StepBegan { machine, role, step } if self.shows_output(step) => {
                self.step(machine, role, &style.faint(&format!("{} …", step.title)));
            }
            Event::StepSaid { machine, step, line, .. } if self.shows_output(step) => {
                self.output(machine, line);
            }
            Event::StepEnded { machine, role, step, exit, took } if self.shows_end(step, exit) => {
                let how = match exit {
                    0 => style.good("ok"),
                    _ if step.may_fail => style.faint("failed, which may be"),
                    code => style.bad(&format!("failed with exit code {code}")),
                };
                self.step(machine, role, &format!("{}  {how} {}", step.title, style.faint(&seconds(took))));
            }
            Event::Waiting { machine, role } => {
                self.step(
                    machine,
                    Some(role),
                    &style.faint("waits for the first healthy container of the primary role"),
                );
            }
            Event::BarrierOpened { machine, role } => {
                self.step(machine, Some(role), "first healthy container, other roles may boot")
            }
            Event::BarrierClosed { machine, role } => {
                self.step(machine, Some(role), &style.bad("first container is not healthy, no other role boots"));
            }
            Event::Aborting { machine, role } => {
                self.step(machine, Some(role), &style.bad("the boot failed, undoing it"))
            }
            Event::Finished { took } if self.is_deployment => self.total(took),
            Event::Finished { took } => say(&style.strong(&format!("Finished in {}", seconds(took)))),
            Event::Failed { took, .. } if self.is_deployment && self.planned.load(Ordering::Relaxed) => {
                self.total(took)
            }
            _ => {}
        }
    }
}

/// What policies have to say, for people: of a run, and of a plan that is only shown.
pub fn policy_line(style: Style, event: Event<'_>) -> Option<String> {
    let about = |steps: &[u32]| match steps {
        [] => String::new(),
        [one] => format!(" (step {one})"),
        many => format!(" (steps {})", plan::numbers(many)),
    };
    Some(match event {
        Event::PolicyWarned { policy, reason, steps } => {
            format!("{} policy {policy}: {reason}{}", style.bad("warning:"), about(steps))
        }
        Event::PolicyNoted { policy, reason, steps } => format!("note: policy {policy}: {reason}{}", about(steps)),
        Event::PolicyOverridden { policy, reason } => {
            format!("{} what policy {policy} has against this plan is set aside: {reason}", style.bad("warning:"))
        }
        _ => return None,
    })
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn rounded(time: Duration) -> u64 {
    time.as_secs_f64().round() as u64
}

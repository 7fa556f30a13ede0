//! Machines that pretend: for the tests of everything above this crate.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use commands::{Fragment, Machine};

use crate::error::At;
use crate::secrets::{SecretValues, Secrets};
use crate::{
    Ending, Interrupt, Interrupts, OnFailure, Outcome, Progress, Report, Stream, Task, Transport, TransportError,
};

/// A transport that starts nothing. It answers by rules and writes down what it was asked.
///
/// ```
/// use transport::{Answer, Outcome, Scripted};
///
/// let machines = Scripted::new()
///     .when(|_, line| line.starts_with("docker ps"), Answer::Ends(Outcome::success("0123456789ab\n")))
///     .at("10.0.0.2", 3, Answer::Disconnects);
/// assert_eq!(machines.transcript(), "");
/// ```
#[derive(Default)]
pub struct Scripted {
    rules: Mutex<Vec<Rule>>,
    unreachable: Vec<Machine>,
    /// Present when only these secrets exist.
    secrets: Option<Secrets>,
    state: Mutex<State>,
}

type Rule = Box<dyn FnMut(&Machine, &str) -> Option<Answer> + Send>;

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    /// Commands so far, by machine.
    commands: BTreeMap<Machine, usize>,
    trips: BTreeMap<Machine, usize>,
    ports: Vec<(Machine, u16)>,
    registries: Vec<(u16, Option<String>)>,
}

/// What a pretended machine does with a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It ends like this.
    Ends(Outcome),
    /// It ends like this once so much time has passed.
    Takes(Duration, Outcome),
    /// The connection is lost while it runs. The next batch finds the machine again.
    Disconnects,
    /// It runs until its time limit (on tokio's clock, so tests can pause it) or until [`Interrupt::Now`].
    Hangs,
}

/// A command that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Where.
    pub machine: Machine,
    /// Which trip to that machine it was part of, from zero.
    pub trip: usize,
    /// The line.
    pub line: String,
    /// Its input, secrets by name: `{PASSWORD}`.
    pub input: String,
    /// Its variables, secrets by name.
    pub variables: Vec<(String, String)>,
}

impl Scripted {
    /// Machines on which every command succeeds and says nothing, and every secret exists.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers the lines for which `applies` holds. The first rule that applies answers.
    pub fn when(self, mut applies: impl FnMut(&Machine, &str) -> bool + Send + 'static, answer: Answer) -> Self {
        self.answering(move |machine, line| applies(machine, line).then(|| answer.clone()))
    }

    /// Answers by a function of its own, which may remember what it was asked; none leaves the line to the rules after it.
    pub fn answering(self, rule: impl FnMut(&Machine, &str) -> Option<Answer> + Send + 'static) -> Self {
        lock(&self.rules).push(Box::new(rule));
        self
    }

    /// Answers the n-th command of a host, from zero, before any rule is asked that was given later.
    pub fn at(self, host: &str, command: usize, answer: Answer) -> Self {
        let host = Machine::Host(host.to_string());
        let mut seen = 0;
        self.answering(move |machine, _| {
            let number = seen;
            seen += usize::from(*machine == host);
            (*machine == host && number == command).then(|| answer.clone())
        })
    }

    /// This host cannot be reached.
    pub fn unreachable(mut self, host: &str) -> Self {
        self.unreachable.push(Machine::Host(host.to_string()));
        self
    }

    /// Only these secrets exist. Their values are redacted from outcomes.
    pub fn with_secrets(mut self, secrets: SecretValues) -> Self {
        self.secrets = Some(Secrets::new(secrets));
        self
    }

    /// Every command that was asked for, in the order they began.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state).calls.clone()
    }

    /// The lines one machine was asked to run, in order.
    pub fn lines(&self, machine: &Machine) -> Vec<String> {
        let calls = &lock(&self.state).calls;
        calls.iter().filter(|call| call.machine == *machine).map(|call| call.line.clone()).collect()
    }

    /// How many batches have gone to each machine.
    pub fn trips(&self) -> BTreeMap<Machine, usize> {
        lock(&self.state).trips.clone()
    }

    /// The ports that are shared, in the order in which they were.
    pub fn ports(&self) -> Vec<(Machine, u16)> {
        lock(&self.state).ports.clone()
    }

    /// The ports on which images were to be served, with the image that was wanted, in order.
    pub fn registries(&self) -> Vec<(u16, Option<String>)> {
        lock(&self.state).registries.clone()
    }

    /// All calls as text, machine by machine in their order: for whole-string tests.
    pub fn transcript(&self) -> String {
        let state = lock(&self.state);
        let mut text = String::new();
        for machine in state.commands.keys() {
            let _ = writeln!(text, "{machine}");
            for call in state.calls.iter().filter(|call| call.machine == *machine) {
                let variables: String = call.variables.iter().map(|(name, value)| format!("{name}={value} ")).collect();
                let _ = writeln!(text, "  {variables}{}", call.line.replace('\n', "\n  "));
                for line in call.input.lines() {
                    let _ = writeln!(text, "    < {line}");
                }
            }
        }
        text
    }

    /// Writes the call down and finds its answer.
    fn ask(&self, machine: &Machine, trip: usize, task: &Task) -> Answer {
        let command = &task.command;
        let mut state = lock(&self.state);
        *state.commands.entry(machine.clone()).or_default() += 1;
        state.calls.push(Call {
            machine: machine.clone(),
            trip,
            line: command.line.clone(),
            input: named(&command.input),
            variables: command.environment.iter().map(|(name, value)| (name.clone(), named(value))).collect(),
        });
        drop(state);
        let mut rules = lock(&self.rules);
        // Every rule sees every command: some of them count.
        let answers: Vec<Option<Answer>> = rules.iter_mut().map(|rule| rule(machine, &command.line)).collect();
        answers.into_iter().flatten().next().unwrap_or_else(|| Answer::Ends(Outcome::default()))
    }

    fn redacted(&self, outcome: Outcome) -> Outcome {
        let Some(secrets) = &self.secrets else { return outcome };
        let redactor = secrets.redactor();
        Outcome { stdout: redactor.redact(&outcome.stdout), stderr: redactor.redact(&outcome.stderr), ..outcome }
    }
}

impl Transport for Scripted {
    async fn run(
        &self,
        machine: &Machine,
        tasks: &[Task],
        interrupts: &Interrupts,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Report {
        let mut outcomes = Vec::new();
        if let Some(Err(error)) =
            self.secrets.as_ref().map(|secrets| secrets.resolve(machine, tasks, Path::new("."), 0))
        {
            return Report::broken(outcomes, error);
        }
        if let Err(error) = self.connect(machine, interrupts).await {
            return Report::broken(outcomes, error);
        }
        let trip = {
            let mut state = lock(&self.state);
            let trips = state.trips.entry(machine.clone()).or_default();
            *trips += 1;
            *trips - 1
        };
        let mut heeds = Interrupt::None;
        for (index, task) in tasks.iter().enumerate() {
            // Machines that are real take turns; so do these.
            tokio::task::yield_now().await;
            let interrupted = |during| TransportError::Interrupted { machine: machine.clone(), during };
            if interrupts.level() > heeds {
                return Report::broken(outcomes, interrupted(None));
            }
            progress(Progress::Started { task: index });
            let at = At { task: index, title: task.title.clone() };
            let outcome = match self.ask(machine, trip, task) {
                Answer::Ends(outcome) => self.redacted(outcome),
                Answer::Takes(time, outcome) => {
                    tokio::time::sleep(time).await;
                    self.redacted(outcome)
                }
                Answer::Disconnects => {
                    let reason = "the script of this test says so".to_string();
                    let error = TransportError::ConnectionLost { machine: machine.clone(), during: Some(at), reason };
                    return Report::broken(outcomes, error);
                }
                Answer::Hangs => {
                    let error = tokio::select! {
                        _ = interrupts.reached(Interrupt::Now) => interrupted(Some(at)),
                        () = tokio::time::sleep(task.time_limit) => {
                            TransportError::TimeLimit { machine: machine.clone(), at, limit: task.time_limit }
                        }
                    };
                    return Report::broken(outcomes, error);
                }
            };
            for (stream, text) in [(Stream::Stdout, &outcome.stdout), (Stream::Stderr, &outcome.stderr)] {
                text.lines().for_each(|line| progress(Progress::Output { task: index, stream, line }));
            }
            progress(Progress::Ended { task: index, outcome: &outcome });
            let stops = !outcome.succeeded() && task.on_failure == OnFailure::Stop;
            if task.is_point_of_no_return && outcome.succeeded() {
                heeds = Interrupt::Gentle;
            }
            outcomes.push(outcome);
            if stops {
                return Report { outcomes, ending: Ending::Stopped };
            }
        }
        Report { outcomes, ending: Ending::Complete }
    }

    async fn connect(&self, machine: &Machine, interrupts: &Interrupts) -> Result<(), TransportError> {
        let machine = machine.clone();
        if interrupts.level() > Interrupt::None {
            return Err(TransportError::Interrupted { machine, during: None });
        }
        if self.unreachable.contains(&machine) {
            return Err(TransportError::Unreachable {
                machine,
                reason: "the script of this test says so".to_string(),
                by_hand: String::new(),
            });
        }
        Ok(())
    }

    async fn share_port(&self, machine: &Machine, port: u16) -> Result<(), TransportError> {
        self.connect(machine, &Interrupts::new()).await?;
        lock(&self.state).ports.push((machine.clone(), port));
        Ok(())
    }

    async fn unshare_port(&self, machine: &Machine, port: u16) {
        lock(&self.state).ports.retain(|shared| *shared != (machine.clone(), port));
    }

    async fn serve_registry(&self, port: u16, image: Option<&str>) -> Result<bool, TransportError> {
        lock(&self.state).registries.push((port, image.map(str::to_string)));
        Ok(image.is_none())
    }

    fn learn(&self, secrets: SecretValues) {
        if let Some(known) = &self.secrets {
            known.learn(secrets);
        }
    }

    async fn close(&self) {}
}

/// The text with its secrets by name.
fn named(fragments: &[Fragment]) -> String {
    fragments
        .iter()
        .map(|fragment| match fragment {
            Fragment::Text(text) => text.clone(),
            Fragment::Secret(name) | Fragment::EnvironmentFileSecret(name) => format!("{{{name}}}"),
            Fragment::Elapsed => "{elapsed}".to_string(),
            Fragment::File(path) => format!("{{file {path}}}"),
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

//! Asking hosts something and showing their answers, host by host: what every subcommand that changes nothing by itself does.

use std::sync::Arc;
use std::time::Duration;

use commands::{Command, Machine};
use futures_util::future::join_all;
use plan::Run;
use transport::{Ending, Interrupts, Machines, OnFailure, Outcome, Task, Transport};

use crate::arguments::Options;
use crate::catalogue::catalogue;
use crate::console::{print, print_raw, say};
use crate::failure::Failure;
use crate::invocation::{self, Request, Version};
use crate::machines::{machines, require_port};
use crate::project::{Project, Substitution};

/// A question to a host.
pub struct Question {
    /// What stands before the host's name: `App Host`. Nothing, and the answer stands alone.
    pub heading: String,
    /// The host.
    pub host: String,
    /// What has to be done before it, in the same trip. The first that fails is the answer.
    pub before: Vec<Command>,
    /// The question.
    pub command: Command,
}

impl Question {
    /// A question alone.
    pub fn new(heading: impl Into<String>, host: &str, command: Command) -> Self {
        Self { heading: heading.into(), host: host.to_string(), before: Vec::new(), command }
    }
}

/// How long an answer may take: it may be the user's own command.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// A visit to a project's hosts: whatever is asked shares the connections, and the hook script pre-connect ran before the first one.
pub struct Visit<'a> {
    options: &'a Options,
    project: &'a Project,
    machines: Machines,
    interrupts: Interrupts,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Visit<'a> {
    /// Begins a visit, with the values of secrets if commands need them.
    pub fn begin(options: &'a Options, project: &'a Project, substitution: Substitution) -> Result<Self, Failure> {
        invocation::connect(project, options)?;
        Self::unannounced(options, project, substitution)
    }

    /// Begins a visit without the hook script: what follows log lines runs none.
    pub fn unannounced(
        options: &'a Options,
        project: &'a Project,
        substitution: Substitution,
    ) -> Result<Self, Failure> {
        require_port(project)?;
        let secrets = project.secrets(substitution)?;
        let runtime = invocation::runtime()?;
        let inside = runtime.enter();
        let (machines, interrupts) = (machines(project, &secrets), invocation::interrupts());
        drop(inside);
        Ok(Self { options, project, machines, interrupts, runtime })
    }

    /// The run that audit lines and logins of the user's own commands belong to.
    pub fn run(&self) -> Result<Arc<Run>, Failure> {
        let words = self.options.path.clone();
        let request = Request { words, version: Some(Version::Latest), ..Request::default() };
        let secrets = self.project.secrets(Substitution::NamesOnly)?;
        Ok(Arc::new(invocation::run(self.project, self.options, request, &secrets)?))
    }

    /// The commands that log a host in to the project's registry, as the plugin has it that the registry belongs to.
    pub fn login(&self, run: &Arc<Run>) -> Result<Vec<Command>, Failure> {
        let catalogue = catalogue(self.project, self.options)?;
        let steps =
            plan::host_login(run, &catalogue).map_err(|error| invocation::failed(self.project, error.into()))?;
        Ok(steps.iter().map(plan::lower::command).collect())
    }

    /// Asks all at once.
    pub fn ask(&self, questions: &[Question]) -> Vec<Result<Outcome, Failure>> {
        self.runtime.block_on(join_all(questions.iter().map(|question| self.one(question))))
    }

    /// Asks all at once and shows the answers in order. A host that fails does not hide what the others said.
    pub fn show(&self, questions: &[Question]) -> Result<u8, Failure> {
        self.answered(questions, |question, outcome| show(self.options, question, outcome))
    }

    /// Asks all at once and prints nothing but what the commands wrote.
    pub fn show_raw(&self, questions: &[Question]) -> Result<u8, Failure> {
        self.answered(questions, |_, outcome| {
            print_raw(&outcome.stdout);
            if !outcome.succeeded() {
                say(outcome.stderr.trim_end());
            }
        })
    }

    /// Hands the terminal to a line on a host.
    pub fn interactive(&self, host: &str, line: &str) -> Result<u8, Failure> {
        let host = Machine::Host(host.to_string());
        self.runtime.block_on(async {
            // A terminal's Ctrl-C reaches the line itself; what reaches this program alone ends the waiting.
            tokio::select! {
                code = self.machines.interactive(&host, line) => Ok(u8::try_from(code?).unwrap_or(1)),
                _ = self.interrupts.reached(transport::Interrupt::Gentle) => Ok(130),
            }
        })
    }

    fn answered(&self, questions: &[Question], tell: impl Fn(&Question, &Outcome)) -> Result<u8, Failure> {
        let mut failure = None;
        for (question, answer) in questions.iter().zip(self.ask(questions)) {
            match answer {
                Ok(outcome) => {
                    tell(question, &outcome);
                    if !outcome.succeeded() {
                        failure = Some(Failure::Told);
                    }
                }
                Err(error) => {
                    error.tell(self.options.output);
                    failure = Some(if error.exit_code() == 130 { error } else { Failure::Told });
                }
            }
        }
        failure.map_or(Ok(0), Err)
    }

    async fn one(&self, question: &Question) -> Result<Outcome, Failure> {
        let task = |command: &Command, on_failure| Task { on_failure, ..Task::new(command.clone()).within(PATIENCE) };
        let before = question.before.iter().map(|command| task(command, OnFailure::Stop));
        let tasks: Vec<Task> = before.chain([task(&question.command, OnFailure::Continue)]).collect();
        let host = Machine::Host(question.host.clone());
        let report = self.machines.run(&host, &tasks, &self.interrupts, &mut |_| {}).await;
        match report.ending {
            Ending::Broken(error) => Err(error.into()),
            Ending::Complete | Ending::Stopped => Ok(report.outcomes.into_iter().next_back().unwrap_or_default()),
        }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.runtime.block_on(self.machines.close());
    }
}

/// Asks all at once and shows the answers in order, in a visit of their own.
pub fn ask(options: &Options, project: &Project, questions: Vec<Question>) -> Result<u8, Failure> {
    Visit::begin(options, project, Substitution::NamesOnly)?.show(&questions)
}

/// A block of one host's answer.
fn show(options: &Options, question: &Question, outcome: &Outcome) {
    if !options.quiet && !question.heading.is_empty() {
        print(&format!("{}: {}", question.heading, question.host));
    }
    print_raw(&format!("{}\n\n", outcome.stdout.trim_end()));
    if !outcome.succeeded() {
        let (host, code, stderr) = (&question.host, outcome.exit, outcome.stderr.trim());
        let why = if stderr.is_empty() { String::new() } else { format!(": {stderr}") };
        say(&format!("{host}: failed with exit code {code}{why}"));
    }
}

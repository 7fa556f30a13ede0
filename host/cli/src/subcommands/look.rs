//! Asking hosts something and showing their answers, host by host: what every subcommand that only reads does.

use std::time::Duration;

use commands::{Command, Machine};
use futures_util::future::join_all;
use transport::{Outcome, Task, Transport};

use crate::arguments::Options;
use crate::failure::Failure;
use crate::invocation;
use crate::project::{Project, Substitution};
use crate::report::{print, print_raw};

/// A question to a host.
pub struct Question {
    /// What stands before the host's name: `App Host`.
    pub heading: String,
    /// The host.
    pub host: String,
    /// The question.
    pub command: Command,
}

/// How long an answer may take: it may be the user's own command.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Asks all at once and shows the answers in order. A host that fails does not hide what the others said.
pub fn ask(options: &Options, project: &Project, questions: Vec<Question>) -> Result<u8, Failure> {
    show_all(options, &questions, answers(options, project, &questions, Substitution::NamesOnly)?)
}

/// The same for questions that need the values of secrets.
pub fn ask_with_secrets(options: &Options, project: &Project, questions: Vec<Question>) -> Result<u8, Failure> {
    show_all(options, &questions, answers(options, project, &questions, Substitution::Run)?)
}

fn show_all(options: &Options, questions: &[Question], answers: Vec<Result<Outcome, Failure>>) -> Result<u8, Failure> {
    let mut failure = None;
    for (question, answer) in questions.iter().zip(answers) {
        match answer {
            Ok(outcome) => {
                show(options, question, &outcome);
                if !outcome.succeeded() {
                    failure = Some(Failure::Told);
                }
            }
            Err(error) => {
                error.tell(options.output);
                failure = Some(if error.exit_code() == 130 { error } else { Failure::Told });
            }
        }
    }
    failure.map_or(Ok(0), Err)
}

/// Asks all at once, after the hook script pre-connect.
pub fn answers(
    options: &Options,
    project: &Project,
    questions: &[Question],
    substitution: Substitution,
) -> Result<Vec<Result<Outcome, Failure>>, Failure> {
    invocation::connect(project, options)?;
    let secrets = project.secrets(substitution)?;
    invocation::runtime()?.block_on(async {
        let machines = invocation::machines(project, &secrets);
        let interrupts = invocation::interrupts();
        let asked = join_all(questions.iter().map(async |question| {
            let task = Task::new(question.command.clone()).within(PATIENCE).or_continue();
            let report = machines.run(&Machine::Host(question.host.clone()), &[task], &interrupts, &mut |_| {}).await;
            let outcomes = report.outcomes()?;
            Ok(outcomes.into_iter().next().unwrap_or_default())
        }))
        .await;
        machines.close().await;
        Ok(asked)
    })
}

/// A block of one host's answer.
pub fn show(options: &Options, question: &Question, outcome: &Outcome) {
    if !options.quiet {
        print(&format!("{}: {}", question.heading, question.host));
    }
    print_raw(&format!("{}\n", outcome.stdout));
    if !outcome.succeeded() {
        crate::report::say(&format!(
            "{}: failed with exit code {}: {}",
            question.host,
            outcome.exit,
            outcome.stderr.trim()
        ));
    }
}

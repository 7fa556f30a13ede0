//! What is known of a failure, as rules ask for it.

use journal::{Account, FailedStep, Fate, SavedPlan};
use plan::{Action, Run, Step};

use crate::Place;

/// A run that failed.
pub(crate) struct Case<'a> {
    /// Its journal.
    pub account: &'a Account,
    /// Its run, if a plan was made.
    pub run: Option<&'a Run>,
    /// The failure that came first in the stage.
    pub failure: Option<&'a FailedStep>,
    /// The step that failed, as it was planned.
    pub step: Option<&'a Step>,
    /// Everything that was said about it, without blank lines: by the step, then by the container.
    pub said: Vec<&'a str>,
    /// The error that the run ended with.
    pub error: &'a str,
}

impl<'a> Case<'a> {
    pub fn new(account: &'a Account, plan: Option<&'a SavedPlan>) -> Self {
        // Who was only halted or interrupted by another's failure is not who failed.
        let bystander = |failure: &&FailedStep| matches!(failure.kind.as_str(), "halted" | "interrupted");
        let failures = &account.failures;
        let failure = failures.iter().find(|failure| !bystander(failure)).or(failures.first());
        let id = failure.and_then(|failure| failure.step);
        let step =
            plan.zip(id).and_then(|(saved, id)| saved.plan.steps().map(|(_, step)| step).find(|step| step.id == id));
        let error = match &account.fate {
            Fate::Failed { error, .. } => error.as_str(),
            _ => "",
        };
        let trace = failure.and_then(|failure| {
            account
                .steps
                .iter()
                .rev()
                .find(|sent| Some(sent.step.id) == failure.step && sent.machine == failure.machine)
        });
        let printed = trace.into_iter().flat_map(|trace| trace.said.iter().map(String::as_str));
        let mut said: Vec<&str> = printed.collect();
        let sentence = failure.map_or(error, |failure| failure.error.as_str());
        if said.is_empty() {
            said.extend(sentence.lines());
        }
        said.extend(failure.into_iter().flat_map(|failure| failure.aftermath.iter().map(String::as_str)));
        said.retain(|line| !line.trim().is_empty());
        Self { account, run: plan.map(|saved| &saved.basis.run), failure, step, said, error }
    }

    /// The action of the step that failed.
    pub fn action(&self) -> Option<&'a Action> {
        self.step.map(|step| &step.action)
    }

    /// The kind of the action of the step that failed: `start-container`. It is known without a plan, too.
    pub fn kind(&self) -> &'a str {
        let id = self.failure.and_then(|failure| failure.step);
        self.account.steps.iter().rev().find(|sent| Some(sent.step.id) == id).map_or("", |sent| sent.step.kind.as_str())
    }

    /// The first line that says one of these, whatever the case of its letters.
    pub fn line(&self, phrases: &[&str]) -> Option<&'a str> {
        self.said.iter().copied().find(|line| says(line, phrases))
    }

    /// Whether some line says one of these.
    pub fn tells(&self, phrases: &[&str]) -> bool {
        self.line(phrases).is_some()
    }

    /// The lines of the container's own log.
    pub fn log(&self) -> impl Iterator<Item = &'a str> {
        self.failure.into_iter().flat_map(|failure| failure.aftermath.iter().map(String::as_str))
    }

    /// The role that was booted.
    pub fn role(&self) -> &'a str {
        self.failure.and_then(|failure| failure.role.as_deref()).unwrap_or("web")
    }

    /// The host, or this machine.
    pub fn machine(&self) -> String {
        self.failure.map_or_else(|| "a host".to_string(), |failure| failure.machine.to_string())
    }

    /// The key of the configuration of a role, or the project's own where the role has none of its own: `proxy/app_port`.
    pub fn key(&self, key: &str) -> String {
        let of_role = format!("servers/{}/{key}", self.role());
        let has =
            |path: &str| self.run.is_some_and(|run| run.configuration.document.pointer(&format!("/{path}")).is_some());
        if has(&of_role) { of_role } else { key.to_string() }
    }

    pub fn place(&self) -> Option<Place> {
        let failure = self.failure?;
        let sent = self.account.steps.iter().rev().find(|sent| Some(sent.step.id) == failure.step);
        let title = self.step.map(|step| step.title.clone()).or_else(|| sent.map(|sent| sent.step.title.clone()));
        Some(Place { machine: failure.machine.clone(), role: failure.role.clone(), step: failure.step, title })
    }
}

/// Whether a text says one of these, whatever the case of its letters.
pub(crate) fn says(text: &str, phrases: &[&str]) -> bool {
    let text = text.to_lowercase();
    phrases.iter().any(|phrase| text.contains(&phrase.to_lowercase()))
}

/// What stands between two parts of a text.
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after).map_or(rest, |(inner, _)| inner))
}

//! The lines of a journal.

use commands::Machine;
use configuration::Filter;
use plan::{Intent, Run};
use serde::{Deserialize, Serialize};

/// A line: what happened, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds since 1970-01-01 UTC, by the operator's clock.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Entry {
    /// The run began. The first line.
    Began(Box<Beginning>),
    /// A plan was made; numbers of steps in the lines below are its. The last one counts.
    Planned { digest: String },
    /// A policy that is only watched objected.
    Noted { policy: String, reason: String },
    /// A policy's verdict was set aside by somebody who may.
    Overrode { policy: String, reason: String },
    /// The deploy lock was taken.
    Locked { host: String, generation: u64 },
    /// Steps are about to be sent to a machine: from here on each of them may have happened.
    Sending { machine: Machine, role: Option<String>, steps: Vec<SentStep> },
    /// A step ended. `said` holds the last lines of what it said, where it failed.
    Ended {
        machine: Machine,
        step: u32,
        exit: i32,
        milliseconds: u64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        said: Vec<String>,
    },
    /// The deploy lock was released.
    Unlocked { host: String },
    /// Everything was done.
    Finished,
    /// The operator interrupted.
    Interrupted,
    /// The run failed.
    Failed {
        /// In a word: `steps`, `unreachable`, `plan`, `secret`, `policy`, `lock-held`, `lock-lost`, `lock`, `journal`, `unreadable`.
        kind: String,
        /// In a sentence.
        error: String,
        failures: Vec<FailedStep>,
    },
}

/// A step that is sent: how the plan names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentStep {
    /// Its number in the plan.
    pub id: u32,
    /// What it does, in words.
    pub title: String,
    /// The kind of its action: `start-container`.
    pub kind: String,
}

/// What a run was asked to do: enough to take it up again on another machine that has the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// The run's name.
    pub run: String,
    /// The program's version.
    pub program: String,
    /// The run that this one takes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
    /// What is asked for.
    pub intent: Intent,
    /// The words of the subcommand.
    pub subcommand: Vec<String>,
    /// The service.
    pub service: String,
    /// The destination.
    pub destination: Option<String>,
    /// `--hosts`, `--roles`, `--primary`.
    pub filter: Filter,
    /// The version that is deployed or acted on.
    pub version: String,
    /// The version that the project had by itself.
    pub own_version: String,
    /// Who ran it.
    pub performer: String,
    /// When it began, UTC.
    pub started_at: String,
    /// SHA-256 of the configuration, in hexadecimal.
    pub configuration: String,
}

/// A step that failed, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStep {
    /// Where.
    pub machine: Machine,
    /// The role that was being booted.
    pub role: Option<String>,
    /// The step's number in the plan; absent when none had begun.
    pub step: Option<u32>,
    /// What was wrong, in a word: `exit`, `time-limit`, `connection`, `deed`, `halted`, `interrupted`, `transport`.
    pub kind: String,
    /// What was wrong, in a sentence.
    pub error: String,
    /// What was found out afterwards: the last log lines of the container.
    pub aftermath: Vec<String>,
}

impl Beginning {
    /// What a run is asked to do.
    pub fn of(run: &Run, name: &str, program: &str) -> Self {
        Self {
            run: name.to_string(),
            program: program.to_string(),
            resumes: run.takes_up.as_ref().map(|interrupted| interrupted.run.clone()),
            intent: run.intent.clone(),
            subcommand: run.subcommand.clone(),
            service: run.configuration.service.clone(),
            destination: run.configuration.destination.clone(),
            filter: run.selection.filter.clone(),
            version: run.version.clone(),
            own_version: run.own_version.clone(),
            performer: run.performer.clone(),
            started_at: run.started_at.clone(),
            configuration: plan::digest(&configuration::dump(&run.configuration.document)),
        }
    }
}

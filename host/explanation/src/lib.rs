//! Why a run failed: what its journal and its plan tell, and how it differs from the last run that went well.
//!
//! Pure. [`explain`] tries rules, a family per file in `rules`; the first that knows the failure speaks. A rule looks at values where
//! there are some, and at what docker, ssh and the app printed where there is only text.

mod case;
mod differences;
mod fleet;
mod rules;

use commands::Machine;
use journal::{Account, Fate, SavedPlan};
use serde::Serialize;

use case::Case;

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The run.
    pub run: String,
    /// The words of its subcommand.
    pub subcommand: String,
    /// The version it was about.
    pub version: String,
    /// A word for what went wrong, for programs: `image-not-found`. `unknown` if no rule knows it.
    pub cause: &'static str,
    /// What went wrong, in a sentence.
    pub what: String,
    /// Where; absent if the run ended before its first step.
    pub place: Option<Place>,
    /// The limit that ran out.
    pub limit: Option<Limit>,
    /// Why it went wrong, as far as that can be told.
    pub why: String,
    /// The lines that tell it: the end of a log, or what the step printed.
    pub evidence: Vec<String>,
    /// How the hosts were left, where they were left unlike.
    pub fleet: Vec<String>,
    /// What differs from the last run that went well.
    pub differs: Vec<String>,
    /// Keys of the configuration, files and subcommands to look at, the likeliest first.
    pub look_at: Vec<String>,
}

/// The step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The host, or this machine.
    pub machine: Machine,
    /// The role that was being booted.
    pub role: Option<String>,
    /// The step's number in the plan.
    pub step: Option<u32>,
    /// What it was to do.
    pub title: Option<String>,
}

/// A time that ran out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Its key in the configuration, its option, or whose it is.
    pub name: String,
    /// How long it is.
    pub seconds: u64,
}

/// What a rule found out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Finding {
    pub cause: &'static str,
    pub what: String,
    pub limit: Option<Limit>,
    pub why: String,
    /// Instead of everything that was said.
    pub evidence: Option<Vec<String>>,
    pub look_at: Vec<String>,
}

/// How many lines of evidence are shown.
const LINES: usize = 20;

/// Explains a run by its journal, its plan if one was made, and the plan of the last run that went well.
pub fn explain(account: &Account, plan: Option<&SavedPlan>, last_good: Option<&SavedPlan>) -> Explanation {
    let case = Case::new(account, plan);
    let finding = rules::finding(&case);
    let said: Vec<String> = case.said.iter().map(|line| (*line).to_string()).collect();
    let mut evidence = finding.evidence.unwrap_or(said);
    evidence.drain(..evidence.len().saturating_sub(LINES));
    Explanation {
        run: account.beginning.run.clone(),
        subcommand: account.beginning.subcommand.join(" "),
        version: account.beginning.version.clone(),
        cause: finding.cause,
        what: finding.what,
        place: case.place(),
        limit: finding.limit,
        why: finding.why,
        evidence,
        fleet: plan.map(|plan| fleet::left(account, &plan.plan)).unwrap_or_default(),
        differs: plan.zip(last_good).map(|(plan, good)| differences::since(good, plan)).unwrap_or_default(),
        look_at: finding.look_at,
    }
}

/// Whether there is something to explain: the run did not end well.
pub fn failed(account: &Account) -> bool {
    account.fate != Fate::Finished
}

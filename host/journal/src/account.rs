//! What a journal tells when it is read.

use commands::Machine;

use crate::entry::{Beginning, Entry, FailedStep, Line, SentStep};

/// A run as its journal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What was asked for.
    pub beginning: Beginning,
    /// Digest of the last plan.
    pub plan: Option<String>,
    /// How it ended.
    pub fate: Fate,
    /// Every step that was sent, in order.
    pub steps: Vec<Trace>,
    /// Steps that failed.
    pub failures: Vec<FailedStep>,
    /// The policies that were set aside, with the reasons.
    pub overridden: Vec<(String, String)>,
    /// Every line.
    pub lines: Vec<Line>,
}

/// A step that was sent to a machine, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where.
    pub machine: Machine,
    /// The role that was being booted.
    pub role: Option<String>,
    /// The step.
    pub step: SentStep,
    /// Its exit code. Nobody knows what became of a step that has none.
    pub exit: Option<i32>,
    /// The last lines of what it said, where it failed.
    pub said: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fate {
    /// Everything was done.
    Finished,
    /// It failed: in a word, and in a sentence, as [`Entry::Failed`] has them.
    Failed { kind: String, error: String },
    /// The operator interrupted it.
    Interrupted,
    /// Nobody wrote down how it ended: it is going on, or the program was killed.
    Unknown,
}

impl Account {
    /// Reads a journal. A last line that was cut off counts as not written. Nothing if it does not begin as a journal.
    pub fn read(text: &str) -> Option<Self> {
        let lines: Vec<Line> = text.lines().map_while(|line| serde_json::from_str(line).ok()).collect();
        let Entry::Began(beginning) = &lines.first()?.entry else { return None };
        let mut account = Self {
            beginning: (**beginning).clone(),
            plan: None,
            fate: Fate::Unknown,
            steps: Vec::new(),
            failures: Vec::new(),
            overridden: Vec::new(),
            lines: Vec::new(),
        };
        lines.iter().for_each(|line| account.take(&line.entry));
        account.lines = lines;
        Some(account)
    }

    fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::Began(_) | Entry::Noted { .. } | Entry::Locked { .. } | Entry::Unlocked { .. } => {}
            Entry::Planned { digest } => self.plan = Some(digest.clone()),
            Entry::Overrode { policy, reason } => self.overridden.push((policy.clone(), reason.clone())),
            Entry::Sending { machine, role, steps } => self.steps.extend(steps.iter().map(|step| Trace {
                machine: machine.clone(),
                role: role.clone(),
                step: step.clone(),
                exit: None,
                said: Vec::new(),
            })),
            Entry::Ended { machine, step, exit, said, .. } => {
                // After a second plan the same number may be another step's: the last one that was sent is meant.
                let sent = self.steps.iter_mut().rev().find(|sent| sent.machine == *machine && sent.step.id == *step);
                if let Some(sent) = sent {
                    sent.exit = Some(*exit);
                    sent.said.clone_from(said);
                }
            }
            Entry::Finished => self.fate = Fate::Finished,
            Entry::Interrupted => self.fate = Fate::Interrupted,
            Entry::Failed { kind, error, failures } => {
                self.fate = Fate::Failed { kind: kind.clone(), error: error.clone() };
                self.failures.clone_from(failures);
            }
        }
    }
}

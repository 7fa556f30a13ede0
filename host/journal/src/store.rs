//! Where journals are kept: a folder per app, and in it one per run.

use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::JournalError;
use crate::saved::SavedPlan;
use crate::writer::Journal;

/// The runs of an app on this machine.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The runs of a service, with its destination if it has one, below the operator's folder for state.
    pub fn new(state: &Path, service: &str, destination: Option<&str>) -> Self {
        let app = [Some(service), destination].into_iter().flatten().collect::<Vec<_>>().join("-");
        Self { folder: state.join("runs").join(app) }
    }

    /// The folder of a run.
    pub fn folder(&self, run: &str) -> PathBuf {
        self.folder.join(run)
    }

    /// Begins the journal of a run.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn begin(&self, run: &str, program: &str) -> Result<Journal, JournalError> {
        Journal::begin(&self.folder(run), run, program)
    }

    /// Names of all runs, the oldest first. Names begin with the time.
    pub fn runs(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let runs = entries.filter(|entry| entry.path().join(Journal::LINES).is_file());
        let mut names: Vec<String> = runs.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Removes all runs but the last so many. What cannot be removed stays.
    pub fn keep_last(&self, count: usize) {
        let mut old = self.runs();
        old.truncate(old.len().saturating_sub(count));
        for run in old {
            let _ = std::fs::remove_dir_all(self.folder(&run));
        }
    }

    /// What the journal of a run tells. A name may be shortened to its end, as long as one run alone has it.
    ///
    /// # Errors
    /// When there is no such run, or its journal cannot be read.
    pub fn account(&self, run: &str) -> Result<Account, JournalError> {
        let path = self.folder(&self.named(run)?).join(Journal::LINES);
        let text = read(&path)?;
        Account::read(&text).ok_or_else(|| JournalError::Malformed {
            path,
            what: "journal",
            problem: "its first line does not tell what began".to_string(),
        })
    }

    /// The plan of a run with what it was made from.
    ///
    /// # Errors
    /// When there is no such run, or no plan was made in it.
    pub fn plan(&self, run: &str) -> Result<SavedPlan, JournalError> {
        let path = self.folder(&self.named(run)?).join(Journal::PLAN);
        SavedPlan::parse(&path, &read(&path)?)
    }

    /// The whole name of a run.
    ///
    /// # Errors
    /// When no run, or more than one, is meant.
    pub fn named(&self, run: &str) -> Result<String, JournalError> {
        let known = self.runs();
        let meant: Vec<&String> = known.iter().filter(|name| *name == run || name.ends_with(run)).collect();
        match meant.as_slice() {
            [one] => Ok((*one).clone()),
            _ => Err(JournalError::UnknownRun { name: run.to_string(), known }),
        }
    }
}

fn read(path: &Path) -> Result<String, JournalError> {
    std::fs::read_to_string(path).map_err(|error| JournalError::Read { path: path.to_path_buf(), error })
}

//! The journal of a run that is going on.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use plan::{Basis, Plan};

use crate::entry::{Entry, Line};
use crate::error::JournalError;
use crate::saved::SavedPlan;

/// The journal of a run. What is noted is on disk when [`Journal::note`] returns.
pub struct Journal {
    /// The run's name.
    name: String,
    /// Its folder and the open file; absent for a run that keeps nothing.
    file: Option<(PathBuf, Mutex<File>)>,
    /// The program's version.
    program: String,
    /// What was noted so far: a copy goes to the host of the lock.
    lines: Mutex<Vec<String>>,
}

impl Journal {
    /// The plan's file in a run's folder.
    pub const PLAN: &str = "plan.json";
    /// The journal's file in a run's folder.
    pub const LINES: &str = "journal.jsonl";

    /// A journal that is kept nowhere: for what changes nothing, and for tests.
    pub fn nowhere() -> Self {
        Self { name: String::new(), program: String::new(), file: None, lines: Mutex::default() }
    }

    /// Begins the journal of a run in a folder of its own, which only the operator can read.
    ///
    /// # Errors
    /// When the folder or the file cannot be made.
    pub fn begin(folder: &Path, name: &str, program: &str) -> Result<Self, JournalError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |error| JournalError::Write { path, error }
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
        let path = folder.join(Self::LINES);
        let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(&path).map_err(failed(&path))?;
        Ok(Self {
            name: name.to_string(),
            program: program.to_string(),
            file: Some((folder.to_path_buf(), Mutex::new(file))),
            lines: Mutex::default(),
        })
    }

    /// The run's name; empty if nothing is kept.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes a line, and waits until it is on disk.
    ///
    /// # Errors
    /// When it cannot be written: what it is about must not be done then.
    pub fn note(&self, entry: Entry) -> Result<(), JournalError> {
        self.write(entry, true)
    }

    /// Writes a line about what is over, and does not wait for the disk: without it one only knows less.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn report(&self, entry: Entry) -> Result<(), JournalError> {
        self.write(entry, false)
    }

    fn write(&self, entry: Entry, synced: bool) -> Result<(), JournalError> {
        let Some((folder, file)) = &self.file else { return Ok(()) };
        let line = serde_json::to_string(&Line { at: now(), entry }).unwrap_or_default();
        let mut file = lock(file);
        let written = file.write_all(format!("{line}\n").as_bytes());
        let written = written.and_then(|()| if synced { file.sync_data() } else { Ok(()) });
        written.map_err(|error| JournalError::Write { path: folder.join(Self::LINES), error })?;
        lock(&self.lines).push(line);
        Ok(())
    }

    /// Writes down the plan that is carried out from here on, with what it was made from, and a line about it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, plan: &Plan, basis: Basis) -> Result<(), JournalError> {
        let Some((folder, _)) = &self.file else { return Ok(()) };
        let saved = SavedPlan::new(&self.program, plan.clone(), basis);
        let (path, new) = (folder.join(Self::PLAN), folder.join("plan.json.new"));
        let written = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new);
        let written = written.and_then(|mut file| {
            file.write_all(saved.text().as_bytes())?;
            file.sync_data()?;
            std::fs::rename(&new, &path)
        });
        written.map_err(|error| JournalError::Write { path, error })?;
        self.note(Entry::Planned { digest: saved.digest })
    }

    /// The lines that were noted so far.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }

    /// Whether a step was sent, so that something may have been done.
    pub fn has_sent(&self) -> bool {
        let sends = |line: &String| {
            serde_json::from_str::<Line>(line).is_ok_and(|line| matches!(line.entry, Entry::Sending { .. }))
        };
        lock(&self.lines).iter().any(sends)
    }

    /// The program's version.
    pub fn program(&self) -> &str {
        &self.program
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970-01-01 UTC.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

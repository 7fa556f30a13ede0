//! What can go wrong with journals.

use std::path::PathBuf;

/// Why a journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum JournalError {
    /// A file cannot be written. No step may run that is not written down first.
    #[error("the journal {path} cannot be written: {error}")]
    Write {
        path: PathBuf,
        #[source]
        error: std::io::Error,
    },
    /// A file cannot be read.
    #[error("{path} cannot be read: {error}")]
    Read {
        path: PathBuf,
        #[source]
        error: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is no {what}: {problem}")]
    Malformed { path: PathBuf, what: &'static str, problem: String },
    /// A plan was changed after it was made.
    #[error("the plan in {path} was changed after it was made: its digest is {found}, and it says {stated}")]
    Tampered { path: PathBuf, stated: String, found: String },
    /// There is no such run.
    #[error("there is no run `{name}`")]
    UnknownRun { name: String, known: Vec<String> },
}

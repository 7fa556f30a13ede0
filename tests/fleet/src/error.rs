//! What can go wrong, and whether it means that this machine cannot carry a fleet at all.

use std::path::{Path, PathBuf};

/// Why the fleet could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Namespaces and docker engines need root.
    #[error("the test fleet needs root, to make network namespaces and start docker engines")]
    NotRoot,
    /// Programs are missing and this machine's package manager could not bring them.
    #[error("the test fleet needs {programs}, which could not be installed: {reason}")]
    Missing {
        /// The programs, with commas.
        programs: String,
        /// What the package manager said.
        reason: String,
    },
    /// The kernel or a container around us forbids what a host is made of.
    #[error("this machine does not allow what a host is made of: {reason}")]
    Forbidden {
        /// The step that was refused, and how.
        reason: String,
    },
    /// A program ended with another code than 0.
    #[error("`{command}` failed: {output}")]
    Failed {
        /// The program and its first words.
        command: String,
        /// What it printed, stderr first.
        output: String,
    },
    /// A program could not be started.
    #[error("could not start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Something that was started never answered.
    #[error("{what} did not answer within {seconds} s; its log ends with:\n{log}")]
    Silent {
        /// What was waited for.
        what: String,
        /// For how long.
        seconds: u64,
        /// The last lines it wrote.
        log: String,
    },
    /// A file of the fleet could not be read or written.
    #[error("could not {action} `{}`", path.display())]
    File {
        /// "read", "write", ….
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Returns why this machine cannot carry a fleet, for a test that then says it was skipped; `None` when the fleet
    /// could run here and something else went wrong.
    pub fn skip_reason(&self) -> Option<String> {
        matches!(self, Self::NotRoot | Self::Missing { .. } | Self::Forbidden { .. }).then(|| self.to_string())
    }

    /// Makes the error of a file operation, for `map_err`.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}

//! Plans in files: how they are written, and how errors about them are told.

use std::io::Write;
use std::path::Path;

use journal::{JournalError, SavedPlan};

use crate::failure::Failure;

/// Reads a plan, which must be as it was made.
pub fn read(path: &Path) -> Result<SavedPlan, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let text = format!("the plan {} cannot be read: {error}", path.display());
        Failure::with_hint(text, "`sextant plan … --out FILE` writes one")
    })?;
    Ok(SavedPlan::parse(path, &text)?)
}

/// Writes a plan whole, for its owner alone: it tells much about a project.
pub fn write(path: &Path, saved: &SavedPlan) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(saved.text().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|error| {
        let text = format!("the plan cannot be written to {}: {error}", path.display());
        Failure::with_hint(text, "--out takes the path of a file to write")
    })
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let hint = match &error {
            JournalError::Tampered { .. } => {
                Some("nothing was touched; make the plan anew with `sextant plan --out`".to_string())
            }
            JournalError::Malformed { what: "saved plan", .. } => {
                Some("`sextant plan … --out FILE` writes one".to_string())
            }
            JournalError::UnknownRun { known, .. } if known.is_empty() => {
                Some("no run of this app was recorded on this machine".to_string())
            }
            JournalError::UnknownRun { .. } => Some("`sextant history` lists them".to_string()),
            _ => None,
        };
        Self::Message { text: error.to_string(), hint }
    }
}

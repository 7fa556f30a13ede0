//! Plans in files: how errors about them are told.

use journal::JournalError;

use crate::failure::Failure;

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let hint = match &error {
            JournalError::Tampered { .. } => {
                Some("nothing was touched; make the plan anew with `sextant plan --out`".to_string())
            }
            JournalError::Malformed { what: "saved plan", .. } => {
                Some("`sextant plan --out FILE` writes one".to_string())
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

//! A plan in a file, with everything that it was made from and a digest over both.

use std::path::Path;

use plan::{Basis, Plan, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::JournalError;

/// The number of the present form of the file. Other numbers are refused.
const FORMAT: u32 = 1;

/// A plan that was written down: `plan --out`, and what every run keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedPlan {
    /// The form of the file.
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// SHA-256 of plan and basis, in hexadecimal: what is approved.
    pub digest: String,
    /// The plan.
    pub plan: Plan,
    /// What it was made from.
    pub basis: Basis,
    /// Signatures over the digest, in OpenSSH's form. They are not part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
}

impl SavedPlan {
    /// A plan and what it was made from.
    pub fn new(program: &str, plan: Plan, basis: Basis) -> Self {
        let digest = digest_of(&(&plan, &basis));
        Self { format: FORMAT, program: program.to_string(), digest, plan, basis, approvals: Vec::new() }
    }

    /// The file's text.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is no plan, one of another form, or one that was changed after it was made.
    pub fn parse(path: &Path, text: &str) -> Result<Self, JournalError> {
        let malformed =
            |problem: String| JournalError::Malformed { path: path.to_path_buf(), what: "saved plan", problem };
        let written: Value = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        // As it is written: a later program may know of more than the one that made it.
        let found = digest_of(&(&written["plan"], &written["basis"]));
        let saved: Self = serde_json::from_value(written).map_err(|error| malformed(error.to_string()))?;
        if saved.format != FORMAT {
            return Err(malformed(format!("it has the form {}, and this program reads {FORMAT}", saved.format)));
        }
        if found != saved.digest {
            return Err(JournalError::Tampered { path: path.to_path_buf(), stated: saved.digest, found });
        }
        Ok(saved)
    }
}

fn digest_of(both: &impl Serialize) -> String {
    digest(&serde_json::to_string(both).unwrap_or_default())
}

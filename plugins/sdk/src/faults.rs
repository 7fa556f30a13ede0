//! How faults come about: from a sentence, from a refusal, from a setting that is wrong.

use crate::{Fault, Refusal};

impl Fault {
    /// A setting is wrong: its name, then what is wrong with it.
    pub fn setting(name: &str, reason: impl Into<String>) -> Self {
        Self::InvalidSetting((name.to_string(), reason.into()))
    }
}

impl From<String> for Fault {
    fn from(sentence: String) -> Self {
        Self::Failed(sentence)
    }
}

impl From<&str> for Fault {
    fn from(sentence: &str) -> Self {
        Self::Failed(sentence.to_string())
    }
}

/// What was refused ends the run whatever a plugin makes of it, so that `?` is all there is to do.
impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(match refusal {
            Refusal::Planning => "nothing outside can be had while planning".to_string(),
            Refusal::NotAsked(what) => format!("the manifest does not ask for {what}"),
            Refusal::NotGranted(what) => format!("the project does not grant {what}"),
            Refusal::Failed(reason) => reason,
        })
    }
}

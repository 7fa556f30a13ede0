//! A recording: every exchange between the host and its plugins in one run, as one JSON document. It is read by people and replayed by
//! `plugin test --replay`.

use std::sync::Arc;

use manifest::Capabilities;
use plan::hooks::{Proposal, Verdict, Whereabouts};
use plan::{Facts, HookError};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::ask::{Question, Reply};
use crate::snapshot::Snapshot;

/// The form of recordings that is written and read.
pub const FORMAT: u32 = 1;

/// Everything that was said in a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Recording {
    /// [`FORMAT`].
    pub format: u32,
    /// What guests saw of the run; calls name them by their place.
    pub snapshots: Vec<Snapshot>,
    /// What was observed; calls name them by their place.
    pub facts: Vec<Facts>,
    /// In the order in which they began.
    pub calls: Vec<RecordedCall>,
}

/// One question to a plugin, and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecordedCall {
    /// The plugin's name.
    pub plugin: String,
    /// SHA-256 of its component.
    pub digest: String,
    /// Its place in `snapshots`.
    pub snapshot: usize,
    /// Its place in `facts`.
    pub facts: usize,
    /// The plugin's own settings.
    pub settings: serde_json::Value,
    /// What the project granted; absent for a hook that plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Capabilities>,
    /// What it was asked.
    pub question: Question,
    /// What it asked of the world outside, and what it was told. Secrets are stand-ins here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<Exchange>,
    /// Whether an answer of the world outside had to be left out as a whole: the password could not be found in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// What it answered.
    pub answer: Told,
}

/// One question of a plugin to the world outside, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reach", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[allow(missing_docs)]
pub enum Exchange {
    Send { method: String, url: String, headers: Vec<(String, String)>, body: Option<String>, answer: Answered },
    Read { path: String, answer: Answered },
    Run { words: Vec<String>, variables: Vec<(String, String)>, exit: i32, stdout: String },
    Variable { name: String, value: Option<String> },
    Secret { name: String, error: Option<String> },
    Now { seconds: u64 },
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Answered {
    Http { status: u16, headers: Vec<(String, String)>, body: Content },
    File(Content),
    Failed(String),
}

/// Bytes, as text where they are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

/// What a plugin answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[allow(missing_docs)]
pub enum Told {
    Steps(Vec<Proposal>),
    Build {
        steps: Vec<Proposal>,
        whereabouts: Whereabouts,
    },
    Boot {
        start: Vec<Proposal>,
        finish: Vec<Proposal>,
        abort: Vec<Proposal>,
    },
    /// The password is never written down: its digest is.
    Credential {
        username: String,
        password_digest: String,
    },
    Line(String),
    Verdicts(Vec<Verdict>),
    Done,
    Error(String),
}

impl Recording {
    /// One with nothing in it.
    pub fn empty() -> Self {
        Self { format: FORMAT, snapshots: Vec::new(), facts: Vec::new(), calls: Vec::new() }
    }

    /// Reads a document. The error fits after "cannot be read: ".
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if head.format != FORMAT {
            return Err(format!("it has format {}, this Sextant reads format {FORMAT}", head.format));
        }
        let recording: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let missing =
            |call: &&RecordedCall| call.snapshot >= recording.snapshots.len() || call.facts >= recording.facts.len();
        match recording.calls.iter().position(|call| missing(&call)) {
            Some(index) => Err(format!("call {} names a snapshot or facts that are not in it", index + 1)),
            None => Ok(recording),
        }
    }

    /// The place of a snapshot, which joins if it is new.
    pub(crate) fn place_of_snapshot(&mut self, snapshot: &Arc<Snapshot>) -> usize {
        place(&mut self.snapshots, snapshot)
    }

    /// The place of facts, which join if they are new.
    pub(crate) fn place_of_facts(&mut self, facts: &Arc<Facts>) -> usize {
        place(&mut self.facts, facts)
    }
}

impl Told {
    /// What a reply or an error is in a recording.
    pub(crate) fn of(reply: &Result<Reply, HookError>) -> Self {
        match reply {
            Ok(Reply::Steps(steps)) => Self::Steps(steps.clone()),
            Ok(Reply::Build(steps, whereabouts)) => Self::Build { steps: steps.clone(), whereabouts: *whereabouts },
            Ok(Reply::Boot { start, finish, abort }) => {
                Self::Boot { start: start.clone(), finish: finish.clone(), abort: abort.clone() }
            }
            Ok(Reply::Credential(credential)) => Self::Credential {
                username: credential.username.expose_secret().to_string(),
                password_digest: plan::digest(credential.password.expose_secret())[..16].to_string(),
            },
            Ok(Reply::Line(line)) => Self::Line(line.clone()),
            Ok(Reply::Verdicts(verdicts)) => Self::Verdicts(verdicts.clone()),
            Ok(Reply::Done) => Self::Done,
            Err(error) => Self::Error(error.to_string()),
        }
    }

    /// Every step in it.
    pub fn steps(&self) -> Vec<&Proposal> {
        match self {
            Self::Steps(steps) | Self::Build { steps, .. } => steps.iter().collect(),
            Self::Boot { start, finish, abort } => start.iter().chain(finish).chain(abort).collect(),
            _ => Vec::new(),
        }
    }
}

impl Content {
    /// What stands for bytes.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Bytes(error.into_bytes()), Self::Text)
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

fn place<T: PartialEq + Clone>(known: &mut Vec<T>, value: &Arc<T>) -> usize {
    known.iter().position(|known| known == &**value).unwrap_or_else(|| {
        known.push(T::clone(value));
        known.len() - 1
    })
}

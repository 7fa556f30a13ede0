//! What a run did: written down ahead of each step, on disk before the step is sent, and read back by whoever goes on.
//!
//! A run has a folder with two files: `plan.json`, the plan with everything it was made from, and `journal.jsonl`, one line per
//! thing that happened. No secret is in either: plans name them, and what machines say is redacted before it gets here. It decides
//! nothing: what follows from a journal is said in `plan`.

mod account;
mod entry;
mod error;
mod interrupted;
mod saved;
mod store;
mod writer;

pub use account::{Account, Fate, Trace};
pub use entry::{Beginning, Entry, FailedStep, Line, SentStep};
pub use error::JournalError;
pub use interrupted::{interrupted, left_on_host};
pub use saved::SavedPlan;
pub use store::Store;
pub use writer::Journal;

//! Runs on this machine: where they are kept, how many, how one is meant.

use std::path::PathBuf;

use configuration::Configuration;
use journal::{Journal, JournalError, SavedPlan, Store};
use plan::Run;

use crate::failure::Failure;
use crate::project::Project;

/// How many runs of an app are kept.
const KEPT: usize = 100;

/// What means the last run.
pub const LAST: &str = "last";

/// The user's own folder for what a program has to remember.
pub fn state_directory() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    Some(base.join("sextant"))
}

/// The runs of a project.
pub fn store(configuration: &Configuration) -> Result<Store, Failure> {
    let Some(state) = state_directory() else {
        let text = "nobody knows where runs are kept: neither XDG_STATE_HOME nor HOME is set";
        return Err(Failure::with_hint(text, "set HOME"));
    };
    Ok(Store::new(&state, &configuration.service, configuration.destination.as_deref()))
}

/// Begins the journal of a run, and forgets the oldest ones.
pub fn begin(project: &Project, run: &Run) -> Result<Journal, Failure> {
    let store = store(&project.configuration)?;
    store.keep_last(KEPT);
    // Names are in the order of time, whatever is taken up or carried out later.
    let name = format!("{}-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), run.token("run", 6));
    Ok(store.begin(&name, env!("CARGO_PKG_VERSION"))?)
}

/// The plan of a run; a run that ended early has none.
pub fn plan(store: &Store, run: &str) -> Result<Option<SavedPlan>, Failure> {
    match store.plan(run) {
        Err(JournalError::Read { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        plan => Ok(Some(plan?)),
    }
}

/// The whole name of the run that is meant.
pub fn named(store: &Store, word: &str) -> Result<String, Failure> {
    match (word, store.runs().pop()) {
        (LAST, Some(last)) => Ok(last),
        _ => Ok(store.named(word)?),
    }
}

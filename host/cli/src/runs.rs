//! Runs on this machine: where they are kept, how many, how one is meant.

use std::path::PathBuf;

use configuration::Configuration;
use journal::Store;

use crate::failure::Failure;

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

/// The whole name of the run that is meant.
pub fn named(store: &Store, word: &str) -> Result<String, Failure> {
    match (word, store.runs().pop()) {
        (LAST, Some(last)) => Ok(last),
        _ => Ok(store.named(word)?),
    }
}

/// Forgets old runs of a project. What cannot be removed stays.
pub fn forget_old_ones(configuration: &Configuration) {
    if let Ok(store) = store(configuration) {
        store.keep_last(KEPT);
    }
}

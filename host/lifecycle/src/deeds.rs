//! What the host does itself on the operator's machine, where an action is no command line of a shell.

use std::pin::Pin;

use plan::Action;
use plan::hooks::Happening;
use transport::SecretValues;

/// Whoever does it.
pub trait Deeds: Sync {
    /// Does what an action says that [`Action::is_deed`], and tells what was done, in one line.
    ///
    /// # Errors
    /// Why it could not be done, fit for a terminal.
    fn perform<'a>(&'a self, action: &'a Action) -> Deed<'a, String>;

    /// A plugin's short-lived user and password for a registry, under the names of [`plan::credential_names`].
    fn credentials<'a>(&'a self, plugin: &'a str, server: Option<&'a str>) -> Deed<'a, SecretValues>;

    /// Tells plugins what happened; gives what went wrong with it.
    fn notify<'a>(&'a self, happening: &'a Happening) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>>;
}

/// Something that is being done.
pub type Deed<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Does nothing: for steps that are commands only.
pub(crate) struct Idle;

impl Deeds for Idle {
    fn perform<'a>(&'a self, _: &'a Action) -> Deed<'a, String> {
        Box::pin(async { Err("nobody is there to do it".to_string()) })
    }

    fn credentials<'a>(&'a self, plugin: &'a str, _: Option<&'a str>) -> Deed<'a, SecretValues> {
        Box::pin(async move { Err(format!("nobody is there to ask `{plugin}`")) })
    }

    fn notify<'a>(&'a self, _: &'a Happening) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>> {
        Box::pin(async { Vec::new() })
    }
}

//! What the host does itself on the operator's machine: plugins' errands and credentials, images that take no docker.

use std::pin::Pin;
use std::sync::Arc;

use lifecycle::{Deed, Deeds};
use plan::hooks::{ActingHooks, Happening, Registry};
use plan::{Action, HookError, Run, credential_names};
use plugin_runtime::Acting;
use transport::SecretValues;

/// Does it for one run.
pub struct Host<'a> {
    /// The run.
    pub run: Arc<Run>,
    /// Its plugins.
    pub plugins: Acting<'a>,
}

impl Deeds for Host<'_> {
    fn perform<'a>(&'a self, action: &'a Action) -> Deed<'a, String> {
        Box::pin(async move {
            match action {
                Action::Errand { plugin, name } => waiting(|| self.plugins.errand(&self.run, plugin, name)),
                Action::Publish(_) | Action::PublishFiles { .. } => Err("images cannot be published yet".to_string()),
                _ => Err("this is no deed of the host's own".to_string()),
            }
        })
    }

    fn credentials<'a>(&'a self, plugin: &'a str, server: Option<&'a str>) -> Deed<'a, SecretValues> {
        Box::pin(async move {
            let Some(credentials) = self.run.configuration.registry.credentials.clone() else {
                return Err("the project's registry takes no login".to_string());
            };
            let registry = Registry { server: server.map(str::to_string), credentials };
            let credential = waiting(|| self.plugins.credentials(&self.run, plugin, &registry))?;
            let (user, password) = credential_names(plugin, server);
            Ok(SecretValues::from([(user, credential.username), (password, credential.password)]))
        })
    }

    fn notify<'a>(&'a self, happening: &'a Happening) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>> {
        Box::pin(async move {
            let failed = tokio::task::block_in_place(|| self.plugins.notify(&self.run, happening));
            failed.iter().map(ToString::to_string).collect()
        })
    }
}

/// Calls a plugin, which may wait for the world outside; the runtime's other tasks go on meanwhile.
fn waiting<T>(call: impl FnOnce() -> Result<T, HookError>) -> Result<T, String> {
    tokio::task::block_in_place(call).map_err(|error| error.to_string())
}

//! What the host does itself on the operator's machine: plugins' errands and credentials, images that take no docker.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use lifecycle::{Deed, Deeds};
use oci::{Login, OciError, Published, Publisher, Trust};
use plan::hooks::{ActingHooks, Happening, Registry};
use plan::{Action, HookError, Run, Username, credential_names};
use plugin_runtime::Acting;
use secrecy::SecretString;
use transport::SecretValues;

use crate::outside::KnownSecrets;

/// Does it for one run.
pub struct Host<'a> {
    /// The run.
    pub run: Arc<Run>,
    /// Its plugins.
    pub plugins: Acting<'a>,
    /// The project's folder.
    pub project: PathBuf,
    /// The operator's home.
    pub home: Option<PathBuf>,
    /// Values of the project's secrets, as far as they are known.
    pub secrets: KnownSecrets,
}

impl Deeds for Host<'_> {
    fn perform<'a>(&'a self, action: &'a Action) -> Deed<'a, String> {
        Box::pin(async move {
            match action {
                Action::Errand { plugin, name } => waiting(|| self.plugins.errand(&self.run, plugin, name)),
                Action::Publish { image, login } => {
                    let publisher = self.publisher(login.as_deref()).await?;
                    told(&image.names, publisher.publish(image).await)
                }
                Action::PublishFiles { path, names, labels, login } => {
                    let publisher = self.publisher(login.as_deref()).await?;
                    told(names, publisher.publish_files(path, names, labels).await)
                }
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

impl Host<'_> {
    /// What publishes images, logged in as docker would be.
    async fn publisher(&self, login: Option<&Action>) -> Result<Publisher, String> {
        let login = match login {
            Some(Action::Login { server, username, password }) => {
                let username = match username {
                    Username::Clear(name) => SecretString::from(name.as_str()),
                    Username::Secret(name) => self.secret(name)?,
                };
                Some((oci::server_of(server.as_deref()), Login { username, password: self.secret(password)? }))
            }
            Some(Action::LoginWithCredentials { plugin, server }) => {
                let mut values = self.credentials(plugin, server.as_deref()).await?;
                let (user, password) = credential_names(plugin, server.as_deref());
                let mut value = |name: &str| values.remove(name).ok_or_else(|| format!("`{plugin}` gave no {name}"));
                let login = Login { username: value(&user)?, password: value(&password)? };
                Some((oci::server_of(server.as_deref()), login))
            }
            _ => None,
        };
        Ok(Publisher { project: self.project.clone(), login, trust: Trust::of_docker(self.home.as_deref()) })
    }

    /// The value of a secret of the project, or of one that stands in its configuration.
    fn secret(&self, name: &str) -> Result<SecretString, String> {
        let known = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let value = known.get(name).or_else(|| self.run.configuration.literals.get(name));
        value.cloned().ok_or_else(|| format!("there is no secret `{name}`"))
    }
}

/// What was published, in one line.
fn told(names: &[String], published: Result<Published, OciError>) -> Result<String, String> {
    let Published { digest, sent } = published.map_err(|error| format!("failed to {error}"))?;
    Ok(format!("pushed {} as {digest}, {} KiB sent", names.join(" and "), sent.div_ceil(1024)))
}

/// Calls a plugin, which may wait for the world outside; the runtime's other tasks go on meanwhile.
fn waiting<T>(call: impl FnOnce() -> Result<T, HookError>) -> Result<T, String> {
    tokio::task::block_in_place(call).map_err(|error| error.to_string())
}

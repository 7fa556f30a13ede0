//! What a step does, in words that a person or a policy can judge. [`crate::lower`] turns it into a command line.

use commands::builds::{Builder, ImageBuild};
use commands::docker::Container;
use commands::proxy::ProxyContainer;
use serde::{Deserialize, Serialize};

use crate::assembly::ImageAssembly;

/// One action on one machine. Secrets are names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Action {
    /// Logs docker in to a registry.
    Login { server: Option<String>, username: Username, password: String },
    /// Logs docker in to a registry with what the plugin's hook `credentials` answers when the step is due.
    LoginWithCredentials { plugin: String, server: Option<String> },
    /// Calls the plugin's hook `errand` when the step is due.
    Errand { plugin: String, name: String },
    /// Puts an image together from files of the project and pushes it under its names.
    Publish {
        image: ImageAssembly,
        /// How the registry knows us: what would log docker in.
        login: Option<Box<Action>>,
    },
    /// Pushes an image that is there as files, an OCI layout or what `docker save` writes, under these names. Labels are added to it.
    PublishFiles {
        path: String,
        names: Vec<String>,
        labels: Vec<(String, String)>,
        /// How the registry knows us: what would log docker in.
        login: Option<Box<Action>>,
    },
    /// Logs docker out of a registry.
    Logout { server: Option<String> },
    /// Pulls an image.
    Pull { image: String },
    /// Pulls the image of an accessory.
    PullAccessoryImage { image: String },
    /// Fails unless the image carries the service's label.
    RequireServiceLabel { image: String, service: String },
    /// Pushes an image.
    Push { image: String },
    /// Gives an image a second name.
    Tag { image: String, name: String },
    /// Removes an image.
    RemoveImage { image: String },
    /// Fails unless docker and buildx are there.
    RequireBuildx,
    /// Brings a clean clone to a revision.
    Checkout { root: String, directory: String, revision: String },
    /// Creates a buildx builder.
    CreateBuilder { name: String, driver: String },
    /// Creates a buildx builder unless it is there and leads where it should.
    EnsureBuilder(Builder),
    /// Creates a buildx builder, whatever is there.
    MakeBuilder(Builder),
    /// Removes a buildx builder.
    RemoveBuilder(Builder),
    /// Builds an image.
    Build(ImageBuild),
    /// Builds an image by buildpacks.
    Pack { name: String, builder: String, buildpacks: Vec<String>, build: ImageBuild },
    /// Starts the registry on the operator's machine. Where docker cannot, the host serves images itself until the run ends.
    StartRegistry { port: u16 },
    /// Stops the registry on the operator's machine and removes what it holds.
    RemoveRegistry,
    /// Starts a container of the app.
    StartContainer(Container),
    /// Starts a container of an accessory.
    StartAccessory(Container),
    /// Starts a container that exists.
    ResumeContainer { name: String },
    /// Starts the container that an accessory has.
    ResumeAccessory { name: String },
    /// Stops the container of an accessory.
    StopAccessory { name: String },
    /// Waits until a container is ready.
    AwaitHealthy { container: String, readiness_delay: u64, timeout: u64 },
    /// Routes requests for a service to a container once it is healthy.
    Route { service: String, container: String, port: u64, options: Vec<(String, Option<String>)> },
    /// Stops routing requests for a service.
    Unroute { service: String },
    /// Lets requests for a service through again.
    LetThrough { service: String },
    /// Answers requests for a service with a page of the proxy, once the running ones had `drain_timeout` seconds.
    HoldBack { service: String, drain_timeout: u64, message: Option<String> },
    /// Stops a container.
    StopContainer { name: String, id: Option<String>, timeout: Option<u64> },
    /// Renames a container.
    RenameContainer { name: String, to: String },
    /// Removes a stopped container.
    RemoveContainer { name: String },
    /// Removes every stopped container with all of these labels.
    RemoveContainers { labels: Vec<(String, String)> },
    /// Removes every unused image with this label.
    RemoveImages { label: (String, String) },
    /// Shows the last log lines and the health of a container.
    ShowLogs { container: String },
    /// Makes a directory.
    MakeDirectory { path: String },
    /// Changes a path's mode.
    ChangeMode { path: String, mode: String },
    /// Changes a path's owner.
    ChangeOwner { path: String, owner: String },
    /// Removes a path with everything below it.
    RemovePath { path: String },
    /// Writes a file of environment variables from secrets: name in the file, name of the secret.
    WriteEnvironmentFile { path: String, secrets: Vec<(String, String)> },
    /// Writes a file on the host, whole.
    WriteFile { path: String, mode: String, content: Vec<Part> },
    /// Uploads a file of the operator's machine; `source` is relative to the project. With a mode it takes the place of the file that
    /// is there, without one it is written into it.
    Upload { source: String, path: String, mode: Option<String> },
    /// Writes a file on the host. One that exists keeps its identity and its owner.
    Overwrite { path: String, content: Vec<Part> },
    /// Creates docker's network.
    CreateNetwork { name: String },
    /// Copies a folder out of an image into `extracted/NAME`, by way of a container that is never started.
    ExtractAssets { container: String, image: String, path: String, directory: String, name: String },
    /// Fills `volumes/NAME`; each of two versions' volumes gets what the other one has.
    SyncAssets { directory: String, name: String, previous: Option<String> },
    /// Removes the assets of a role's other versions.
    CleanAssets { directory: String, role: String, name: String },
    /// Removes the error pages of other versions.
    CleanErrorPages { directory: String, version: String },
    /// Starts the proxy, making its container if need be; without a container as the files on the host say.
    BootProxy { container: Option<ProxyContainer> },
    /// Makes and starts the proxy's container; without one as the files on the host say.
    RunProxy { container: Option<ProxyContainer> },
    /// Starts the proxy's stopped container.
    StartProxy,
    /// Stops the proxy.
    StopProxy,
    /// Removes the proxy's container.
    RemoveProxyContainer,
    /// Removes the proxy's image.
    RemoveProxyImage,
    /// Removes what Kamal 1 had in the proxy's place.
    RemoveTraefik,
    /// Removes old stopped containers of the service, keeping the newest.
    PruneContainers { service: String, retain: u64 },
    /// Removes images of the service that nothing uses.
    PruneImages { service: String, repository: String, latest_image: String },
    /// Installs docker where it is missing.
    InstallDocker,
    /// Lets the ssh user speak to docker, where that takes a group; the connection ends where the user has just joined it.
    JoinDockerGroup,
    /// Takes the deploy lock.
    TakeLock { directory: String, details: String },
    /// Releases the deploy lock.
    ReleaseLock { directory: String },
    /// Appends a line to the audit log.
    Audit { log: String, tags: Vec<String>, message: String },
    /// Runs a hook script of the project.
    HookScript(HookScript),
    /// Waits.
    Wait { seconds: u64 },
    /// Runs a program, given as words.
    Run { words: Vec<String> },
}

/// The names under which a plugin's short-lived user and password for a registry join a command.
pub fn credential_names(plugin: &str, server: Option<&str>) -> (String, String) {
    let registry = server.unwrap_or("docker.io");
    (format!("{plugin}'s user for {registry}"), format!("{plugin}'s password for {registry}"))
}

/// A user's name, in the clear or a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Username {
    /// In the clear.
    Clear(String),
    /// Name of the secret.
    Secret(String),
}

/// A piece of a file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// In the clear.
    Text(String),
    /// Name of the secret.
    Secret(String),
}

/// A file in `.kamal/hooks` and what it learns about the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookScript {
    /// Path, relative to the project.
    pub path: String,
    /// Variables in the clear.
    pub environment: Vec<(String, String)>,
    /// Names of secrets it gets as variables.
    pub secrets: Vec<String>,
    /// Whether it gets `KAMAL_RUNTIME`, the seconds the run took so far.
    pub runtime: bool,
}

impl Part {
    /// Name of the secret, if it is one.
    fn secret(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Secret(name) => Some(name),
        }
    }
}

impl Action {
    /// What it does, in a word: `start-container`.
    pub fn kind(&self) -> String {
        let object = serde_json::to_value(self).unwrap_or_default();
        object.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default().to_string()
    }

    /// Whether the host does it itself, instead of a machine's shell.
    pub fn is_deed(&self) -> bool {
        matches!(self, Self::Errand { .. }) || self.publishes()
    }

    /// Whether the host brings an image to a registry by it, without docker.
    pub fn publishes(&self) -> bool {
        matches!(self, Self::Publish { .. } | Self::PublishFiles { .. })
    }

    /// Names of the secrets that join when the action runs.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Login { username, password, .. } => {
                let mut names = vec![password.as_str()];
                if let Username::Secret(name) = username {
                    names.push(name);
                }
                names
            }
            Self::Build(build) | Self::Pack { build, .. } => build.secrets.iter().map(String::as_str).collect(),
            Self::Publish { login, .. } | Self::PublishFiles { login, .. } => {
                login.iter().flat_map(|login| login.secrets()).collect()
            }
            Self::WriteEnvironmentFile { secrets, .. } => secrets.iter().map(|(_, secret)| secret.as_str()).collect(),
            Self::WriteFile { content, .. } | Self::Overwrite { content, .. } => {
                content.iter().filter_map(Part::secret).collect()
            }
            Self::HookScript(script) => script.secrets.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

//! One run of a subcommand: what was asked for, by whom, on what. Values only: whoever makes it has read the clock, git and files.

use std::collections::{BTreeMap, BTreeSet};

use configuration::{Configuration, Selection};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::action::Part;
use crate::policies::Override;
use crate::resumption::Interrupted;

/// What a subcommand is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// Everything for a first deploy: docker, accessories, then a deploy.
    Setup {
        /// `--skip-push`.
        skip_push: bool,
    },
    /// Build, push, pull, boot, prune.
    Deploy {
        /// `--skip-push`.
        skip_push: bool,
    },
    /// A deploy without proxy boot and prune.
    Redeploy {
        /// `--skip-push`.
        skip_push: bool,
    },
    /// Boots a version that is already on the hosts.
    Rollback,
    /// Puts back what ran before a run that did not end.
    Abort,
    /// Boots the app from an image that is already there.
    AppBoot,
    /// Starts stopped containers of the version.
    AppStart,
    /// Stops the app.
    AppStop,
    /// Removes the app's containers, images and directories.
    AppRemove,
    /// Stops containers of the app that run beside the current one.
    AppStopStale,
    /// Lets requests through to the app again.
    AppLive,
    /// Holds requests to the app back.
    AppMaintenance {
        /// Seconds that running requests get; the project's `drain_timeout` if absent.
        drain_timeout: Option<u64>,
        /// What visitors read meanwhile.
        message: Option<String>,
    },
    /// Removes the stopped containers of one version.
    AppRemoveContainer {
        /// The version.
        version: String,
    },
    /// Removes the app's stopped containers.
    AppRemoveContainers,
    /// Removes the app's images.
    AppRemoveImages,
    /// Removes the app's directories on the hosts.
    AppRemoveDirectories,
    /// Acts on the accessory of that name, or on all of them.
    Accessory(AccessoryAct, Option<String>),
    /// Acts on the proxy.
    Proxy(ProxyAct),
    /// Removes old containers and images.
    Prune,
    /// Removes old containers.
    PruneContainers {
        /// How many stopped containers stay; the project's `retain_containers` if absent.
        retain: Option<u64>,
    },
    /// Removes images that nothing uses.
    PruneImages,
    /// Prepares the registry, or logs in to it or out of it.
    Registry {
        /// What to do.
        act: RegistryAct,
        /// Whether the operator's machine takes part.
        local: bool,
        /// Whether the hosts do.
        hosts: bool,
    },
    /// Installs docker where it is missing.
    Bootstrap,
    /// Takes the lock and keeps it.
    LockAcquire {
        /// Why.
        message: String,
    },
    /// Releases the lock, whoever holds it.
    LockRelease,
    /// Removes everything.
    Remove,
    /// Puts what came after Kamal 1 in its place: the proxy, and the network of accessories.
    Upgrade {
        /// One host after the other.
        rolling: bool,
    },
    /// Builds the image, and pushes it unless it goes elsewhere.
    BuildPush {
        /// `--output`.
        output: String,
    },
    /// Pulls the image on the app hosts.
    BuildPull,
    /// Builds, pushes and pulls the image.
    BuildDeliver,
    /// Creates the builder.
    BuildCreate,
    /// Removes the builder.
    BuildRemove,
    /// Builds the working directory as it is.
    BuildDev {
        /// `--output`.
        output: String,
    },
    /// Asks, or runs the user's own command: changes nothing by itself.
    Look,
    /// Compares what is on the hosts with the configuration.
    Drift,
}

/// What is done to an accessory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessoryAct {
    /// Boots it where it has no container.
    Boot,
    /// Pulls its image and makes its container anew.
    Reboot,
    /// Starts its container.
    Start,
    /// Stops its container.
    Stop,
    /// Stops its container and starts it.
    Restart,
    /// Removes its container, image and directory.
    Remove,
    /// Reboots it, host after host if `rolling`.
    Upgrade {
        /// One host after the other.
        rolling: bool,
    },
    /// Uploads its files.
    Upload,
    /// Makes its directories.
    Directories,
    /// Pulls its image.
    PullImage,
    /// Removes its stopped container.
    RemoveContainer,
    /// Removes its image.
    RemoveImage,
    /// Removes its directory with all data.
    RemoveServiceDirectory,
}

/// What is done to the proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyAct {
    /// Boots it where it does not run.
    Boot,
    /// Makes its container anew.
    Reboot {
        /// One host after the other.
        rolling: bool,
    },
    /// Starts its container.
    Start,
    /// Stops its container.
    Stop,
    /// Stops its container and starts it.
    Restart,
    /// Removes its container, image and directory.
    Remove {
        /// Also when other apps use it.
        force: bool,
    },
    /// Removes its stopped container.
    RemoveContainer,
    /// Removes its image.
    RemoveImage,
    /// Removes its directory.
    RemoveDirectory,
    /// Puts it in the place of Kamal 1's proxy and boots the app behind it.
    Upgrade {
        /// One host after the other.
        rolling: bool,
    },
    /// Leaves settings for its container on the hosts.
    Configure(BootSettings),
    /// Removes the settings for its container from the hosts.
    ResetConfiguration,
}

/// Settings for the proxy's container that live in files on the hosts; `proxy.run` has taken their place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootSettings {
    /// Whether ports are published.
    pub publish: bool,
    /// Addresses on which they are.
    pub addresses: Vec<String>,
    /// Port for HTTP.
    pub http_port: u64,
    /// Port for HTTPS.
    pub https_port: u64,
    /// Size at which docker starts a new log file; blank leaves it to docker.
    pub log_max_size: String,
    /// Registry of the image.
    pub registry: Option<String>,
    /// Repository of the image in the registry.
    pub repository: Option<String>,
    /// Version of the image.
    pub image_version: Option<String>,
    /// Port for metrics.
    pub metrics_port: Option<u64>,
    /// Whether the proxy logs in detail.
    pub debug: bool,
    /// Further options for `docker run`, as `NAME=VALUE`.
    pub docker_options: Vec<String>,
}

/// What is done about the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegistryAct {
    /// Starts a local registry, or logs in to a remote one.
    Setup,
    /// Removes a local registry, or logs out of a remote one.
    Remove,
    /// Logs in.
    Login,
    /// Logs out.
    Logout,
}

impl Intent {
    /// Whether the hook script pre-connect runs. Kamal runs it for `build push`, which connects nowhere, but not for what only concerns
    /// the builder.
    pub fn connects(&self) -> bool {
        !matches!(
            self,
            Self::BuildCreate | Self::BuildRemove | Self::BuildDev { .. } | Self::Registry { hosts: false, .. }
        )
    }

    /// Whether hosts are looked at before it is planned. Whoever wants the lock away, or everybody out, needs no facts, and may be
    /// dealing with a docker that does not answer; what stays on the operator's machine connects nowhere.
    pub fn looks_at_hosts(&self) -> bool {
        !matches!(self, Self::LockAcquire { .. } | Self::LockRelease | Self::Registry { .. } | Self::Look)
            && !self.stays_local()
    }

    /// Whether nothing but the operator's machine is concerned.
    pub fn stays_local(&self) -> bool {
        matches!(self, Self::BuildPush { .. } | Self::BuildCreate | Self::BuildRemove | Self::BuildDev { .. })
    }

    /// Whether files of accessories are uploaded.
    pub fn uploads_files(&self) -> bool {
        let uploads = |act: &AccessoryAct| {
            use AccessoryAct::{Boot, Reboot, Upgrade, Upload};
            matches!(act, Boot | Reboot | Upgrade { .. } | Upload)
        };
        matches!(self, Self::Setup { .. } | Self::Upgrade { .. })
            || matches!(self, Self::Accessory(act, _) if uploads(act))
    }

    /// Whether the builder is concerned.
    pub fn builds(&self) -> bool {
        match self {
            Self::Setup { skip_push } | Self::Deploy { skip_push } | Self::Redeploy { skip_push } => !skip_push,
            Self::BuildDeliver => true,
            other => other.stays_local(),
        }
    }

    /// Whether a version comes to the hosts, which clears away what earlier deploys left half done.
    pub fn deploys(&self) -> bool {
        matches!(self, Self::Setup { .. } | Self::Deploy { .. } | Self::Redeploy { .. })
    }

    /// Where a built image goes.
    pub fn output(&self) -> &str {
        match self {
            Self::BuildPush { output } | Self::BuildDev { output } => output,
            _ => "registry",
        }
    }
}

/// A run of a subcommand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// What is asked for.
    pub intent: Intent,
    /// The words of the subcommand: `["app", "stop"]`. Hook scripts see them.
    pub subcommand: Vec<String>,
    /// The project.
    #[serde(with = "written")]
    pub configuration: Configuration,
    /// The hosts and roles that were selected.
    pub selection: Selection,
    /// The value of `--roles`, for hook scripts.
    pub roles_option: Option<String>,
    /// The version that is deployed or acted on.
    pub version: String,
    /// The version that the project has by itself: the same, unless an image tagged latest is booted or an older version. The lock tells
    /// it, and so do hook scripts around the boot.
    pub own_version: String,
    /// The project's git checkout.
    pub checkout: Option<Checkout>,
    /// Where clean clones for builds live.
    pub clones: String,
    /// Name of whoever runs it, for the lock.
    pub operator: String,
    /// Mail address of whoever runs it, for audit lines and hook scripts.
    pub performer: String,
    /// When it began, UTC, as `2026-01-31T10:00:00Z`.
    pub started_at: String,
    /// The same in seconds since 1970-01-01 UTC.
    pub started: u64,
    /// Something that differs from run to run.
    pub seed: String,
    /// Names of the hook scripts that exist and may run.
    pub hook_scripts: BTreeSet<String>,
    /// The project's error pages.
    pub error_pages: Vec<ErrorPage>,
    /// Names of all secrets of the project.
    pub secret_names: Vec<String>,
    /// Templates among the accessories' files, by accessory and path in the project: what they came to.
    #[serde(with = "pairs")]
    pub rendered: BTreeMap<(String, String), Vec<Part>>,
    /// `--no-cache`.
    pub no_cache: bool,
    /// Whether a parent process holds the lock for this run (`KAMAL_LOCK`).
    pub lock_inherited: bool,
    /// How long to wait for a lock that is held; it is an error at once if absent.
    pub lock_wait: Option<LockWait>,
    /// The run that did not end and that this one takes up, or undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_up: Option<Interrupted>,
    /// Policies whose objections are set aside, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

/// A page that the proxy shows instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorPage {
    /// Path relative to the project.
    pub source: String,
    /// The mode of its copies on hosts, octal.
    pub mode: String,
}

/// How long to wait for a lock that somebody else holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockWait {
    /// Seconds until it is given up.
    pub timeout: u64,
    /// Seconds between two looks.
    pub interval: u64,
}

/// A git checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// Absolute path of its top folder.
    pub root: String,
    /// Path of the project inside it, empty for the top folder itself.
    pub prefix: String,
    /// The commit of `HEAD`.
    pub revision: String,
    /// The branch that is checked out; absent when none is.
    #[serde(default)]
    pub branch: Option<String>,
    /// Files that differ from the commit, as `git status --porcelain` lists them.
    pub changes: Vec<String>,
}

impl Run {
    /// A run for tests and examples: version `v1`, by `Dev`, outside of git, without hook scripts and secrets.
    pub fn sample(intent: Intent, configuration: Configuration, selection: Selection) -> Self {
        Self {
            intent,
            subcommand: vec!["test".to_string()],
            configuration,
            selection,
            roles_option: None,
            version: "v1".to_string(),
            own_version: "v1".to_string(),
            checkout: None,
            clones: "/clones".to_string(),
            operator: "Dev".to_string(),
            performer: "dev@example.com".to_string(),
            started_at: "2026-01-31T10:00:00Z".to_string(),
            started: 1_769_853_600,
            seed: "seed".to_string(),
            hook_scripts: BTreeSet::new(),
            error_pages: Vec::new(),
            secret_names: Vec::new(),
            rendered: BTreeMap::new(),
            no_cache: false,
            lock_inherited: false,
            lock_wait: None,
            takes_up: None,
            overrides: Vec::new(),
        }
    }

    /// A token of up to 64 hex digits; the same run and purpose give the same token.
    pub fn token(&self, purpose: &str, length: usize) -> String {
        token(&self.seed, purpose, length)
    }
}

/// A token of up to 64 hex digits; the same seed and purpose give the same token.
pub fn token(seed: &str, purpose: &str, length: usize) -> String {
    let hex = digest(&format!("{seed}\n{purpose}"));
    hex[..length.min(hex.len())].to_string()
}

/// SHA-256 of a text, in hexadecimal.
pub fn digest(text: &str) -> String {
    let digits = Sha256::digest(text).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}

/// A configuration as the text that it comes to, without the secrets that stood in its files: reading it gives the same configuration.
mod written {
    use configuration::Configuration;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Written {
        document: String,
        destination: Option<String>,
    }

    pub fn serialize<S: Serializer>(configuration: &Configuration, serializer: S) -> Result<S::Ok, S::Error> {
        let document = configuration::dump(&configuration.document);
        Written { document, destination: configuration.destination.clone() }.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Configuration, D::Error> {
        let Written { document, destination } = Written::deserialize(deserializer)?;
        configuration::reload(&document, destination).map_err(|error| D::Error::custom(error.message))
    }
}

/// A map whose keys are no texts, as a list.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::action::Part;

    type Rendered = BTreeMap<(String, String), Vec<Part>>;

    pub fn serialize<S: Serializer>(map: &Rendered, serializer: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rendered, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

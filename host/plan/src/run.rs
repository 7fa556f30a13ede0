//! One run of a subcommand: what was asked for, by whom, on what. Values only: whoever makes it has read the clock, git and files.

use std::collections::BTreeSet;

use configuration::{Configuration, Selection};
use sha2::{Digest, Sha256};

/// What a subcommand is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Boots the app from an image that is already there.
    AppBoot,
    /// Starts stopped containers of the version.
    AppStart,
    /// Stops the app.
    AppStop,
    /// Removes the app's containers, images and directories.
    AppRemove,
    /// Boots an accessory, or all of them.
    AccessoryBoot(Option<String>),
    /// Removes an accessory, or all of them.
    AccessoryRemove(Option<String>),
    /// Boots the proxy.
    ProxyBoot,
    /// Makes the proxy anew.
    ProxyReboot {
        /// One host after the other.
        rolling: bool,
    },
    /// Removes the proxy.
    ProxyRemove {
        /// Also when other apps use it.
        force: bool,
    },
    /// Removes old containers and images.
    Prune,
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
    /// Looks, or runs a command of the user's own: nothing is planned but what runs before the first connection.
    Look,
}

/// A run of a subcommand.
#[derive(Debug, Clone)]
pub struct Run {
    /// What is asked for.
    pub intent: Intent,
    /// The words of the subcommand: `["app", "stop"]`. Hook scripts see them.
    pub subcommand: Vec<String>,
    /// The project.
    pub configuration: Configuration,
    /// The hosts and roles that were selected.
    pub selection: Selection,
    /// The value of `--roles`, for hook scripts.
    pub roles_option: Option<String>,
    /// The version.
    pub version: String,
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
    /// Something that differs from run to run.
    pub seed: String,
    /// Names of the hook scripts that exist and may run.
    pub hook_scripts: BTreeSet<String>,
    /// Names of all secrets of the project.
    pub secret_names: Vec<String>,
    /// `--no-cache`.
    pub no_cache: bool,
    /// Whether a parent process holds the lock for this run (`KAMAL_LOCK`).
    pub lock_inherited: bool,
}

/// A git checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Absolute path of its top folder.
    pub root: String,
    /// Path of the project inside it, empty for the top folder itself.
    pub prefix: String,
    /// The commit of `HEAD`.
    pub revision: String,
    /// Files that differ from the commit, as `git status --porcelain` lists them.
    pub changes: Vec<String>,
}

impl Run {
    /// A token of up to 64 hex digits; the same run and purpose give the same token.
    pub fn token(&self, purpose: &str, length: usize) -> String {
        let hex = digest(&format!("{}\n{purpose}", self.seed));
        hex[..length.min(hex.len())].to_string()
    }
}

/// SHA-256 of a text, in hexadecimal.
pub fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

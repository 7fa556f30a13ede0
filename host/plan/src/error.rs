//! Why no plan can be made. Nothing was touched.

use crate::hooks::HookError;

/// A reason that a reader can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum PlanError {
    /// A plugin gave no answer.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// Hosts without docker.
    #[error("docker is not installed on {}", .hosts.join(", "))]
    DockerMissing { hosts: Vec<String> },
    /// docker does not answer on a host.
    #[error("docker does not answer on {host}: {reason}")]
    DockerFailing { host: String, reason: String },
    /// The proxy is older than what is needed.
    #[error("kamal-proxy version {version} on {host} is too old, at least {minimum} is needed")]
    ProxyTooOld { host: String, version: String, minimum: String },
    /// A rollback to a version that is not there.
    #[error("the app version `{version}` is not available as a container on {}", .hosts.join(", "))]
    VersionMissing { version: String, hosts: Vec<String>, available: Vec<String> },
    /// An image that should be on hosts is not.
    #[error("the image {image} is missing on {}", .hosts.join(", "))]
    ImageMissing { image: String, hosts: Vec<String> },
    /// The proxy serves other apps.
    #[error("not removing the proxy, as other apps are installed on {}", .hosts.join(", "))]
    ProxyInUse { hosts: Vec<String> },
    /// Ports cannot be published on what is no address.
    #[error("Invalid publish IP address: {address}")]
    PublishAddress { address: String },
    /// No accessory of that name.
    #[error("No accessory by the name of '{name}'{}", options(.known))]
    UnknownAccessory { name: String, known: Vec<String> },
    /// No container of the version is left to be removed.
    #[error("no container of the app version `{version}` is on {}", .hosts.join(", "))]
    NothingToRemove { version: String, hosts: Vec<String> },
    /// Nothing was interrupted.
    #[error("there is no run to abort")]
    NothingToAbort,
    /// What ran before an interrupted run was written down on another machine.
    #[error("what ran before the run {run} is not known on this machine")]
    UnknownPast { run: String },
    /// Pruning must leave something.
    #[error("retain must be at least 1")]
    RetainsNothing,
    /// A local registry knows no logins.
    #[error("Cannot use {word} command with a local registry. Use `{instead}` instead.")]
    LocalRegistry { word: &'static str, instead: &'static str },
    /// A plugin step breaks a rule that the host keeps.
    #[error("the plan breaks a rule: {rule} (step {step}: {title})")]
    Rule { rule: String, step: u32, title: String },
}

impl PlanError {
    /// Whether other facts could make a plan of the same run. Where not, nobody need be asked for them.
    pub fn depends_on_facts(&self) -> bool {
        !matches!(
            self,
            Self::UnknownAccessory { .. }
                | Self::NothingToAbort
                | Self::UnknownPast { .. }
                | Self::RetainsNothing
                | Self::LocalRegistry { .. }
                | Self::Hook(HookError::Load { .. } | HookError::Settings { .. })
        )
    }
}

/// Kamal's list, `a, b, and c`, which people may search for.
fn options(known: &[String]) -> String {
    let listed = match known {
        [] => return String::new(),
        [one] => one.clone(),
        [first, second] => format!("{first} and {second}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    };
    format!(" (options: {listed})")
}

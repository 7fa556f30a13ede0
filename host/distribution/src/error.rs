//! The one error of this crate. Nothing was touched when one of these is told.

use std::path::PathBuf;

use thiserror::Error;

/// Why a plugin is not taken.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum DistributionError {
    /// A source is none.
    #[error("`{source_text}` is no source of a plugin: {reason}")]
    Source { source_text: String, reason: String },
    /// `sextant.lock` cannot be used.
    #[error("sextant.lock{}: {reason}", .line.map(|line| format!(" line {line}")).unwrap_or_default())]
    Lock { line: Option<usize>, reason: String },
    /// A list of revoked digests cannot be used.
    #[error("{} line {line}: `{text}` is no digest", .file.display())]
    Revocations { file: PathBuf, line: usize, text: String },
    /// The project uses a plugin that the lock does not have.
    #[error("plugin `{plugin}` is not in sextant.lock{}", if *.outside { ", and its file is outside of the project" } else { "" })]
    NotLocked { plugin: String, source_text: String, outside: bool },
    /// The project names another source than the lock.
    #[error("plugin `{plugin}` comes from {named}, sextant.lock has it from {locked}")]
    SourceChanged { plugin: String, named: String, locked: String },
    /// The component is another one than the lock says, or than the project says.
    #[error("plugin `{plugin}` is not the one in sextant.lock{}", listed(.changes))]
    Changed { plugin: String, changes: Vec<String> },
    /// The component is another one than was asked for.
    #[error("plugin `{plugin}` has the digest {found}, {expected} was expected")]
    Digest { plugin: String, expected: String, found: String },
    /// What the lock says of the component does not hold, though its digest does.
    #[error("sextant.lock does not say what plugin `{plugin}` is{}", listed(.changes))]
    LockDisagrees { plugin: String, changes: Vec<String> },
    /// The digest is revoked.
    #[error("plugin `{plugin}` is revoked: {reason} ({digest}, in {})", .file.display())]
    Revoked { plugin: String, digest: String, reason: String, file: PathBuf },
    /// The project asks for another signer than the lock has.
    #[error("plugin `{plugin}` has to be signed by {expected}, sextant.lock has {}", .locked.as_deref().unwrap_or("no signer"))]
    Signer { plugin: String, expected: String, locked: Option<String> },
    /// There is no signature of the key.
    #[error("plugin `{plugin}` carries no signature of the key {signer}")]
    Unsigned { plugin: String, signer: String },
    /// A key cannot be used.
    #[error("{file} is no {kind} key: {reason}")]
    Key { file: String, kind: &'static str, reason: String },
    /// The component's file cannot be read.
    #[error("plugin `{plugin}` cannot be read from {path}: {reason}")]
    File { plugin: String, path: String, reason: String },
    /// The component cannot be fetched.
    #[error("plugin `{plugin}` cannot be fetched from {from}: {reason}")]
    Fetch { plugin: String, from: String, reason: String },
    /// The component cannot be pushed.
    #[error("{to}: {reason}")]
    Push { to: String, reason: String },
    /// The component is larger than what is taken.
    #[error("plugin `{plugin}` is larger than {} MiB", crate::SIZE >> 20)]
    TooLarge { plugin: String },
    /// What came is no component, or its manifest is wrong.
    #[error("plugin `{plugin}`: {source}")]
    Component {
        plugin: String,
        #[source]
        source: manifest::ManifestError,
    },
    /// A grant in `x-plugins` can never hold.
    #[error("x-plugins/{plugin}/grants/{kind}: `{entry}` {fault}")]
    Grant { plugin: String, kind: &'static str, entry: String, fault: &'static str },
    /// A file of this machine.
    #[error("{}: {reason}", .path.display())]
    Machine { path: PathBuf, reason: String },
}

impl DistributionError {
    /// What the user may do about it.
    pub fn hint(&self) -> Option<String> {
        let update =
            |plugin: &str| format!("nothing was touched; if you want this one, run `sextant plugin update {plugin}`");
        Some(match self {
            Self::Source { .. } => "name a path, `https://…/mine.wasm` or `oci://registry/repository:tag`".to_string(),
            Self::Lock { .. } => "take the file back from git, or remove it and add the plugins anew".to_string(),
            Self::Revocations { .. } => "each line is `sha256:…` and a reason; # begins a comment".to_string(),
            Self::NotLocked { plugin, source_text, .. } => {
                format!("run `sextant plugin add {source_text} --name {plugin}` and commit sextant.lock")
            }
            Self::SourceChanged { plugin, .. } | Self::Changed { plugin, .. } => update(plugin),
            Self::Digest { .. } => {
                "nothing was touched; find out why it changed before you name another digest".to_string()
            }
            Self::LockDisagrees { plugin, .. } => {
                format!(
                    "nothing was touched; somebody edited sextant.lock: look at what changed, then run `sextant plugin update {plugin}`"
                )
            }
            Self::Revoked { plugin, .. } => {
                format!(
                    "nothing was touched; name a newer version and run `sextant plugin update {plugin}`, or take it out"
                )
            }
            Self::Signer { plugin, .. } => {
                format!("nothing was touched; `sextant plugin update {plugin}` looks for the signature")
            }
            Self::Unsigned { .. } => "nothing was touched; ask its author which key signs it".to_string(),
            Self::Key { kind: "public", .. } => "a public key is PEM, as `sextant plugin keygen` writes it".to_string(),
            Self::Key { .. } => {
                "a private key is PEM without a passphrase, as `sextant plugin keygen` writes it".to_string()
            }
            Self::File { .. } => "the path of a plugin is relative to the project".to_string(),
            Self::Fetch { from: place, reason, .. } | Self::Push { to: place, reason }
                if reason.contains("certificate") && !place.starts_with("https://") =>
            {
                "if the registry is yours, put its authority into /etc/docker/certs.d/HOST:PORT/ca.crt".to_string()
            }
            Self::Fetch { from, .. } if from.starts_with("oci://") => {
                "registries are asked with docker's logins: `docker login` first if it is private".to_string()
            }
            Self::Push { .. } => "registries are asked with docker's logins: `docker login` first".to_string(),
            Self::Fetch { .. } => "look whether the address is right, and whether this machine reaches it".to_string(),
            Self::Component { source, .. } => source.hint()?.to_string(),
            Self::Grant { kind: "network", .. } => "a grant of the network names host and port".to_string(),
            Self::Grant { .. } | Self::TooLarge { .. } | Self::Machine { .. } => return None,
        })
    }
}

/// Changes, a line each.
fn listed(changes: &[String]) -> String {
    changes.iter().fold(String::new(), |text, change| text + "\n  " + change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_is_not_trusted_takes_no_login_but_a_certificate() {
        let hint = |reason: &str| {
            let error = DistributionError::Push { to: "oci://r.example/p:1".to_string(), reason: reason.to_string() };
            error.hint().unwrap_or_default()
        };
        assert!(hint("invalid peer certificate: UnknownIssuer").contains("certs.d"));
        assert!(hint("401 Unauthorized").contains("docker login"));
    }
}

//! `sextant.lock`: what was found when each plugin was chosen.

use std::io::Write;
use std::path::Path;

use manifest::{Capabilities, Kind};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::error::DistributionError;
use crate::keys::PublicKey;

/// The file, beside `config/`.
pub const LOCK_FILE: &str = "sextant.lock";

/// How the file is written; another number is another Sextant's.
const VERSION: u32 = 1;

/// What stands above it.
const HEADING: &str =
    "# Pins the plugins of this project. `sextant plugin` writes it; it belongs into the repository.\n\n";

/// The pinned plugins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    #[serde(rename = "plugin", default, skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<Locked>,
}

/// One pinned plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Its key in `x-plugins`.
    pub name: String,
    /// Where it comes from, as `x-plugins` says it.
    pub source: String,
    /// The digest of the component.
    pub digest: String,
    /// The digest of its manifest in a registry, which signatures are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// The version of `sextant:deploy` that it was built for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Version>,
    /// The hooks it answers.
    pub hooks: Vec<String>,
    /// The fingerprint of the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// That key, base64 of DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What its manifest asks for.
    #[serde(default, skip_serializing_if = "Capabilities::is_empty")]
    pub capabilities: Capabilities,
}

impl Default for Lock {
    fn default() -> Self {
        Self { version: VERSION, plugins: Vec::new() }
    }
}

impl Lock {
    /// Reads the lock of a project; an empty one if there is none.
    pub fn read(project: &Path) -> Result<Self, DistributionError> {
        match std::fs::read_to_string(project.join(LOCK_FILE)) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(DistributionError::Lock { line: None, reason: error.to_string() }),
        }
    }

    /// Reads the text of a lock.
    pub fn parse(text: &str) -> Result<Self, DistributionError> {
        let wrong = |line: Option<usize>, reason: String| DistributionError::Lock { line, reason };
        let lock: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            wrong(line, error.message().lines().next().unwrap_or("it is no TOML").to_string())
        })?;
        if lock.version != VERSION {
            let reason = format!("it is of version {}, this Sextant knows {VERSION}", lock.version);
            return Err(wrong(None, reason));
        }
        for (position, plugin) in lock.plugins.iter().enumerate() {
            if lock.plugins[..position].iter().any(|other| other.name == plugin.name) {
                return Err(wrong(None, format!("the plugin `{}` stands there twice", plugin.name)));
            }
            if !is_digest(&plugin.digest) || plugin.artifact.as_ref().is_some_and(|digest| !is_digest(digest)) {
                return Err(wrong(None, format!("the plugin `{}` has no digest", plugin.name)));
            }
            let key = plugin.key.as_deref().map(PublicKey::of_base64);
            let fingerprint = key.map(|key| key.map(|key| key.fingerprint()));
            if fingerprint != plugin.signer.clone().map(Some) {
                return Err(wrong(None, format!("the key of the plugin `{}` is not that of its signer", plugin.name)));
            }
        }
        Ok(lock)
    }

    /// Writes the lock of a project, whole or not at all.
    pub fn write(&self, project: &Path) -> Result<(), DistributionError> {
        let path = project.join(LOCK_FILE);
        let wrong = |reason: String| DistributionError::Machine { path: path.clone(), reason };
        let text = self.text().map_err(wrong)?;
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(project)?;
            file.write_all(text.as_bytes())?;
            file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
            file.persist(&path).map(drop).map_err(|error| error.error)
        };
        write().map_err(|error: std::io::Error| wrong(error.to_string()))
    }

    fn text(&self) -> Result<String, String> {
        toml::to_string(self).map(|text| format!("{HEADING}{text}")).map_err(|error| error.to_string())
    }

    /// The pinned plugins, in the order of their names.
    pub fn plugins(&self) -> &[Locked] {
        &self.plugins
    }

    /// What is pinned under a name.
    pub fn get(&self, name: &str) -> Option<&Locked> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    /// Pins a plugin, in the place of what was pinned under its name.
    pub fn set(&mut self, plugin: Locked) {
        self.remove(&plugin.name);
        self.plugins.push(plugin);
        self.plugins.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Takes a plugin out; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.plugins.len();
        self.plugins.retain(|plugin| plugin.name != name);
        self.plugins.len() < before
    }
}

impl Locked {
    /// The key that signed it.
    pub fn public_key(&self) -> Option<PublicKey> {
        self.key.as_deref().and_then(PublicKey::of_base64)
    }

    /// What differs from what was pinned before, a line each; nothing if nothing does.
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let mut changed = |what: &str, before: &str, after: &str| {
            if before != after {
                changes.push(format!("{what}: {before} → {after}"));
            }
        };
        let version = |version: &Option<Version>| version.as_ref().map_or("none".to_string(), Version::to_string);
        let signer = |signer: &Option<String>| signer.clone().unwrap_or_else(|| "none".to_string());
        changed("source", &before.source, &self.source);
        changed("digest", &before.digest, &self.digest);
        changed("contract", &version(&before.contract), &version(&self.contract));
        changed("hooks", &before.hooks.join(", "), &self.hooks.join(", "));
        changed("signer", &signer(&before.signer), &signer(&self.signer));
        changes.extend(capability_changes(&before.capabilities, &self.capabilities));
        changes
    }
}

/// Capabilities that come and go: `+ network api.example.com:443`.
fn capability_changes(before: &Capabilities, after: &Capabilities) -> Vec<String> {
    let only_in = |own: &Capabilities, other: &Capabilities, mark: &str| -> Vec<String> {
        let entries =
            Kind::ALL.into_iter().flat_map(|kind| own.of(kind).iter().map(move |entry| (kind, entry.clone())));
        let own = entries.filter(|(kind, entry)| !other.of(*kind).contains(entry));
        own.map(|(kind, entry)| format!("{mark} {} {entry}", kind.name())).collect()
    };
    [only_in(before, after, "-"), only_in(after, before, "+")].concat()
}

/// Whether a text is `sha256:` and 64 hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.chars().all(|digit| matches!(digit, '0'..='9' | 'a'..='f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ecr() -> Locked {
        Locked {
            name: "ecr".to_string(),
            source: "oci://ghcr.io/acme/ecr:1".to_string(),
            digest: format!("sha256:{}", "a".repeat(64)),
            artifact: None,
            contract: Some(Version::new(0, 1, 1)),
            hooks: vec!["credentials".to_string()],
            signer: None,
            key: None,
            capabilities: Capabilities { network: vec!["*.example.com:443".to_string()], ..Capabilities::default() },
        }
    }

    #[test]
    fn a_lock_reads_what_it_wrote() {
        let mut lock = Lock::default();
        lock.set(Locked { name: "zeta".to_string(), ..ecr() });
        lock.set(ecr());
        let text = lock.text().expect("it can be written");
        assert_eq!(Lock::parse(&text).expect("it can be read"), lock);
        assert_eq!(
            text.split("[[plugin]]\nname = \"zeta\"").next(),
            Some(
                "# Pins the plugins of this project. `sextant plugin` writes it; it belongs into the repository.\n\nversion = 1\n\n\
                 [[plugin]]\nname = \"ecr\"\nsource = \"oci://ghcr.io/acme/ecr:1\"\n\
                 digest = \"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\ncontract = \"0.1.1\"\n\
                 hooks = [\"credentials\"]\n\n[plugin.capabilities]\nnetwork = [\"*.example.com:443\"]\n\n"
            )
        );
    }

    #[test]
    fn a_damaged_lock_is_refused() {
        let check = |text: &str, message: &str| {
            assert_eq!(Lock::parse(text).map_err(|error| error.to_string()), Err(message.to_string()), "{text}");
        };
        check("version = 2", "sextant.lock: it is of version 2, this Sextant knows 1");
        check(
            "version = 1\nplugins = []",
            "sextant.lock line 2: unknown field `plugins`, expected `version` or `plugin`",
        );
        check("version = 1\n<<<<<<< HEAD\n", "sextant.lock line 2: key with no value, expected `=`");
        let entry = "[[plugin]]\nname = \"a\"\nsource = \"a.wasm\"\ndigest = \"sha256:12\"\nhooks = []\n";
        check(&format!("version = 1\n{entry}"), "sextant.lock: the plugin `a` has no digest");
        let entry = entry.replace("sha256:12", &ecr().digest);
        check(&format!("version = 1\n{entry}{entry}"), "sextant.lock: the plugin `a` stands there twice");
        check(
            &format!("version = 1\n{entry}signer = \"sha256:12\"\n"),
            "sextant.lock: the key of the plugin `a` is not that of its signer",
        );
    }

    #[test]
    fn changes_are_told_one_by_one() {
        let mut after = ecr();
        assert_eq!(after.changes(&ecr()), Vec::<String>::new());
        after.digest = format!("sha256:{}", "b".repeat(64));
        after.capabilities.network = vec!["evil.example:443".to_string()];
        after.hooks.push("push".to_string());
        assert_eq!(
            after.changes(&ecr()),
            [
                format!("digest: sha256:{} → sha256:{}", "a".repeat(64), "b".repeat(64)),
                "hooks: credentials → credentials, push".to_string(),
                "- network *.example.com:443".to_string(),
                "+ network evil.example:443".to_string(),
            ]
        );
    }
}

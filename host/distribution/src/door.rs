//! The door through which plugins enter a run: what is pinned comes in, whatever differs from the lock does not.
//!
//! A component inside the project that is not in the lock is let in with a note unless the lock is frozen. Whoever can change that file
//! can change `deploy.yml` and the hook scripts as well, so the lock would protect nobody, and an author would pin anew after every
//! build. Once it is in the lock it is held to it like any other.

use configuration::Plugin;
use manifest::Kind;
use oci::Name;

use crate::Surroundings;
use crate::cache::Cache;
use crate::error::DistributionError;
use crate::evidence::Evidence;
use crate::find::{blocking, evidence, failed, file, read, verify};
use crate::keys::PublicKey;
use crate::layout;
use crate::lock::{Lock, Locked};
use crate::revoked::Revoked;
use crate::source::Source;
use crate::web::{self, Absence};

/// The components of a run.
#[derive(Debug, Default)]
pub struct Resolved {
    /// One per plugin, in the order of the plugins.
    pub components: Vec<Vec<u8>>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// The components of plugins, if all of them are what the lock says. Connects to nothing if they are on this machine.
pub fn components(surroundings: &Surroundings, plugins: &[Plugin]) -> Result<Resolved, DistributionError> {
    let mut resolved = Resolved::default();
    if plugins.is_empty() {
        return Ok(resolved);
    }
    let lock = Lock::read(&surroundings.project)?;
    let revoked = Revoked::read(&surroundings.revoked)?;
    for plugin in plugins {
        check_grants(plugin)?;
        let source = Source::parse(&plugin.source)?;
        let component = match lock.get(&plugin.name) {
            Some(locked) => pinned(surroundings, plugin, &source, locked, &revoked)?,
            None => {
                let component = unpinned(surroundings, plugin, &source, &revoked)?;
                resolved.notes.push(format!(
                    "plugin `{}` is not in sextant.lock; `sextant plugin add {} --name {}` pins it",
                    plugin.name, plugin.source, plugin.name
                ));
                component
            }
        };
        resolved.components.push(component);
    }
    Ok(resolved)
}

/// A plugin that the lock does not have.
fn unpinned(
    surroundings: &Surroundings,
    plugin: &Plugin,
    source: &Source,
    revoked: &Revoked,
) -> Result<Vec<u8>, DistributionError> {
    let inside = source.is_inside(&surroundings.project);
    let (true, false, Source::Path(path)) = (inside, surroundings.frozen, source) else {
        return Err(DistributionError::NotLocked {
            plugin: plugin.name.clone(),
            source_text: plugin.source.clone(),
            outside: !inside && matches!(source, Source::Path(_)),
        });
    };
    let component = file(surroundings, &plugin.name, path)?;
    let digest = oci::digest(&component);
    refuse_other_digest(plugin, &digest)?;
    revoked.refuse(&plugin.name, &digest)?;
    if let Some(key) = named_key(surroundings, plugin)? {
        let evidence = evidence(surroundings, &plugin.name, source, None)?;
        verify(&plugin.name, &key, evidence.as_ref(), &digest, &component)?;
    }
    Ok(component)
}

/// A plugin that the lock has. What can be told without fetching anything is told first.
fn pinned(
    surroundings: &Surroundings,
    plugin: &Plugin,
    source: &Source,
    locked: &Locked,
    revoked: &Revoked,
) -> Result<Vec<u8>, DistributionError> {
    if locked.source != plugin.source {
        return Err(DistributionError::SourceChanged {
            plugin: plugin.name.clone(),
            named: plugin.source.clone(),
            locked: locked.source.clone(),
        });
    }
    refuse_other_digest(plugin, &locked.digest)?;
    revoked.refuse(&plugin.name, &locked.digest)?;
    let named = named_key(surroundings, plugin)?.map(|key| key.fingerprint());
    if let Some(expected) = named.filter(|named| locked.signer.as_ref() != Some(named)) {
        return Err(DistributionError::Signer { plugin: plugin.name.clone(), expected, locked: locked.signer.clone() });
    }
    let component = bytes(surroundings, plugin, source, locked)?;
    let found = described(locked, &plugin.name, &component)?;
    let changes = found.changes(locked);
    if found.digest != locked.digest {
        return Err(DistributionError::Changed { plugin: plugin.name.clone(), changes });
    }
    if !changes.is_empty() {
        return Err(DistributionError::LockDisagrees { plugin: plugin.name.clone(), changes });
    }
    if let Some(key) = locked.public_key() {
        let evidence = kept_evidence(surroundings, plugin, source, locked, &key, &component)?;
        verify(&plugin.name, &key, evidence.as_ref(), &locked.digest, &component)?;
    }
    Ok(component)
}

/// The bytes of a pinned plugin: from its file, from the cache, or fetched.
fn bytes(
    surroundings: &Surroundings,
    plugin: &Plugin,
    source: &Source,
    locked: &Locked,
) -> Result<Vec<u8>, DistributionError> {
    if let Source::Path(path) = source {
        return file(surroundings, &plugin.name, path);
    }
    let cache = Cache::new(surroundings.cache.as_deref());
    if let Some(kept) = cache.component(&locked.digest) {
        return Ok(kept);
    }
    let failed = |reason: String| failed(&plugin.name, source, reason);
    stay_offline(surroundings, plugin, source)?;
    let fetched = match source {
        Source::Registry(name) => {
            let registry = surroundings.docker.registry(name.server()).map_err(failed)?;
            let fetched = blocking(layout::component(&registry, name, &locked.digest));
            fetched.map_err(|error| failed(format!("failed to {error}")))?.to_vec()
        }
        Source::Web(address) => web::get(address).map_err(|absence| match absence {
            Absence::Missing => failed("there is nothing".to_string()),
            Absence::TooLarge => DistributionError::TooLarge { plugin: plugin.name.clone() },
            Absence::Failed(reason) => failed(reason),
        })?,
        Source::Path(path) => return file(surroundings, &plugin.name, path),
    };
    if oci::digest(&fetched) == locked.digest {
        cache.keep(&locked.digest, &fetched);
    }
    Ok(fetched)
}

/// Refuses to fetch where nothing is connected to.
fn stay_offline(surroundings: &Surroundings, plugin: &Plugin, source: &Source) -> Result<(), DistributionError> {
    match source {
        Source::Registry(_) | Source::Web(_) if surroundings.offline => {
            Err(failed(&plugin.name, source, "it is not on this machine, and nothing is fetched here".to_string()))
        }
        _ => Ok(()),
    }
}

/// What the lock would say of a component, where everything that is not in its bytes stays as it is.
fn described(locked: &Locked, plugin: &str, component: &[u8]) -> Result<Locked, DistributionError> {
    let digest = oci::digest(component);
    let read = read(plugin, component);
    if digest != locked.digest && read.is_err() {
        // What is no component any more has changed: that is told, not what is wrong with it.
        return Ok(Locked { digest, ..locked.clone() });
    }
    let (manifest, surface) = read?;
    Ok(Locked {
        digest,
        contract: surface.contract(),
        hooks: surface.hooks(),
        capabilities: manifest.map(|manifest| manifest.capabilities).unwrap_or_default(),
        ..locked.clone()
    })
}

/// The signatures of a pinned plugin: from beside its file, from the cache if the key's is among them, or fetched.
fn kept_evidence(
    surroundings: &Surroundings,
    plugin: &Plugin,
    source: &Source,
    locked: &Locked,
    key: &PublicKey,
    component: &[u8],
) -> Result<Option<Evidence>, DistributionError> {
    let cache = Cache::new(surroundings.cache.as_deref());
    let shows = |evidence: &Evidence| evidence.shows(key, &locked.digest, component);
    if !matches!(source, Source::Path(_))
        && let Some(kept) = cache.evidence(&locked.digest).filter(shows)
    {
        return Ok(Some(kept));
    }
    stay_offline(surroundings, plugin, source)?;
    let artifact = match (source, &locked.artifact) {
        (Source::Registry(name), Some(digest)) => {
            Some(artifact(surroundings, plugin, source, &name.of(digest), digest)?)
        }
        _ => None,
    };
    let found = evidence(surroundings, &plugin.name, source, artifact.as_ref())?;
    if let Some(found) = found.as_ref().filter(|_| !matches!(source, Source::Path(_))) {
        cache.keep_evidence(&locked.digest, found);
    }
    Ok(found)
}

/// The manifest of a pinned artifact.
fn artifact(
    surroundings: &Surroundings,
    plugin: &Plugin,
    source: &Source,
    name: &Name,
    digest: &str,
) -> Result<layout::Artifact, DistributionError> {
    let failed = |reason: String| failed(&plugin.name, source, reason);
    let registry = surroundings.docker.registry(name.server()).map_err(failed)?;
    let artifact = blocking(layout::artifact(&registry, name)).map_err(|error| failed(format!("failed to {error}")))?;
    if artifact.digest != digest {
        return Err(failed(format!("the manifest has the digest {}, {digest} was asked for", artifact.digest)));
    }
    Ok(artifact)
}

/// `digest:` of `x-plugins` holds whatever the lock says.
fn refuse_other_digest(plugin: &Plugin, found: &str) -> Result<(), DistributionError> {
    match &plugin.digest {
        Some(expected) if expected != found => Err(DistributionError::Digest {
            plugin: plugin.name.clone(),
            expected: expected.clone(),
            found: found.to_string(),
        }),
        _ => Ok(()),
    }
}

/// The key that `key:` of `x-plugins` names.
fn named_key(surroundings: &Surroundings, plugin: &Plugin) -> Result<Option<PublicKey>, DistributionError> {
    let Some(path) = &plugin.key else { return Ok(None) };
    let text = std::fs::read_to_string(surroundings.project.join(path)).map_err(|error| DistributionError::Key {
        file: path.clone(),
        kind: "public",
        reason: error.to_string(),
    })?;
    PublicKey::parse(path, &text).map(Some)
}

/// Refuses grants that can never hold: whoever wrote them meant something else.
fn check_grants(plugin: &Plugin) -> Result<(), DistributionError> {
    let kinds = [(Kind::Reveal, &plugin.reveal), (Kind::Network, &plugin.network), (Kind::Files, &plugin.files)];
    for (kind, entries) in kinds {
        for entry in entries {
            if let Some(fault) = kind.fault(entry) {
                let (plugin, entry) = (plugin.name.clone(), entry.clone());
                return Err(DistributionError::Grant { plugin, kind: kind.name(), entry, fault });
            }
        }
    }
    Ok(())
}

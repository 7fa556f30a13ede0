//! Looks at what a source holds now, for whoever chooses a plugin.

use std::future::Future;

use manifest::{Manifest, Surface};
use oci::OciError;

use crate::cache::Cache;
use crate::error::DistributionError;
use crate::evidence::Evidence;
use crate::keys::PublicKey;
use crate::layout::{self, Artifact};
use crate::lock::Locked;
use crate::revoked::Revoked;
use crate::source::Source;
use crate::web::{self, Absence};
use crate::{SIZE, Surroundings};

/// What somebody who chooses a plugin knows of it.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// The only digest that is taken.
    pub digest: Option<String>,
    /// The key that has to have signed it.
    pub key: Option<PublicKey>,
}

/// What a source holds.
#[derive(Debug, Clone)]
pub struct Found {
    /// What would be pinned.
    pub locked: Locked,
    /// What the component says of itself, if it was built with a manifest.
    pub manifest: Option<Manifest>,
    /// The component.
    pub component: Vec<u8>,
}

/// Fetches a plugin, verifies what is expected of it and keeps it in the cache. Without a name it gets its own, or the source's.
pub fn find(
    surroundings: &Surroundings,
    name: Option<&str>,
    source: &Source,
    expectation: &Expectation,
) -> Result<Found, DistributionError> {
    let shown = name.map_or_else(|| source.stem(), str::to_string);
    let Fetched { component, artifact } = fetch(surroundings, &shown, source)?;
    let digest = oci::digest(&component);
    if let Some(expected) = expectation.digest.as_ref().filter(|expected| **expected != digest) {
        return Err(DistributionError::Digest { plugin: shown, expected: expected.clone(), found: digest });
    }
    let (manifest, surface) = read(&shown, &component)?;
    let own_name = manifest.as_ref().map_or_else(|| source.stem(), |manifest| manifest.name.clone());
    let name = name.map_or(own_name, str::to_string);
    Revoked::read(&surroundings.revoked)?.refuse(&name, &digest)?;
    let cache = Cache::new(surroundings.cache.as_deref());
    if let Some(key) = &expectation.key {
        let evidence = evidence(surroundings, &name, source, artifact.as_ref())?;
        verify(&name, key, evidence.as_ref(), &digest, &component)?;
        if let Some(evidence) = evidence.filter(|_| !matches!(source, Source::Path(_))) {
            cache.keep_evidence(&digest, &evidence);
        }
    }
    if !matches!(source, Source::Path(_)) {
        cache.keep(&digest, &component);
    }
    let locked = Locked {
        name,
        source: source.to_string(),
        digest,
        artifact: artifact.map(|artifact| artifact.digest),
        contract: surface.contract(),
        hooks: surface.hooks(),
        signer: expectation.key.as_ref().map(PublicKey::fingerprint),
        key: expectation.key.as_ref().map(PublicKey::to_base64),
        capabilities: manifest.as_ref().map(|manifest| manifest.capabilities.clone()).unwrap_or_default(),
    };
    Ok(Found { locked, manifest, component })
}

/// The digest of the manifest that the name of a plugin in a registry leads to now; nothing for other sources.
pub fn leads_to(
    surroundings: &Surroundings,
    plugin: &str,
    source: &Source,
) -> Result<Option<String>, DistributionError> {
    let Source::Registry(name) = source else { return Ok(None) };
    let failed = |reason: String| failed(plugin, source, reason);
    let registry = surroundings.docker.registry(name.server()).map_err(failed)?;
    let artifact = blocking(layout::artifact(&registry, name)).map_err(|error| failed(format!("failed to {error}")))?;
    Ok(Some(artifact.digest))
}

/// What came from a source.
pub(crate) struct Fetched {
    pub component: Vec<u8>,
    pub artifact: Option<Artifact>,
}

/// Fetches what a source holds now.
fn fetch(surroundings: &Surroundings, plugin: &str, source: &Source) -> Result<Fetched, DistributionError> {
    let failed = |reason: String| failed(plugin, source, reason);
    match source {
        Source::Path(path) => Ok(Fetched { component: file(surroundings, plugin, path)?, artifact: None }),
        Source::Web(address) => {
            let component = web::get(address).map_err(|absence| match absence {
                Absence::Missing => failed("there is nothing".to_string()),
                Absence::TooLarge => DistributionError::TooLarge { plugin: plugin.to_string() },
                Absence::Failed(reason) => failed(reason),
            })?;
            Ok(Fetched { component, artifact: None })
        }
        Source::Registry(name) => {
            let registry = surroundings.docker.registry(name.server()).map_err(failed)?;
            let artifact =
                blocking(layout::artifact(&registry, name)).map_err(|error| failed(format!("failed to {error}")))?;
            if artifact.layer.size > SIZE as u64 {
                return Err(DistributionError::TooLarge { plugin: plugin.to_string() });
            }
            let component = blocking(layout::component(&registry, name, &artifact.layer.digest));
            let component = component.map_err(|error| failed(format!("failed to {error}")))?.to_vec();
            Ok(Fetched { component, artifact: Some(artifact) })
        }
    }
}

/// A component that is a file of the operator's machine.
pub(crate) fn file(surroundings: &Surroundings, plugin: &str, path: &str) -> Result<Vec<u8>, DistributionError> {
    let full = surroundings.project.join(path);
    let wrong = |error: std::io::Error| DistributionError::File {
        plugin: plugin.to_string(),
        path: path.to_string(),
        reason: error.to_string(),
    };
    if std::fs::metadata(&full).map_err(wrong)?.len() > SIZE as u64 {
        return Err(DistributionError::TooLarge { plugin: plugin.to_string() });
    }
    std::fs::read(&full).map_err(wrong)
}

/// The signatures that lie beside a component; nothing if there is none.
pub(crate) fn evidence(
    surroundings: &Surroundings,
    plugin: &str,
    source: &Source,
    artifact: Option<&Artifact>,
) -> Result<Option<Evidence>, DistributionError> {
    let failed = |reason: String| failed(plugin, source, reason);
    let detached =
        |bytes: Vec<u8>| Evidence::Detached { signature: String::from_utf8_lossy(&bytes).trim().to_string() };
    match (source, artifact) {
        (Source::Path(path), _) => match std::fs::read(surroundings.project.join(format!("{path}.sig"))) {
            Ok(bytes) => Ok(Some(detached(bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DistributionError::File {
                plugin: plugin.to_string(),
                path: format!("{path}.sig"),
                reason: error.to_string(),
            }),
        },
        (Source::Web(address), _) => match web::get(&format!("{address}.sig")) {
            Ok(bytes) => Ok(Some(detached(bytes))),
            Err(Absence::Missing) => Ok(None),
            Err(Absence::TooLarge) => Err(failed("its signature is too large".to_string())),
            Err(Absence::Failed(reason)) => Err(failed(reason)),
        },
        (Source::Registry(name), Some(artifact)) => {
            let registry = surroundings.docker.registry(name.server()).map_err(failed)?;
            blocking(layout::evidence(&registry, name, artifact)).map_err(|error| failed(format!("failed to {error}")))
        }
        (Source::Registry(_), None) => Ok(None),
    }
}

/// Refuses a component that the key did not sign.
pub(crate) fn verify(
    plugin: &str,
    key: &PublicKey,
    evidence: Option<&Evidence>,
    digest: &str,
    component: &[u8],
) -> Result<(), DistributionError> {
    if evidence.is_some_and(|evidence| evidence.shows(key, digest, component)) {
        return Ok(());
    }
    Err(DistributionError::Unsigned { plugin: plugin.to_string(), signer: key.fingerprint() })
}

/// What a component says of itself. Compiled code and other files are refused here.
pub(crate) fn read(plugin: &str, component: &[u8]) -> Result<(Option<Manifest>, Surface), DistributionError> {
    let wrong = |source| DistributionError::Component { plugin: plugin.to_string(), source };
    let surface = Surface::of(component).map_err(wrong)?;
    Ok((Manifest::of(component).map_err(wrong)?, surface))
}

pub(crate) fn failed(plugin: &str, source: &Source, reason: String) -> DistributionError {
    DistributionError::Fetch { plugin: plugin.to_string(), from: source.to_string(), reason }
}

/// Waits for a registry, on a thread of its own: whoever asks may stand in a runtime already.
pub(crate) fn blocking<T: Send>(task: impl Future<Output = Result<T, OciError>> + Send) -> Result<T, OciError> {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(task),
                Err(error) => Err(OciError::Unreachable { server: String::new(), reason: error.to_string() }),
            }
        });
        match waiting.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

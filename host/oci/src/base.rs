//! The image that another begins as: its manifest and configuration for one platform. Its layers stay where they are.

use serde_json::Value;

use crate::error::OciError;
use crate::media;
use crate::name::Name;
use crate::registry::Registry;

/// More than any image's configuration needs.
const LARGEST_CONFIG: usize = 4 * 1024 * 1024;

/// What an image is made of.
pub(crate) struct Base {
    pub name: Name,
    pub registry: Registry,
    pub config: Value,
    /// Descriptors of its layers.
    pub layers: Vec<Value>,
}

/// Finds an image in its registry, for a platform.
pub(crate) async fn find(name: Name, registry: Registry, platform: &str) -> Result<Base, OciError> {
    let what = format!("pull {name}");
    let unusable = |reason: String| OciError::Unusable { what: what.clone(), reason };
    registry.may_pull(&name).await?;
    let mut manifest = registry.manifest(&name, &media::ANY).await?;
    if media::is_index(&manifest.media_type) {
        let digest = of_platform(&json(&manifest.bytes, &what)?, platform)
            .ok_or_else(|| unusable(format!("there is none for {platform}")))?;
        manifest = registry.manifest(&name.of(&digest), &media::ANY).await?;
        // The name that was asked for is a digest, but the client takes it for a tag.
        if manifest.digest != digest {
            return Err(unusable("what came has another digest".to_string()));
        }
    }
    let manifest = json(&manifest.bytes, &what)?;
    let digest = manifest["config"]["digest"].as_str().ok_or_else(|| unusable("it is no image".to_string()))?;
    let config = json(&registry.blob(&name, digest, LARGEST_CONFIG).await?, &what)?;
    let own = [&config["os"], &config["architecture"]].map(|part| part.as_str().unwrap_or_default());
    let wanted: Vec<&str> = platform.split('/').take(2).collect();
    if own != wanted.as_slice() {
        return Err(unusable(format!("it is for {}, not for {platform}", own.join("/"))));
    }
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    Ok(Base { name, registry, config, layers })
}

fn json(bytes: &[u8], what: &str) -> Result<Value, OciError> {
    serde_json::from_slice(bytes)
        .map_err(|error| OciError::Unusable { what: what.to_string(), reason: error.to_string() })
}

/// The digest of the manifest for a platform.
fn of_platform(index: &Value, platform: &str) -> Option<String> {
    let mut wanted = platform.split('/');
    let (os, architecture, variant) = (wanted.next(), wanted.next(), wanted.next());
    let matches = |entry: &&Value| {
        let own = &entry["platform"];
        own["os"].as_str() == os
            && own["architecture"].as_str() == architecture
            && (variant.is_none() || own["variant"].as_str() == variant)
    };
    let found = index["manifests"].as_array()?.iter().find(matches)?;
    found["digest"].as_str().map(str::to_string)
}

//! Components in a registry, in the CNCF Wasm artifact layout, which `wkg` and `oras` understand: an image manifest whose config is
//! `application/vnd.wasm.config.v0+json` and whose one layer is the component. Signatures lie beside it where cosign puts them.

use bytes::Bytes;
use manifest::{Manifest, Surface};
use oci::{Content, Name, OciError, Registry};
use serde_json::{Map, Value, json};

use crate::SIZE;
use crate::docker::Docker;
use crate::error::DistributionError;
use crate::evidence::{Evidence, payload};
use crate::find::blocking;
use crate::keys::PrivateKey;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const TITLE: &str = "org.opencontainers.image.title";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// More than any payload of a signature needs.
const LARGEST_PAYLOAD: usize = 64 << 10;

/// More than anybody needs to sign a component.
const MOST_SIGNATURES: usize = 50;

/// The layer of a manifest that holds the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    pub digest: String,
    pub size: u64,
}

/// An artifact in a registry.
#[derive(Debug, Clone)]
pub(crate) struct Artifact {
    /// The digest of its manifest.
    pub digest: String,
    /// Its manifest, byte by byte.
    pub manifest: Bytes,
    pub layer: Layer,
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The name that leads to it.
    pub name: String,
    /// The digest of the component.
    pub digest: String,
    /// The digest of its manifest.
    pub artifact: String,
    /// The fingerprint of the key that signed it.
    pub signer: Option<String>,
}

/// Pushes a component to a registry, and its signature if there is a key. The same component always gets the same digests.
pub fn push(
    docker: &Docker,
    name: &Name,
    component: &[u8],
    key: Option<&PrivateKey>,
) -> Result<Pushed, DistributionError> {
    let to = format!("oci://{name}");
    let refused = |reason: String| DistributionError::Push { to: to.clone(), reason };
    let documents =
        Documents::of(component).map_err(|source| DistributionError::Component { plugin: name.to_string(), source })?;
    let registry = docker.registry(name.server()).map_err(refused)?;
    let pushed = async {
        registry.may_push(name).await?;
        push_blob(&registry, name, Bytes::copy_from_slice(component)).await?;
        push_blob(&registry, name, documents.config.clone()).await?;
        registry.push_manifest(name, MANIFEST, documents.manifest.clone()).await?;
        let artifact = oci::digest(&documents.manifest);
        if let Some(key) = key {
            sign(&registry, name, &artifact, key).await?;
        }
        Ok(artifact)
    };
    let artifact = blocking(pushed).map_err(|error: OciError| refused(format!("failed to {error}")))?;
    let signer = key.map(|key| key.public().fingerprint());
    Ok(Pushed { name: name.to_string(), digest: oci::digest(component), artifact, signer })
}

async fn push_blob(registry: &Registry, name: &Name, bytes: Bytes) -> Result<(), OciError> {
    registry.push_blob(name, &oci::digest(&bytes), &Content::Bytes(bytes.clone())).await.map(drop)
}

/// Puts a signature where cosign looks for it, beside those that are there.
async fn sign(registry: &Registry, name: &Name, artifact: &str, key: &PrivateKey) -> Result<(), OciError> {
    let place = name.of(&signature_tag(artifact));
    let payload = payload(&format!("{}/{}", name.server(), name.repository()), artifact);
    let signature = key.sign(payload.as_bytes());
    let layer = json!({
        "mediaType": PAYLOAD,
        "digest": oci::digest(payload.as_bytes()),
        "size": payload.len(),
        "annotations": { SIGNATURE: signature },
    });
    let mut layers = match registry.manifest(&place, &[MANIFEST]).await {
        Ok(found) => layers_of(&found.bytes),
        Err(OciError::Missing { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    if layers.contains(&layer) {
        return Ok(());
    }
    layers.push(layer);
    let digests: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let config = json!({
        "architecture": "", "os": "", "created": "0001-01-01T00:00:00Z", "config": {},
        "rootfs": { "type": "layers", "diff_ids": digests },
    });
    let config = Bytes::from(config.to_string());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": IMAGE_CONFIG, "digest": oci::digest(&config), "size": config.len() },
        "layers": layers,
    });
    push_blob(registry, &place, Bytes::from(payload)).await?;
    push_blob(registry, &place, config).await?;
    registry.push_manifest(&place, MANIFEST, Bytes::from(manifest.to_string())).await
}

/// `sha256-….sig`.
fn signature_tag(artifact: &str) -> String {
    format!("{}.sig", artifact.replace(':', "-"))
}

fn layers_of(manifest: &[u8]) -> Vec<Value> {
    let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
    manifest["layers"].as_array().cloned().unwrap_or_default()
}

/// What a name leads to now.
pub(crate) async fn artifact(registry: &Registry, name: &Name) -> Result<Artifact, OciError> {
    registry.may_pull(name).await?;
    let found = registry.manifest(name, &[MANIFEST]).await?;
    let digest = oci::digest(&found.bytes);
    let unusable = |reason: String| OciError::Unusable { what: format!("pull {name}"), reason };
    if name.digest().is_some_and(|asked| asked != digest) {
        return Err(unusable(format!("what came has the digest {digest}")));
    }
    let layer = component_of(&found.bytes).map_err(unusable)?;
    Ok(Artifact { digest, manifest: found.bytes, layer })
}

/// The component of a digest. What comes has that digest, or nothing comes.
pub(crate) async fn component(registry: &Registry, name: &Name, digest: &str) -> Result<Bytes, OciError> {
    registry.may_pull(name).await?;
    let bytes = registry.blob(name, digest, SIZE).await?;
    let found = oci::digest(&bytes);
    if found != digest {
        let reason = format!("what came has the digest {found}");
        return Err(OciError::Unusable { what: format!("pull {digest} of {name}"), reason });
    }
    Ok(bytes)
}

/// The signatures of an artifact; nothing if there is none.
pub(crate) async fn evidence(
    registry: &Registry,
    name: &Name,
    artifact: &Artifact,
) -> Result<Option<Evidence>, OciError> {
    let place = name.of(&signature_tag(&artifact.digest));
    let found = match registry.manifest(&place, &[MANIFEST]).await {
        Ok(found) => found,
        Err(OciError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut signatures = Vec::new();
    for layer in layers_of(&found.bytes).into_iter().take(MOST_SIGNATURES) {
        let (Some(digest), Some(signature)) = (layer["digest"].as_str(), layer["annotations"][SIGNATURE].as_str())
        else {
            continue;
        };
        let payload = registry.blob(&place, digest, LARGEST_PAYLOAD).await?;
        signatures.push((String::from_utf8_lossy(&payload).into_owned(), signature.to_string()));
    }
    let manifest = String::from_utf8_lossy(&artifact.manifest).into_owned();
    Ok((!signatures.is_empty()).then_some(Evidence::Artifact { manifest, signatures }))
}

/// The layer with the component, if a manifest is one of the layout.
pub(crate) fn component_of(manifest: &[u8]) -> Result<Layer, String> {
    let manifest: Value = serde_json::from_slice(manifest).map_err(|_| "its manifest is no JSON".to_string())?;
    let config = manifest["config"]["mediaType"].as_str().unwrap_or("nothing");
    if config != CONFIG {
        return Err(format!("it is no plugin: its config is `{config}`, not `{CONFIG}`"));
    }
    let layers = manifest["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [layer] = layers else { return Err(format!("it has {} layers, a plugin has one", layers.len())) };
    let media_type = layer["mediaType"].as_str().unwrap_or("nothing");
    if media_type != LAYER {
        return Err(format!("its layer is `{media_type}`, not `{LAYER}`"));
    }
    match (layer["digest"].as_str(), layer["size"].as_u64()) {
        (Some(digest), Some(size)) => Ok(Layer { digest: digest.to_string(), size }),
        _ => Err("its layer has no digest".to_string()),
    }
}

/// The two documents that go with a component.
struct Documents {
    config: Bytes,
    manifest: Bytes,
}

impl Documents {
    /// No time is in them, so that pushing a component twice changes nothing.
    fn of(component: &[u8]) -> Result<Self, manifest::ManifestError> {
        let surface = Surface::of(component)?;
        let digest = oci::digest(component);
        let config = json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [digest],
            "component": { "exports": surface.exports, "imports": surface.imports },
        });
        let config = Bytes::from(config.to_string());
        let mut document = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": { "mediaType": CONFIG, "digest": oci::digest(&config), "size": config.len() },
            "layers": [{ "mediaType": LAYER, "digest": digest, "size": component.len() }],
        });
        if let Some(own) = Manifest::of(component)? {
            let mut annotations = Map::new();
            // Of the layer it is the name of the file: without one, `oras` leaves the layer where it is.
            document["layers"][0]["annotations"] = json!({ TITLE: format!("{}.wasm", own.name) });
            annotations.insert(TITLE.to_string(), own.name.into());
            annotations.insert("org.opencontainers.image.version".to_string(), own.version.to_string().into());
            if !own.description.is_empty() {
                annotations.insert("org.opencontainers.image.description".to_string(), own.description.into());
            }
            document["annotations"] = annotations.into();
        }
        Ok(Self { config, manifest: Bytes::from(document.to_string()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty component.
    const EMPTY: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

    #[test]
    fn the_documents_are_those_of_the_layout() {
        let own =
            Manifest::parse("name = \"ecr\"\nversion = \"1.2.0\"\ndescription = \"Logs in\"").expect("a manifest");
        let component = own.embed(&EMPTY).expect("a component");
        let documents = Documents::of(&component).expect("a component");
        let digest = oci::digest(&component);
        assert_eq!(
            String::from_utf8_lossy(&documents.config),
            format!(
                r#"{{"created":"1970-01-01T00:00:00Z","architecture":"wasm","os":"wasip2","layerDigests":["{digest}"],"component":{{"exports":[],"imports":[]}}}}"#
            )
        );
        assert_eq!(
            String::from_utf8_lossy(&documents.manifest),
            format!(
                r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.wasm.config.v0+json","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/wasm","digest":"{digest}","size":{},"annotations":{{"org.opencontainers.image.title":"ecr.wasm"}}}}],"annotations":{{"org.opencontainers.image.title":"ecr","org.opencontainers.image.version":"1.2.0","org.opencontainers.image.description":"Logs in"}}}}"#,
                oci::digest(&documents.config),
                documents.config.len(),
                component.len()
            )
        );
        let layer = component_of(&documents.manifest).expect("the layout");
        assert_eq!((layer.digest, layer.size), (digest, component.len() as u64));
    }

    #[test]
    fn other_artifacts_are_refused() {
        let check = |manifest: Value, reason: &str| {
            assert_eq!(component_of(manifest.to_string().as_bytes()), Err(reason.to_string()), "{manifest}");
        };
        check(
            json!({ "config": { "mediaType": IMAGE_CONFIG } }),
            "it is no plugin: its config is `application/vnd.oci.image.config.v1+json`, not `application/vnd.wasm.config.v0+json`",
        );
        let with = |layers: Value| json!({ "config": { "mediaType": CONFIG }, "layers": layers });
        check(with(json!([])), "it has 0 layers, a plugin has one");
        check(with(json!([{ "mediaType": "application/x" }])), "its layer is `application/x`, not `application/wasm`");
        check(with(json!([{ "mediaType": LAYER }])), "its layer has no digest");
    }
}

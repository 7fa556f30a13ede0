//! Proof that somebody signed a component.
//!
//! A file is signed as `cosign sign-blob` does it, over its bytes. An artifact in a registry is signed as `cosign sign` does it, over a
//! short JSON text that names the digest of its manifest, which names the digest of the component.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::keys::PublicKey;
use crate::layout::component_of;

/// Signatures, and all that is needed to check them without a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Over the bytes of the component.
    Detached {
        /// Base64 of DER.
        signature: String,
    },
    /// Over the manifest of an artifact in a registry.
    Artifact {
        /// The manifest, byte by byte.
        manifest: String,
        /// What was signed, with each signature.
        signatures: Vec<(String, String)>,
    },
}

impl Evidence {
    /// Whether the key signed this component.
    pub(crate) fn shows(&self, key: &PublicKey, digest: &str, component: &[u8]) -> bool {
        match self {
            Self::Detached { signature } => key.signed(component, signature),
            Self::Artifact { manifest, signatures } => {
                let names_component = component_of(manifest.as_bytes()).is_ok_and(|layer| layer.digest == digest);
                let manifest_digest = oci::digest(manifest.as_bytes());
                let shows = |(payload, signature): &(String, String)| {
                    key.signed(payload.as_bytes(), signature) && digest_in(payload).as_deref() == Some(&manifest_digest)
                };
                names_component && signatures.iter().any(shows)
            }
        }
    }
}

/// What cosign signs: that a manifest's digest is what somebody pushed to a repository.
pub(crate) fn payload(repository: &str, manifest_digest: &str) -> String {
    let critical = json!({
        "identity": { "docker-reference": repository },
        "image": { "docker-manifest-digest": manifest_digest },
        "type": TYPE,
    });
    json!({ "critical": critical, "optional": null }).to_string()
}

const TYPE: &str = "cosign container image signature";

fn digest_in(payload: &str) -> Option<String> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    let critical = &payload["critical"];
    (critical["type"] == TYPE).then(|| critical["image"]["docker-manifest-digest"].as_str().map(str::to_string))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_cosigns() {
        assert_eq!(
            payload("ghcr.io/acme/ecr", "sha256:12"),
            r#"{"critical":{"identity":{"docker-reference":"ghcr.io/acme/ecr"},"image":{"docker-manifest-digest":"sha256:12"},"type":"cosign container image signature"},"optional":null}"#
        );
        assert_eq!(digest_in(&payload("ghcr.io/acme/ecr", "sha256:12")).as_deref(), Some("sha256:12"));
        assert_eq!(
            digest_in(r#"{"critical":{"image":{"docker-manifest-digest":"sha256:12"},"type":"another"}}"#),
            None
        );
    }
}

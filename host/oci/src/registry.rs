//! One registry, spoken to with one login.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError as Cause;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, RegistryOperation};
use secrecy::{ExposeSecret, SecretString};

use crate::content::Content;
use crate::error::OciError;
use crate::name::Name;
use crate::trust::{Trust, is_here};

/// Seconds to wait for a connection.
const CONNECT: Duration = Duration::from_secs(20);
/// Seconds in which something must come.
const SILENCE: Duration = Duration::from_secs(120);
/// More than any manifest or list of manifests needs: registries take 4 MiB.
const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user.
    pub username: SecretString,
    /// The password or token.
    pub password: SecretString,
}

/// A manifest as the registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its digest.
    pub digest: String,
    /// What it says it is.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A registry and who asks there. Over TLS, but for this machine's own unless a certificate is laid out for it.
#[derive(Clone)]
pub struct Registry {
    server: String,
    client: Client,
    login: RegistryAuth,
}

impl Registry {
    /// A registry by its server, `ghcr.io` or `localhost:5000`; nothing is sent yet. Without a login it is asked as anybody.
    pub fn new(server: &str, login: Option<&Login>, trust: &Trust) -> Result<Self, OciError> {
        // The process has one provider of cryptography; whoever comes second finds the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificates = trust.certificates(server)?;
        let plain = is_here(server) && certificates.is_empty();
        let configuration = ClientConfig {
            protocol: if plain { ClientProtocol::Http } else { ClientProtocol::Https },
            extra_root_certificates: certificates,
            // A blob in one request is what every registry takes; some take no pieces.
            use_monolithic_push: true,
            connect_timeout: Some(CONNECT),
            read_timeout: Some(SILENCE),
            user_agent: concat!("sextant/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(configuration).map_err(|cause| OciError::of(server, "connect", cause))?;
        let login = match login {
            Some(Login { username, password }) => {
                RegistryAuth::Basic(username.expose_secret().to_string(), password.expose_secret().to_string())
            }
            None => RegistryAuth::Anonymous,
        };
        Ok(Self { server: server.to_string(), client, login })
    }

    /// The server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Asks for leave to read a repository. What follows asks for itself, but a refusal is clearest here.
    pub async fn may_pull(&self, name: &Name) -> Result<(), OciError> {
        self.authorize(name, RegistryOperation::Pull).await
    }

    /// Asks for leave to write to a repository. To be called before anything is pushed there.
    pub async fn may_push(&self, name: &Name) -> Result<(), OciError> {
        self.authorize(name, RegistryOperation::Push).await
    }

    async fn authorize(&self, name: &Name, operation: RegistryOperation) -> Result<(), OciError> {
        let what = log_in(name);
        let answer = self.client.auth(name.reference(), &self.login, operation).await;
        answer.map(drop).map_err(|cause| OciError::of(&self.server, &what, cause))
    }

    /// The manifest of a name, if it is of one of these media types.
    pub async fn manifest(&self, name: &Name, media_types: &[&str]) -> Result<Manifest, OciError> {
        let what = format!("pull {name}");
        let answer = self.client.pull_manifest_raw(name.reference(), &self.login, media_types).await;
        let (bytes, digest) = answer.map_err(|cause| OciError::of(&self.server, &what, cause))?;
        if bytes.len() > LARGEST_MANIFEST {
            return Err(OciError::Unusable { what, reason: "the manifest is larger than 4 MiB".to_string() });
        }
        let media_type = media_type(&bytes);
        Ok(Manifest { digest, media_type, bytes })
    }

    /// A blob of at most so many bytes.
    pub async fn blob(&self, name: &Name, digest: &str, limit: usize) -> Result<Bytes, OciError> {
        let what = format!("pull {digest} of {name}");
        let failed = |cause| OciError::of(&self.server, &what, cause);
        self.client.store_auth_if_needed(name.server(), &self.login).await;
        let mut stream = self.client.pull_blob_stream(name.reference(), digest).await.map_err(failed)?;
        let mut bytes = BytesMut::new();
        while let Some(piece) = stream.try_next().await.map_err(|error| failed(error.into()))? {
            if bytes.len() + piece.len() > limit {
                return Err(OciError::Unusable { what, reason: format!("it is larger than {limit} bytes") });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// Whether a blob is there. A registry that will not say is taken to have none.
    pub async fn has_blob(&self, name: &Name, digest: &str) -> Result<bool, OciError> {
        match self.client.blob_exists(name.reference(), digest).await {
            Ok(there) => Ok(there),
            Err(Cause::RequestError(error)) if error.status().is_some() => Ok(false),
            Err(cause) => Err(OciError::of(&self.server, &format!("look for {digest}"), cause)),
        }
    }

    /// Pushes a blob, unless it is there. Says whether it was sent.
    pub async fn push_blob(&self, name: &Name, digest: &str, content: &Content) -> Result<bool, OciError> {
        if self.has_blob(name, digest).await? {
            return Ok(false);
        }
        let what = format!("push {digest} of {name}");
        // A registry that takes passwords alone has nothing to say against a wrong one before this.
        let failed = |cause| match OciError::of(&self.server, &what, cause) {
            OciError::Unauthorized { server, .. } => OciError::Unauthorized { server, what: log_in(name) },
            other => other,
        };
        let stream = content.stream().await.map_err(|error| failed(error.into()))?.map_err(Cause::from);
        let sent = self.client.push_blob_stream(name.reference(), stream, digest, Some(content.length())).await;
        sent.map(|_| true).map_err(failed)
    }

    /// Brings a blob of another repository here, unless it is there: without a detour where both are in the same registry.
    pub async fn copy_blob(
        &self,
        name: &Name,
        digest: &str,
        length: u64,
        from: &Self,
        source: &Name,
    ) -> Result<(), OciError> {
        if self.has_blob(name, digest).await? {
            return Ok(());
        }
        let mounts = self.server == from.server;
        if mounts && self.client.mount_blob(name.reference(), source.reference(), digest).await.is_ok() {
            return Ok(());
        }
        let what = format!("copy {digest} of {source}");
        let stream = from.client.pull_blob_stream(source.reference(), digest).await;
        let stream = stream.map_err(|cause| OciError::of(&from.server, &what, cause))?.map_err(Cause::from);
        let sent = self.client.push_blob_stream(name.reference(), stream, digest, Some(length)).await;
        sent.map(drop).map_err(|cause| OciError::of(&self.server, &what, cause))
    }

    /// Pushes a manifest under a name. Everything that it names must be there.
    pub async fn push_manifest(&self, name: &Name, media_type: &str, bytes: Bytes) -> Result<(), OciError> {
        let what = format!("push {name}");
        let unusable = || OciError::Unusable { what: what.clone(), reason: format!("`{media_type}` is no media type") };
        let media_type = media_type.parse().map_err(|_| unusable())?;
        let sent = self.client.push_manifest_raw(name.reference(), bytes, media_type).await;
        sent.map(drop).map_err(|cause| OciError::of(&self.server, &what, cause))
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Registry").field("server", &self.server).finish_non_exhaustive()
    }
}

fn log_in(name: &Name) -> String {
    format!("log in for {}", name.repository())
}

/// What a manifest says it is; older ones of the OCI do not, but can be told by what they hold.
pub(crate) fn media_type(bytes: &[u8]) -> String {
    let manifest: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    match manifest["mediaType"].as_str() {
        Some(text) => text.to_string(),
        None if manifest["manifests"].is_array() => oci_client::manifest::OCI_IMAGE_INDEX_MEDIA_TYPE.to_string(),
        None => oci_client::manifest::OCI_IMAGE_MEDIA_TYPE.to_string(),
    }
}

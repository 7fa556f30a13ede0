//! Bringing images to their registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use plan::ImageAssembly;
use serde_json::Value;
use tempfile::TempDir;

use crate::archive::{Archive, Found, read_small};
use crate::base::{self, Base};
use crate::content::{Content, digest};
use crate::error::OciError;
use crate::layer;
use crate::media;
use crate::name::Name;
use crate::registry::{Login, Registry};
use crate::trust::Trust;
use crate::{assembly, registry};

/// Publishes images of a project.
#[derive(Debug, Clone)]
pub struct Publisher {
    /// The project's folder: paths begin there and stay there.
    pub project: PathBuf,
    /// Server and login of the project's registry; other registries are asked as anybody.
    pub login: Option<(String, Login)>,
    /// Whom connections trust.
    pub trust: Trust,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The digest of its manifest, or of the list of manifests.
    pub digest: String,
    /// How many bytes of blobs were sent; what was there already was not.
    pub sent: u64,
}

impl Publisher {
    /// Puts an image together from files and pushes it under all its names.
    pub async fn publish(&self, image: &ImageAssembly) -> Result<Published, OciError> {
        let names = parse(&image.names)?;
        let (project, files, folder) = (self.project.clone(), image.files.clone(), scratch()?);
        let place = folder.path().to_path_buf();
        let layer = blocking(move || layer::pack(&project, &files, &place)).await?;
        let base = match &image.base {
            Some(base) => {
                let name = Name::parse(base)?;
                let registry = self.registry(&name)?;
                Some(base::find(name, registry, &image.platform).await?)
            }
            None => None,
        };
        let config = assembly::config(image, base.as_ref(), &layer.diff_id);
        let manifest = assembly::manifest(&config, base.as_ref(), &layer);
        let blobs = [(layer.digest, layer.content), (digest(&config), Content::Bytes(config))];
        let mut push = Push::begin(self, &names).await?;
        push.copy_layers(base.as_ref()).await?;
        for (digest, content) in &blobs {
            push.blob(digest, content).await?;
        }
        push.end(&names, media::MANIFEST, manifest).await
    }

    /// Pushes the image that is there as files under these names, with these labels added to it.
    pub async fn publish_files(
        &self,
        path: &str,
        names: &[String],
        labels: &[(String, String)],
    ) -> Result<Published, OciError> {
        let names = parse(names)?;
        let (source, folder) = (layer::inside(&self.project, path)?, scratch()?);
        let place = folder.path().to_path_buf();
        let found = blocking(move || Archive::open(&source, &place)?.image()).await?;
        let mut push = Push::begin(self, &names).await?;
        let (media_type, manifest) = push.found(path, &found, labels).await?;
        push.end(&names, &media_type, manifest).await
    }

    /// The registry of a name, as we are known there.
    fn registry(&self, name: &Name) -> Result<Registry, OciError> {
        let login = self.login.as_ref().filter(|(server, _)| server == name.server()).map(|(_, login)| login);
        Registry::new(name.server(), login, &self.trust)
    }
}

/// One image on its way.
struct Push {
    registry: Registry,
    name: Name,
    sent: u64,
}

impl Push {
    async fn begin(publisher: &Publisher, names: &[Name]) -> Result<Self, OciError> {
        let name = names[0].clone();
        let registry = publisher.registry(&name)?;
        registry.may_push(&name).await?;
        Ok(Self { registry, name, sent: 0 })
    }

    async fn blob(&mut self, digest: &str, content: &Content) -> Result<(), OciError> {
        if self.registry.push_blob(&self.name, digest, content).await? {
            self.sent += content.length();
        }
        Ok(())
    }

    async fn copy_layers(&self, base: Option<&Base>) -> Result<(), OciError> {
        let Some(base) = base else { return Ok(()) };
        for layer in &base.layers {
            let digest = layer["digest"].as_str().unwrap_or_default();
            let length = layer["size"].as_u64().unwrap_or_default();
            // A layer with addresses is fetched from there by whoever pulls it.
            if layer["urls"].is_null() {
                self.registry.copy_blob(&self.name, digest, length, &base.registry, &base.name).await?;
            }
        }
        Ok(())
    }

    /// Pushes what an archive holds, but for the manifest itself, which is given back as it is to be pushed.
    async fn found(
        &mut self,
        path: &str,
        found: &Found,
        labels: &[(String, String)],
    ) -> Result<(String, Bytes), OciError> {
        if !media::is_index(&found.media_type) {
            let manifest = self.image(path, &found.manifest, &found.blobs, labels).await?;
            return Ok((found.media_type.clone(), manifest));
        }
        let mut index = json(path, &found.manifest)?;
        let children = index["manifests"].as_array().cloned().unwrap_or_default();
        let mut kept = Vec::new();
        for mut child in children {
            let content = blob(path, &found.blobs, child["digest"].as_str())?;
            let bytes = read_small(content).map_err(|error| unusable(path, &error.to_string()))?;
            // What attests where an image comes from is about an image without our labels.
            if child["annotations"]["vnd.docker.reference.type"].is_string() {
                continue;
            }
            let manifest = self.image(path, &bytes, &found.blobs, labels).await?;
            let media_type = registry::media_type(&manifest);
            (child["digest"], child["size"]) = (digest(&manifest).into(), manifest.len().into());
            self.registry.push_manifest(&self.name.of(&digest(&manifest)), &media_type, manifest).await?;
            kept.push(child);
        }
        index["manifests"] = kept.into();
        Ok((found.media_type.clone(), index.to_string().into()))
    }

    /// Pushes the blobs of one image and gives its manifest, which changes with its labels.
    async fn image(
        &mut self,
        path: &str,
        manifest: &Bytes,
        blobs: &BTreeMap<String, Content>,
        labels: &[(String, String)],
    ) -> Result<Bytes, OciError> {
        let mut document = json(path, manifest)?;
        for layer in document["layers"].as_array().into_iter().flatten().filter(|layer| layer["urls"].is_null()) {
            let content = blob(path, blobs, layer["digest"].as_str())?;
            self.blob(layer["digest"].as_str().unwrap_or_default(), content).await?;
        }
        let content = blob(path, blobs, document["config"]["digest"].as_str())?;
        let config = read_small(content).map_err(|error| unusable(path, &error.to_string()))?;
        let labelled = labelled(json(path, &config)?, labels);
        let same = labelled.is_none();
        let config = labelled.unwrap_or(config);
        self.blob(&digest(&config), &Content::Bytes(config.clone())).await?;
        if same {
            return Ok(manifest.clone());
        }
        (document["config"]["digest"], document["config"]["size"]) = (digest(&config).into(), config.len().into());
        Ok(document.to_string().into())
    }

    /// Gives the image its names: the last thing that happens, so nobody finds it half there.
    async fn end(self, names: &[Name], media_type: &str, manifest: Bytes) -> Result<Published, OciError> {
        for name in names {
            self.registry.push_manifest(name, media_type, manifest.clone()).await?;
        }
        Ok(Published { digest: digest(&manifest), sent: self.sent })
    }
}

/// A configuration with labels; nothing if it has them.
fn labelled(mut config: Value, labels: &[(String, String)]) -> Option<Bytes> {
    let has = |(name, value): &(String, String)| config["config"]["Labels"][name].as_str() == Some(value);
    if labels.iter().all(has) {
        return None;
    }
    if !config["config"].is_object() {
        config["config"] = Value::Object(serde_json::Map::new());
    }
    if !config["config"]["Labels"].is_object() {
        config["config"]["Labels"] = Value::Object(serde_json::Map::new());
    }
    for (name, value) in labels {
        config["config"]["Labels"][name] = value.as_str().into();
    }
    Some(config.to_string().into())
}

fn blob<'a>(path: &str, blobs: &'a BTreeMap<String, Content>, digest: Option<&str>) -> Result<&'a Content, OciError> {
    let digest = digest.ok_or_else(|| unusable(path, "it leads to something that is no image"))?;
    blobs.get(digest).ok_or_else(|| unusable(path, &format!("{digest} is missing in it")))
}

fn json(path: &str, bytes: &[u8]) -> Result<Value, OciError> {
    serde_json::from_slice(bytes).map_err(|error| unusable(path, &error.to_string()))
}

fn unusable(path: &str, reason: &str) -> OciError {
    OciError::Unusable { what: format!("publish {path}"), reason: reason.to_string() }
}

/// Names, all of one repository.
fn parse(names: &[String]) -> Result<Vec<Name>, OciError> {
    let parsed = names.iter().map(|name| Name::parse(name)).collect::<Result<Vec<_>, _>>()?;
    let place = |name: &Name| (name.server().to_string(), name.repository().to_string());
    match parsed.split_first() {
        Some((first, others)) => match others.iter().find(|name| place(name) != place(first)) {
            Some(other) => Err(OciError::Name {
                name: other.to_string(),
                reason: format!("it is in another repository than {first}"),
            }),
            None => Ok(parsed),
        },
        None => Err(OciError::Name { name: String::new(), reason: "an image needs one".to_string() }),
    }
}

/// A folder that goes when it is dropped.
fn scratch() -> Result<TempDir, OciError> {
    let failed = |error: std::io::Error| OciError::File { path: std::env::temp_dir(), reason: error.to_string() };
    tempfile::Builder::new().prefix("sextant-image-").tempdir().map_err(failed)
}

/// Runs what reads and writes files where it holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OciError> + Send + 'static,
) -> Result<T, OciError> {
    let failed = |error: tokio::task::JoinError| OciError::Unusable {
        what: "put the image together".to_string(),
        reason: error.to_string(),
    };
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

/// The server that requests go to for a registry as a login names it; absent is Docker Hub.
pub fn server_of(registry: Option<&str>) -> String {
    match registry {
        None | Some("docker.io" | "registry-1.docker.io") => "index.docker.io".to_string(),
        Some(server) => {
            let server = server.trim_start_matches("https://").trim_start_matches("http://");
            Path::new(server).iter().next().map_or_else(String::new, |host| host.to_string_lossy().into_owned())
        }
    }
}

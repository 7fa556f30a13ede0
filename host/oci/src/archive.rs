//! Images that are there as files: an OCI layout or what `docker save` writes, a folder or a tar archive, compressed or not.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::assembly::{descriptor, manifest_of};
use crate::content::Content;
use crate::error::OciError;
use crate::layer;
use crate::media;

/// More than any manifest or configuration needs.
const LARGEST_JSON: u64 = 4 * 1024 * 1024;

/// An image as files.
pub(crate) struct Archive {
    path: PathBuf,
    files: BTreeMap<String, Content>,
    /// A folder for what has to be written anew.
    scratch: PathBuf,
}

/// The image of `docker save`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

/// An image in an archive: blobs by digest, and the manifest that leads to them.
pub(crate) struct Found {
    /// What the manifest is.
    pub media_type: String,
    /// The manifest, or the list of manifests.
    pub manifest: Bytes,
    /// Everything that it leads to.
    pub blobs: BTreeMap<String, Content>,
}

impl Archive {
    /// Opens an archive. What has to be written anew goes into a folder.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self, OciError> {
        let files = if path.is_dir() { folder(path) } else { plain(path, scratch).and_then(|path| archive(&path)) };
        let files = files.map_err(|error| OciError::File { path: path.to_path_buf(), reason: error.to_string() })?;
        Ok(Self { path: path.to_path_buf(), files, scratch: scratch.to_path_buf() })
    }

    /// The one image in it.
    pub fn image(&self) -> Result<Found, OciError> {
        match (self.files.contains_key("index.json"), self.files.contains_key("manifest.json")) {
            (true, _) => self.of_layout(),
            (_, true) => self.of_docker(),
            _ => Err(self.unusable("it is neither an OCI layout nor what `docker save` writes")),
        }
    }

    /// An OCI layout: its index leads to one image, or to one per platform.
    fn of_layout(&self) -> Result<Found, OciError> {
        let index = self.json("index.json")?;
        let entries = index["manifests"].as_array().cloned().unwrap_or_default();
        let blobs = self.files.iter().filter_map(|(path, content)| {
            let digest = path.strip_prefix("blobs/sha256/")?;
            Some((format!("sha256:{digest}"), content.clone()))
        });
        let blobs: BTreeMap<String, Content> = blobs.collect();
        let (media_type, manifest) = match entries.as_slice() {
            [] => return Err(self.unusable("it holds no image")),
            [one] => {
                let digest = one["digest"].as_str().unwrap_or_default();
                let content = blobs.get(digest).ok_or_else(|| self.unusable(&format!("{digest} is missing in it")))?;
                let bytes = self.small(digest, content)?;
                (crate::registry::media_type(&bytes), bytes)
            }
            several if several.iter().all(|entry| entry["platform"].is_object()) => {
                let list = json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": several });
                (media::INDEX.to_string(), Bytes::from(list.to_string()))
            }
            several => return Err(self.unusable(&format!("it holds {} images; one is to be published", several.len()))),
        };
        Ok(Found { media_type, manifest, blobs })
    }

    /// What `docker save` writes: layers are plain there, and are compressed on their way.
    fn of_docker(&self) -> Result<Found, OciError> {
        let wrong = |error: serde_json::Error| self.unusable(&format!("its manifest.json cannot be read: {error}"));
        let saved: Vec<Saved> = serde_json::from_value(self.json("manifest.json")?).map_err(wrong)?;
        let [Saved { config, layers }] = saved.as_slice() else {
            return Err(self.unusable(&format!("it holds {} images; one is to be published", saved.len())));
        };
        let config = self.small(config, self.file(config)?)?;
        let of_config: Value = serde_json::from_slice(&config).map_err(wrong)?;
        let diff_ids = of_config["rootfs"]["diff_ids"].as_array().cloned().unwrap_or_default();
        let (mut descriptors, mut blobs) = (Vec::new(), BTreeMap::new());
        for (number, name) in layers.iter().enumerate() {
            let (digest, content) = self.layer(number, name, diff_ids.get(number))?;
            descriptors.push(descriptor(media::LAYER_GZIP, &digest, content.length()));
            blobs.insert(digest, content);
        }
        blobs.insert(crate::digest(&config), Content::Bytes(config.clone()));
        Ok(Found { media_type: media::MANIFEST.to_string(), manifest: manifest_of(&config, &descriptors), blobs })
    }

    /// A layer, compressed, if it is what the configuration says.
    fn layer(&self, number: usize, name: &str, diff_id: Option<&Value>) -> Result<(String, Content), OciError> {
        let content = self.file(name)?;
        if starts_with(content, GZIP).map_err(|error| self.unusable(&error.to_string()))? {
            let digest = content.digest().map_err(|error| self.unusable(&error.to_string()))?;
            return Ok((digest, content.clone()));
        }
        let layer = layer::compress(content, &self.scratch.join(format!("layer-{number}")))?;
        if diff_id.and_then(Value::as_str) != Some(&layer.diff_id) {
            return Err(self.unusable(&format!("its layer {name} is damaged")));
        }
        Ok((layer.digest, layer.content))
    }

    fn file(&self, name: &str) -> Result<&Content, OciError> {
        self.files.get(name).ok_or_else(|| self.unusable(&format!("{name} is missing in it")))
    }

    fn json(&self, name: &str) -> Result<Value, OciError> {
        let bytes = self.small(name, self.file(name)?)?;
        serde_json::from_slice(&bytes).map_err(|error| self.unusable(&format!("its {name} cannot be read: {error}")))
    }

    fn small(&self, name: &str, content: &Content) -> Result<Bytes, OciError> {
        read_small(content).map_err(|error| self.unusable(&format!("{name}: {error}")))
    }

    fn unusable(&self, reason: &str) -> OciError {
        OciError::Unusable { what: format!("publish {}", self.path.display()), reason: reason.to_string() }
    }
}

/// The bytes of a manifest or a configuration.
pub(crate) fn read_small(content: &Content) -> io::Result<Bytes> {
    if content.length() > LARGEST_JSON {
        return Err(io::Error::other("it is larger than 4 MiB"));
    }
    let mut bytes = Vec::new();
    content.open()?.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// How compressed files begin.
const GZIP: &[u8] = &[0x1f, 0x8b];

fn starts_with(content: &Content, magic: &[u8]) -> io::Result<bool> {
    let mut begin = Vec::new();
    content.open()?.take(magic.len() as u64).read_to_end(&mut begin)?;
    Ok(begin == magic)
}

/// Every file below a folder. Links are not followed out of it: the files of an image are no links.
fn folder(root: &Path) -> io::Result<BTreeMap<String, Content>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let (entry, root) = (entry?, root);
            let (kind, path) = (entry.file_type()?, entry.path());
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                files.insert(name, Content::Part { length: entry.metadata()?.len(), file: path, offset: 0 });
            }
        }
    }
    Ok(files)
}

/// The same archive, not compressed.
fn plain(path: &Path, scratch: &Path) -> io::Result<PathBuf> {
    let whole = Content::Part { file: path.to_path_buf(), offset: 0, length: fs::metadata(path)?.len() };
    if !starts_with(&whole, GZIP)? {
        return Ok(path.to_path_buf());
    }
    let plain = scratch.join("plain");
    io::copy(&mut flate2::read::GzDecoder::new(File::open(path)?), &mut File::create(&plain)?)?;
    Ok(plain)
}

/// Every file of a tar archive, where it stands. `docker save` links layers that it has twice.
fn archive(path: &Path) -> io::Result<BTreeMap<String, Content>> {
    let (mut files, mut links) = (BTreeMap::new(), Vec::new());
    let mut archive = tar::Archive::new(File::open(path)?);
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let name = entry.path()?.to_string_lossy().trim_start_matches("./").to_string();
        let kind = entry.header().entry_type();
        if kind.is_file() {
            let (offset, length) = (entry.raw_file_position(), entry.size());
            files.insert(name, Content::Part { file: path.to_path_buf(), offset, length });
        } else if let (true, Some(target)) = (kind.is_symlink() || kind.is_hard_link(), entry.link_name()?) {
            let folder = if kind.is_symlink() { Path::new(&name).parent() } else { None };
            links.push((name.clone(), joined(folder.unwrap_or(Path::new("")), &target)));
        }
    }
    for (name, target) in links {
        if let Some(content) = files.get(&target).cloned() {
            files.insert(name, content);
        }
    }
    Ok(files)
}

/// A path and another from there, in one.
fn joined(folder: &Path, path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in folder.components().chain(path.components()) {
        match part {
            std::path::Component::ParentDir => drop(parts.pop()),
            std::path::Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            _ => {}
        }
    }
    parts.join("/")
}

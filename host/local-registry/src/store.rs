//! The folder that keeps images.
//!
//! `blobs/DIGEST` holds layers and configurations of all repositories, `repositories/NAME/_manifests/DIGEST` manifests behind a line
//! with their media type, `repositories/NAME/_tags/TAG` the digest that a tag stands for, `uploads` what is not whole yet. Whatever
//! is read was moved into place whole.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// How many tags of a repository are kept, the newest ones: a deploy makes one, and moves `latest`.
const TAGS: usize = 8;

/// What is younger may belong to a push that goes on.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder with images.
pub struct Store {
    folder: PathBuf,
    uploads: AtomicU64,
}

/// A manifest and what it is.
pub(crate) struct Manifest {
    pub digest: String,
    pub media_type: String,
    pub content: Vec<u8>,
}

impl Store {
    /// The images below a folder, which is made if it is not there. Old ones are removed.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let store = Self { folder: folder.into(), uploads: AtomicU64::new(0) };
        for name in ["blobs", "repositories", "uploads"] {
            fs::create_dir_all(store.folder.join(name))?;
        }
        // What cannot be removed only takes room.
        let _ = store.remove_old();
        Ok(store)
    }

    /// Whether an image is there, by repository and tag: `acme/app:v1`.
    pub fn holds(&self, image: &str) -> bool {
        let Some((repository, tag)) = image.rsplit_once(':') else { return false };
        let named = crate::names::is_repository(repository) && crate::names::is_tag(tag);
        named && self.tagged(repository, tag).is_some()
    }

    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs").join(digest)
    }

    /// A name for a new upload.
    pub(crate) fn new_upload(&self) -> io::Result<String> {
        let number = self.uploads.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{}-{}-{number}", std::process::id(), now.as_nanos());
        fs::File::create_new(self.upload(&name))?;
        Ok(name)
    }

    pub(crate) fn upload(&self, name: &str) -> PathBuf {
        self.folder.join("uploads").join(name)
    }

    /// Makes an upload a blob, if it is what it was said to be.
    pub(crate) fn finish(&self, upload: &str, digest: &str) -> io::Result<bool> {
        let path = self.upload(upload);
        if digest_of(&path)? != digest {
            return Ok(false);
        }
        fs::rename(path, self.blob(digest))?;
        Ok(true)
    }

    /// The digest that a tag stands for.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        fs::read_to_string(self.tags(repository).join(tag)).ok()
    }

    pub(crate) fn manifest(&self, repository: &str, digest: &str) -> Option<Manifest> {
        let bytes = fs::read(self.manifests(repository).join(digest)).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let media_type = String::from_utf8(bytes[..end].to_vec()).ok()?;
        Some(Manifest { digest: digest.to_string(), media_type, content: bytes[end + 1..].to_vec() })
    }

    /// Keeps a manifest, under a tag if it has one.
    pub(crate) fn keep(&self, repository: &str, tag: Option<&str>, manifest: &Manifest) -> io::Result<()> {
        let (manifests, tags) = (self.manifests(repository), self.tags(repository));
        fs::create_dir_all(&manifests)?;
        fs::create_dir_all(&tags)?;
        let content = [manifest.media_type.as_bytes(), b"\n", &manifest.content].concat();
        self.put(&manifests.join(&manifest.digest), &content)?;
        match tag {
            Some(tag) => self.put(&tags.join(tag), manifest.digest.as_bytes()),
            None => Ok(()),
        }
    }

    /// The tags of a repository, in alphabetical order.
    pub(crate) fn all_tags(&self, repository: &str) -> Vec<String> {
        let mut tags: Vec<String> = entries(&self.tags(repository)).iter().filter_map(|path| name(path)).collect();
        tags.sort();
        tags
    }

    fn put(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let upload = self.upload(&self.new_upload()?);
        fs::write(&upload, content)?;
        fs::rename(upload, path)
    }

    fn repository(&self, repository: &str) -> PathBuf {
        self.folder.join("repositories").join(repository)
    }

    fn manifests(&self, repository: &str) -> PathBuf {
        self.repository(repository).join("_manifests")
    }

    fn tags(&self, repository: &str) -> PathBuf {
        self.repository(repository).join("_tags")
    }

    /// Removes tags but the newest of every repository, and what no tag leads to any more.
    fn remove_old(&self) -> io::Result<()> {
        let mut wanted = BTreeSet::new();
        for repository in repositories(&self.folder.join("repositories")) {
            let mut tags = entries(&repository.join("_tags"));
            tags.sort_by_key(|tag| std::cmp::Reverse(changed(tag)));
            let kept = tags.iter().take(TAGS).filter_map(|tag| fs::read_to_string(tag).ok());
            let mut manifests = BTreeSet::new();
            kept.for_each(|digest| reach(&repository.join("_manifests"), &digest, &mut manifests, &mut wanted));
            for tag in tags.iter().skip(TAGS) {
                fs::remove_file(tag)?;
            }
            remove_unwanted(&repository.join("_manifests"), &manifests)?;
        }
        remove_unwanted(&self.folder.join("blobs"), &wanted)?;
        remove_unwanted(&self.folder.join("uploads"), &BTreeSet::new())
    }
}

/// Everything that a manifest leads to: other manifests, and blobs.
fn reach(folder: &Path, digest: &str, manifests: &mut BTreeSet<String>, blobs: &mut BTreeSet<String>) {
    let Ok(bytes) = fs::read(folder.join(digest)) else { return };
    if !manifests.insert(digest.to_string()) {
        return;
    }
    let content = bytes.splitn(2, |byte| *byte == b'\n').nth(1).unwrap_or_default();
    for (manifest, digest) in references(content) {
        match manifest {
            true => reach(folder, &digest, manifests, blobs),
            false => drop(blobs.insert(digest)),
        }
    }
}

/// What a manifest names: whether it is a manifest itself, and the hexadecimal part of its digest.
pub(crate) fn references(content: &[u8]) -> Vec<(bool, String)> {
    let manifest: Value = serde_json::from_slice(content).unwrap_or_default();
    let list = |key: &str| manifest[key].as_array().cloned().unwrap_or_default();
    let digest = |part: &Value| crate::names::hexadecimal(part["digest"].as_str()?).map(str::to_string);
    let blobs = list("layers").into_iter().chain([manifest["config"].clone()]);
    // A layer with addresses is fetched from there.
    let blobs = blobs.filter(|blob| blob["urls"].is_null()).filter_map(|blob| Some((false, digest(&blob)?)));
    blobs.chain(list("manifests").iter().filter_map(|part| Some((true, digest(part)?)))).collect()
}

/// The folders of repositories, which may stand within each other.
fn repositories(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder) {
            match name(&entry) {
                Some(name) if name.starts_with('_') => found.push(folder.clone()),
                _ => folders.push(entry),
            }
        }
    }
    found.dedup();
    found
}

fn remove_unwanted(folder: &Path, wanted: &BTreeSet<String>) -> io::Result<()> {
    let is_old = |path: &Path| changed(path).elapsed().is_ok_and(|age| age > YOUNG);
    for path in entries(folder) {
        if !name(&path).is_some_and(|name| wanted.contains(&name)) && is_old(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_string())
}

fn changed(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// SHA-256 of some bytes, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    shown(Sha256::digest(bytes).as_slice())
}

fn digest_of(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut buffer) = (fs::File::open(path)?, Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(shown(hasher.finalize().as_slice())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(blob: &str) -> Manifest {
        let content = format!(r#"{{"layers":[{{"digest":"sha256:{blob}"}}]}}"#).into_bytes();
        Manifest { digest: hash(&content), media_type: "application/json".to_string(), content }
    }

    /// As if nobody had touched it for two days.
    fn age(path: &Path) {
        let then = SystemTime::now() - 2 * YOUNG;
        fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    }

    #[test]
    fn the_newest_tags_stay_and_what_they_need() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for number in 0..10 {
            let blob = hash(&[number]);
            fs::write(store.blob(&blob), [number]).unwrap();
            let manifest = manifest(&blob);
            store.keep("acme/app", Some(&format!("v{number}")), &manifest).unwrap();
            let minutes = Duration::from_secs(60 * (10 - u64::from(number)));
            let tag = fs::File::options().write(true).open(store.tags("acme/app").join(format!("v{number}"))).unwrap();
            tag.set_modified(SystemTime::now() - minutes).unwrap();
            age(&store.blob(&blob));
            age(&store.manifests("acme/app").join(&manifest.digest));
        }
        fs::write(store.blob(&hash(b"new")), "new").unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.all_tags("acme/app"), ["v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"]);
        assert_eq!(entries(&store.manifests("acme/app")).len(), 8);
        assert_eq!(entries(&folder.path().join("blobs")).len(), 9, "what is young stays");
        assert!(store.holds("acme/app:v9") && !store.holds("acme/app:v1") && !store.holds("app:v9"));
    }
}

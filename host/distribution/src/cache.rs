//! Components that were fetched before, by their digest, with the signatures that came with them. What is in here is not trusted: it is
//! verified each time it is used.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::evidence::Evidence;

/// A folder with `sha256-….wasm`, and `sha256-….json` beside those that were signed.
#[derive(Debug, Clone)]
pub(crate) struct Cache(Option<PathBuf>);

impl Cache {
    pub fn new(folder: Option<&Path>) -> Self {
        Self(folder.map(Path::to_path_buf))
    }

    /// The component of a digest, if it is here unharmed.
    pub fn component(&self, digest: &str) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.path(digest, "wasm")?).ok()?;
        (oci::digest(&bytes) == digest).then_some(bytes)
    }

    /// Keeps a component. That it cannot be kept is no reason to fail: it is fetched again.
    pub fn keep(&self, digest: &str, bytes: &[u8]) {
        if self.component(digest).is_none() {
            self.write(digest, "wasm", bytes);
        }
    }

    /// The signatures of a digest, if there are some.
    pub fn evidence(&self, digest: &str) -> Option<Evidence> {
        serde_json::from_slice(&std::fs::read(self.path(digest, "json")?).ok()?).ok()
    }

    /// Keeps signatures.
    pub fn keep_evidence(&self, digest: &str, evidence: &Evidence) {
        if let Ok(text) = serde_json::to_vec(evidence) {
            self.write(digest, "json", &text);
        }
    }

    fn path(&self, digest: &str, extension: &str) -> Option<PathBuf> {
        Some(self.0.as_ref()?.join(format!("{}.{extension}", digest.replace(':', "-"))))
    }

    fn write(&self, digest: &str, extension: &str, bytes: &[u8]) {
        let (Some(folder), Some(path)) = (&self.0, self.path(digest, extension)) else { return };
        let write = || {
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            file.persist(path).map_err(|error| error.error)
        };
        let _: std::io::Result<_> = write();
    }
}

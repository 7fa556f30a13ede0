//! Compiled plugins on disk, so that only the first run compiles.
//!
//! The folder belongs to the user alone. An entry is named after the component's digest and what the compiler depends on, begins with
//! the digest of its own content, is written beside its place and renamed into it, and is checked before it is used. Compiled code is
//! never taken from a project, a registry or a URL. Anything odd is a miss.

use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::engine::engine;

/// Where compiled plugins are kept.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
}

/// Length of the digest that an entry begins with.
const DIGEST: usize = 32;

impl Cache {
    /// A cache in a folder of the user's, made when it is first needed.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Whether a component was compiled before. Compiling a large one takes so long that people want to be told.
    pub fn holds(&self, component: &[u8]) -> bool {
        self.folder().join(crate::plugin::digest(component)).exists()
    }

    /// The compiled component for a digest, if it is there and whole.
    pub(crate) fn load(&self, digest: &str) -> Option<Component> {
        let folder = self.folder();
        if !is_private(&folder) {
            return None;
        }
        let entry = std::fs::read(folder.join(digest)).ok()?;
        let (stated, code) = entry.split_at_checked(DIGEST)?;
        if Sha256::digest(code).as_slice() != stated {
            return None;
        }
        deserialize(code)
    }

    /// Keeps a compiled component. Failing to is no error: the next run compiles again.
    pub(crate) fn store(&self, digest: &str, component: &Component) {
        let Ok(code) = component.serialize() else { return };
        let folder = self.folder();
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        if made.is_err() || !is_private(&folder) {
            return;
        }
        let Ok(mut file) = tempfile::NamedTempFile::new_in(&folder) else { return };
        let written = file.write_all(&Sha256::digest(&code)).and_then(|()| file.write_all(&code));
        if written.is_ok() {
            let _ = file.persist(folder.join(digest));
        }
    }

    /// One folder per compiler: another version or setting never meets this one's code.
    fn folder(&self) -> PathBuf {
        let mut hasher = Hash256(Sha256::new());
        engine().precompile_compatibility_hash().hash(&mut hasher);
        let key: String = hasher.0.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(key)
    }
}

/// A real folder of this user's that nobody else can write to.
fn is_private(folder: &Path) -> bool {
    let Ok(metadata) = std::fs::symlink_metadata(folder) else { return false };
    let own = std::fs::metadata("/proc/self").map(|process| process.uid());
    metadata.is_dir() && metadata.mode() & 0o022 == 0 && own.is_ok_and(|uid| uid == metadata.uid())
}

#[allow(unsafe_code)]
fn deserialize(code: &[u8]) -> Option<Component> {
    // SAFETY: the bytes were written by `store` of this user's process, into a folder nobody else can write to, and their digest was
    // just checked; wasmtime itself refuses code of another version.
    unsafe { Component::deserialize(engine(), code) }.ok()
}

/// SHA-256 as a hasher, so that the folder's name does not change from build to build.
struct Hash256(Sha256);

impl Hasher for Hash256 {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

//! Names, addresses and where things lie: the facts every other file agrees on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The operator's end of the bridge; the registry listens here.
pub const BRIDGE_ADDRESS: &str = "10.77.0.1";
/// The addresses of the two hosts with an app role.
pub const APP_HOSTS: [&str; 2] = ["10.77.0.11", "10.77.0.12"];
/// The address of the host that only has accessories.
pub const ACCESSORY_HOST: &str = "10.77.0.13";

/// What a host is called, as a host name and as a network namespace, and the name of its cable's end on the bridge.
pub const HOSTS: [(&str, &str, &str); 3] = [
    ("sextant-app-1", APP_HOSTS[0], "sx-app-1"),
    ("sextant-app-2", APP_HOSTS[1], "sx-app-2"),
    ("sextant-accessory", ACCESSORY_HOST, "sx-accessory"),
];

/// The fleet's own directory.
///
/// `keep/` holds what is slow to make or must stay the same (keys, certificates, buildx, built programs) and survives
/// [`crate::Fleet::down`]; `run/` holds all else.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn new() -> Self {
        Self { root: PathBuf::from("/var/tmp/sextant-fleet") }
    }

    pub fn create(&self) -> Result<()> {
        for directory in [self.keep(""), self.run("")] {
            make_directory(&directory)?;
        }
        // The client's key lies here, and ssh refuses keys others can read.
        fs::set_permissions(&self.root, fs::Permissions::from_mode(0o700)).map_err(Error::file("protect", &self.root))
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn keep(&self, name: &str) -> PathBuf {
        self.root.join("keep").join(name)
    }

    pub fn run(&self, name: &str) -> PathBuf {
        self.root.join("run").join(name)
    }
}

/// Makes a directory and those above it.
pub fn make_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(Error::file("make", path))
}

/// Writes a file and the directories above it.
pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    if let Some(parent) = path.parent() {
        make_directory(parent)?;
    }
    fs::write(path, text).map_err(Error::file("write", path))
}

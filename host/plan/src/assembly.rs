//! An image put together from files, as a plugin describes it.

use serde::{Deserialize, Serialize};

/// An image made of files of the project, without a Dockerfile and without running anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageAssembly {
    /// Its names, with registry and tag; at least one.
    pub names: Vec<String>,
    /// The platform: `linux/amd64`.
    pub platform: String,
    /// The image it begins as; empty if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What is put into it, in order.
    pub files: Vec<AssembledFile>,
    /// Words that a container runs.
    pub entrypoint: Vec<String>,
    /// Words after the entry point.
    pub command: Vec<String>,
    /// Variables: name, value.
    pub environment: Vec<(String, String)>,
    /// Where the program starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    /// `USER[:GROUP]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Ports that the program listens on.
    pub ports: Vec<u16>,
    /// Labels: name, value.
    pub labels: Vec<(String, String)>,
}

/// A file or folder of the project, and its place in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssembledFile {
    /// Path relative to the project.
    pub source: String,
    /// Absolute path in the image.
    pub path: String,
    /// The mode of files; absent keeps theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

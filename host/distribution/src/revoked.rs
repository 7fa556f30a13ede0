//! Digests that nobody may use any more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::DistributionError;
use crate::lock::is_digest;

/// The revoked digests of some files, each with its reason and its file.
#[derive(Debug, Default)]
pub(crate) struct Revoked(BTreeMap<String, (String, PathBuf)>);

impl Revoked {
    /// Reads files of one `sha256:… reason` per line. A file that is not there revokes nothing, one that cannot be read is an error.
    pub fn read(files: &[PathBuf]) -> Result<Self, DistributionError> {
        let mut revoked = Self::default();
        for file in files {
            match std::fs::read_to_string(file) {
                Ok(text) => revoked.add(file, &text)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(DistributionError::Machine { path: file.clone(), reason: error.to_string() });
                }
            }
        }
        Ok(revoked)
    }

    fn add(&mut self, file: &Path, text: &str) -> Result<(), DistributionError> {
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (digest, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            if !is_digest(digest) {
                return Err(DistributionError::Revocations {
                    file: file.to_path_buf(),
                    line: number + 1,
                    text: digest.to_string(),
                });
            }
            let reason = if reason.trim().is_empty() { "no reason is given" } else { reason.trim() };
            self.0.insert(digest.to_string(), (reason.to_string(), file.to_path_buf()));
        }
        Ok(())
    }

    /// Refuses a digest that is revoked.
    pub fn refuse(&self, plugin: &str, digest: &str) -> Result<(), DistributionError> {
        match self.0.get(digest) {
            None => Ok(()),
            Some((reason, file)) => Err(DistributionError::Revoked {
                plugin: plugin.to_string(),
                digest: digest.to_string(),
                reason: reason.clone(),
                file: file.clone(),
            }),
        }
    }
}

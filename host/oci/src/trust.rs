//! Whom a connection to a registry trusts.

use std::path::{Path, PathBuf};

use oci_client::client::{Certificate, CertificateEncoding};

use crate::OciError;

/// The certificates that docker has on this machine, beside those of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    folder: PathBuf,
}

impl Default for Trust {
    /// Docker's own place for them.
    fn default() -> Self {
        Self::in_folder("/etc/docker/certs.d")
    }
}

impl Trust {
    /// Certificates in another folder of that shape: `FOLDER/HOST:PORT/ca.crt`.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Every `*.crt` that is laid out for a server, as docker takes them.
    pub(crate) fn certificates(&self, server: &str) -> Result<Vec<Certificate>, OciError> {
        let Ok(entries) = std::fs::read_dir(self.folder.join(server)) else { return Ok(Vec::new()) };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "crt"));
        paths.sort();
        paths.iter().map(|path| certificate(path)).collect()
    }
}

fn certificate(path: &Path) -> Result<Certificate, OciError> {
    let data = std::fs::read(path)
        .map_err(|error| OciError::Certificate { path: path.to_path_buf(), reason: error.to_string() })?;
    Ok(Certificate { encoding: CertificateEncoding::Pem, data })
}

/// Whether a server is this machine, where docker does without TLS.
pub(crate) fn is_here(server: &str) -> bool {
    let host = match server.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => host,
        _ => server,
    };
    host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for server in ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"] {
            assert!(is_here(server), "{server}");
        }
        for server in ["ghcr.io", "localhost.example.com:5000", "10.77.0.1:5000", "[::2]:5000"] {
            assert!(!is_here(server), "{server}");
        }
    }
}

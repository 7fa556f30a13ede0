//! Whom a connection to a registry trusts.

use std::path::{Path, PathBuf};

use oci_client::client::{Certificate, CertificateEncoding};

use crate::OciError;

/// The certificates that docker has on this machine, beside those of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    folders: Vec<PathBuf>,
}

impl Default for Trust {
    /// The machine's own place for them.
    fn default() -> Self {
        Self::of_docker(None)
    }
}

impl Trust {
    /// Docker's own places for them: the machine's, and that of a docker which runs without root in this home.
    pub fn of_docker(home: Option<&Path>) -> Self {
        let own = home.map(|home| home.join(".config/docker/certs.d"));
        Self { folders: own.into_iter().chain([PathBuf::from("/etc/docker/certs.d")]).collect() }
    }

    /// Certificates in another folder of that shape: `FOLDER/HOST:PORT/ca.crt`.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folders: vec![folder.into()] }
    }

    /// Every `*.crt` that is laid out for a server, as docker takes them.
    pub(crate) fn certificates(&self, server: &str) -> Result<Vec<Certificate>, OciError> {
        let entries = self.folders.iter().filter_map(|folder| std::fs::read_dir(folder.join(server)).ok());
        let mut paths: Vec<PathBuf> = entries.flatten().flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "crt"));
        paths.sort();
        paths.iter().map(|path| certificate(path)).collect()
    }
}

fn certificate(path: &Path) -> Result<Certificate, OciError> {
    let wrong = |reason: String| OciError::Certificate { path: path.to_path_buf(), reason };
    let data = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    if !String::from_utf8_lossy(&data).contains("-----BEGIN CERTIFICATE-----") {
        return Err(wrong("it is no certificate in PEM".to_string()));
    }
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

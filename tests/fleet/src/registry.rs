//! A private container registry on the bridge: TLS, a password, nothing in it at first but the accessory's image.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{command, run, wait_until};
use crate::daemon::Daemon;
use crate::layout::{BRIDGE_ADDRESS, Layout, make_directory, write};
use crate::{Error, Result};

const PORT: u16 = 5000;
const USERNAME: &str = "fleet";
const PASSWORD: &str = "pass-of-the-fleets-registry";

/// How to reach the registry.
#[derive(Debug, Clone)]
pub struct Registry {
    /// `address:port`, as it stands in image names.
    pub address: String,
    /// Who may push and pull.
    pub username: String,
    /// With which password.
    pub password: String,
    /// The certificate it shows, which signs itself.
    pub ca: PathBuf,
}

/// Something a client asked of the registry, as its log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRequest {
    /// The client's address; the bridge's own for the operator.
    pub client: String,
    /// `GET`, `HEAD`, `PUT`, ….
    pub method: String,
    /// `/v2/fleet/sample/manifests/…`.
    pub path: String,
    /// The answer's code: 401 without a login.
    pub status: u16,
}

impl RegistryRequest {
    /// Whether it was to leave something in the registry.
    pub fn pushes(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD")
    }

    /// `10.77.0.11 - - [22/Nov/2026:03:39:32 +0000] "GET /v2/ HTTP/1.1" 200 …`; other lines are no requests.
    fn read(line: &str) -> Option<Self> {
        let (client, rest) = line.split_once(" - ")?;
        let mut words = rest.split_once('"')?.1.split(' ');
        let (method, path, _) = (words.next()?, words.next()?, words.next()?);
        let status = words.next()?.parse().ok()?;
        Some(Self { client: client.to_owned(), method: method.to_owned(), path: path.to_owned(), status })
    }
}

/// Returns everything that was asked of the registry since it started, oldest first.
pub(crate) fn requests(layout: &Layout) -> Result<Vec<RegistryRequest>> {
    let log = layout.run("registry/log");
    let text = fs::read_to_string(&log).map_err(Error::file("read", &log))?;
    Ok(text.lines().filter_map(RegistryRequest::read).collect())
}

/// Returns how to reach the registry of a fleet.
pub(crate) fn registry(layout: &Layout) -> Registry {
    Registry {
        address: format!("{BRIDGE_ADDRESS}:{PORT}"),
        username: USERNAME.into(),
        password: PASSWORD.into(),
        ca: layout.keep("registry/server.crt"),
    }
}

/// Makes the certificate and the password file, once.
pub(crate) fn prepare(layout: &Layout) -> Result<()> {
    make_directory(&layout.keep("registry"))?;
    let certificate = layout.keep("registry/server.crt");
    if !certificate.exists() {
        let mut openssl =
            command(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        openssl.args([
            "-days",
            "3650",
            "-subj",
            "/CN=sextant-fleet",
            "-addext",
            &format!("subjectAltName=IP:{BRIDGE_ADDRESS}"),
            // A server's own certificate: not every client takes one that could sign others.
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ]);
        run(openssl.arg("-keyout").arg(layout.keep("registry/key.pem")).arg("-out").arg(&certificate))?;
    }
    let passwords = run(&mut command(["htpasswd", "-Bbn", USERNAME, PASSWORD]))?;
    write(&layout.keep("registry/htpasswd"), passwords + "\n")
}

/// Writes the directory that makes a docker engine trust the registry, as it stands under `/etc/docker`.
pub(crate) fn lay_out_trust(layout: &Layout, certs_d: &Path) -> Result<()> {
    let registry = registry(layout);
    let certificate = fs::read(&registry.ca).map_err(Error::file("read", &registry.ca))?;
    write(&certs_d.join(&registry.address).join("ca.crt"), certificate)
}

/// Starts the registry and waits until it accepts connections.
pub(crate) fn start(layout: &Layout) -> Result<()> {
    let directory = layout.run("registry");
    make_directory(&directory.join("data"))?;
    let configuration = directory.join("config.yml");
    let text = include_str!("registry.yml")
        .replace("@DATA@", &directory.join("data").to_string_lossy())
        .replace("@ADDRESS@", &registry(layout).address)
        .replace("@KEEP@", &layout.keep("registry").to_string_lossy());
    write(&configuration, text)?;
    let daemon = daemon(layout);
    let mut serve = command(["docker-registry", "serve"]);
    daemon.start(serve.arg(&configuration))?;
    let limit = Duration::from_secs(20);
    if wait_until(limit, || TcpStream::connect((BRIDGE_ADDRESS, PORT)).is_ok()) {
        return Ok(());
    }
    Err(Error::Silent { what: "the registry".into(), seconds: limit.as_secs(), log: daemon.log_tail() })
}

/// The process, to look after it.
pub(crate) fn daemon(layout: &Layout) -> Daemon {
    Daemon::new(layout.run("registry/pid"), layout.run("registry/log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_tells_who_asked_what() {
        let line = r#"10.77.0.12 - - [22/Nov/2026:03:39:32 +0000] "GET /v2/fleet/sample/manifests/1 HTTP/1.1" 200 940 "" "docker/20""#;
        let request = RegistryRequest::read(line).unwrap();
        let path = "/v2/fleet/sample/manifests/1";
        assert_eq!((request.client.as_str(), request.path.as_str(), request.status), ("10.77.0.12", path, 200));
        assert!(!request.pushes());
        assert_eq!(RegistryRequest::read(r#"time="2026-11-22" level=info msg="response - completed""#), None);
    }
}

//! Registries for the tests: our own for a run, and Debian's with a password and a certificate.

#![allow(dead_code)] // not every test needs everything

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use oci::{Login, Name, OciError, Publisher, Registry, Trust};
use serde_json::Value;
use tempfile::TempDir;

/// A registry that lets anybody in, on a free port.
pub struct Open {
    pub server: String,
    pub folder: TempDir,
}

impl Open {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap().to_string();
        tokio::spawn(local_registry::serve(Arc::new(local_registry::Store::open(folder.path()).unwrap()), listener));
        Self { server, folder }
    }

    pub fn publisher(&self, project: &Path) -> Publisher {
        Publisher { project: project.to_path_buf(), login: None, trust: Trust::in_folder("/nonexistent") }
    }

    pub fn registry(&self) -> Registry {
        Registry::new(&self.server, None, &Trust::in_folder("/nonexistent")).unwrap()
    }
}

/// The manifest and the configuration of an image.
pub async fn image(registry: &Registry, name: &str) -> (Value, Value) {
    let name = Name::parse(name).unwrap();
    let types = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"];
    let manifest = registry.manifest(&name, &types).await.unwrap();
    let manifest: Value = serde_json::from_slice(&manifest.bytes).unwrap();
    let digest = manifest["config"]["digest"].as_str().unwrap_or_default().to_string();
    let config = match digest.as_str() {
        "" => Value::Null,
        digest => serde_json::from_slice(&registry.blob(&name, digest, 1 << 20).await.unwrap()).unwrap(),
    };
    (manifest, config)
}

/// What a layer of an image holds: mode, owner, path and content or target, a line each.
pub async fn layer(registry: &Registry, name: &str, number: usize) -> String {
    let (manifest, _) = image(registry, name).await;
    let digest = manifest["layers"][number]["digest"].as_str().unwrap().to_string();
    let bytes = registry.blob(&Name::parse(name).unwrap(), &digest, 1 << 24).await.unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_ref()));
    let mut lines = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = String::new();
        std::io::Read::read_to_string(&mut entry, &mut content).unwrap();
        let header = entry.header();
        let (mode, owner, time) = (header.mode().unwrap(), header.uid().unwrap(), header.mtime().unwrap());
        let target = entry.link_name().unwrap().map(|target| format!(" -> {}", target.display())).unwrap_or_default();
        let path = entry.path().unwrap().display().to_string();
        lines += format!("{mode:o} {owner} {time} {path}{target} {content}").trim_end();
        lines.push('\n');
    }
    lines
}

/// Debian's registry, which asks for a password.
pub struct Private {
    pub server: String,
    pub folder: TempDir,
    process: Child,
}

impl Private {
    /// Starts one, or says why the test cannot run. With `SEXTANT_NO_SKIP=1` that is a failure.
    #[allow(clippy::print_stderr)]
    pub fn start(with_tls: bool) -> Option<Self> {
        let needed = ["/usr/bin/docker-registry", "/usr/bin/htpasswd", "/usr/bin/openssl"];
        if let Some(program) = needed.into_iter().find(|program| !Path::new(program).exists()) {
            let may_skip = std::env::var_os("SEXTANT_NO_SKIP").is_none_or(|value| value != "1");
            assert!(may_skip, "SEXTANT_NO_SKIP=1, and {program} is not installed");
            eprintln!("skipped: {program} is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = format!("127.0.0.1:{port}");
        let place = folder.path().display().to_string();
        let passwords = run("htpasswd", &["-Bbn", "dev", "the-registrys-password"]);
        fs::write(folder.path().join("htpasswd"), passwords).unwrap();
        let mut tls = String::new();
        if with_tls {
            let certificates = folder.path().join("certs.d").join(&server);
            fs::create_dir_all(&certificates).unwrap();
            let (key, certificate) = (format!("{place}/key.pem"), certificates.join("ca.crt").display().to_string());
            let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test \
                         -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -keyout";
            let mut words: Vec<&str> = words.split_whitespace().collect();
            words.extend([key.as_str(), "-out", &certificate]);
            run("openssl", &words);
            tls = format!("  tls: {{ certificate: {certificate}, key: {key} }}\n");
        }
        let configuration = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {place}/data }} }}\n\
             http:\n  addr: {server}\n{tls}auth: {{ htpasswd: {{ realm: test, path: {place}/htpasswd }} }}\n"
        );
        fs::write(folder.path().join("config.yml"), configuration).unwrap();
        let process = Command::new("docker-registry")
            .args(["serve", &format!("{place}/config.yml")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while std::net::TcpStream::connect(&server).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "the registry does not answer");
            std::thread::yield_now();
        }
        Some(Self { server, folder, process })
    }

    pub fn login(&self, password: &str) -> Login {
        Login { username: "dev".into(), password: password.into() }
    }

    pub fn trust(&self) -> Trust {
        Trust::in_folder(self.folder.path().join("certs.d"))
    }

    pub fn registry(&self, login: Option<&Login>) -> Result<Registry, OciError> {
        Registry::new(&self.server, login, &self.trust())
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a program prints.
pub fn run(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output().unwrap();
    assert!(output.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

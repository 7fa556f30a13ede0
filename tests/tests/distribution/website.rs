//! A site with files, over TLS, with a certificate that only those trust who are told to.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::registry::skip;

pub struct Website {
    pub address: String,
    child: Child,
    folder: tempfile::TempDir,
}

impl Website {
    /// Starts one; nothing where openssl is not installed, which is told, and in CI is a failure.
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let authority = ["-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt"];
        let own = ["-subj", "/CN=site", "-keyout", "site.key", "-out", "site.crt", "-CA", "ca.crt", "-CAkey", "ca.key"];
        let names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
        if !openssl(folder.path(), &[&["req", "-x509"], &key[..], &authority].concat()) {
            skip("openssl cannot be run");
            return None;
        }
        assert!(openssl(folder.path(), &[&["req", "-x509"], &key[..], &own, &names].concat()));
        let address = TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a free port");
        let child = Command::new("openssl")
            .current_dir(folder.path())
            .args(["s_server", "-quiet", "-WWW", "-cert", "site.crt", "-key", "site.key", "-accept"])
            .arg(address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl can be run");
        let limit = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < limit, "the site does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { address: address.to_string(), child, folder })
    }

    /// Puts a file there.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).expect("a file");
    }

    /// The file with the certificate to trust.
    pub fn authority(&self) -> String {
        self.folder.path().join("ca.crt").display().to_string()
    }
}

impl Drop for Website {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn openssl(folder: &Path, words: &[&str]) -> bool {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(words).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

//! A real registry on this machine, for the time of a test: docker's own, as Debian packages it.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A registry, without a login unless it is private, over plain HTTP, as docker allows it on the own machine.
pub struct Registry {
    pub address: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// Starts one; nothing where it is not installed, which is told, and in CI is a failure.
    pub fn start() -> Option<Self> {
        Self::start_with(|_| String::new())
    }

    /// Starts one that lets nobody in but a user `me` with the password `pass`.
    pub fn start_private() -> Option<Self> {
        Self::start_with(|folder| {
            let made = Command::new("htpasswd").args(["-Bbn", "me", "pass"]).output();
            let made = made.expect("htpasswd can be run: cargo xtask test installs it with the registry");
            let file = folder.join("htpasswd");
            std::fs::write(&file, made.stdout).expect("a file");
            format!("auth: {{ htpasswd: {{ realm: test, path: '{}' }} }}\n", file.display())
        })
    }

    fn start_with(more: impl Fn(&Path) -> String) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a free port");
        let text = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: '{}' }} }}\nhttp: {{ addr: '{address}' }}\n",
            folder.path().join("data").display()
        );
        let configuration = folder.path().join("config.yml");
        std::fs::write(&configuration, text + &more(folder.path())).expect("a file");
        let child = serve(&configuration)?;
        let limit = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < limit, "the registry does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { address: address.to_string(), child, _folder: folder })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(configuration: &Path) -> Option<Child> {
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(configuration).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            skip(&format!("docker-registry cannot be run: {error}"));
            None
        }
    }
}

/// Says what a test lacks and therefore leaves out. Where nothing may be left out, that is a failure.
pub fn skip(reason: &str) {
    use std::io::Write;
    let must = ["SEXTANT_NO_SKIP", "CI"].iter().any(|name| std::env::var_os(name).is_some());
    assert!(!must, "{reason}");
    let _ = writeln!(std::io::stderr(), "skipped: {reason}; `cargo xtask test` installs it");
}

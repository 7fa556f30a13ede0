//! Machines for the tests: this one, and a host whose sshd the test starts on a loopback address of its own.

#![allow(clippy::print_stdout, reason = "a skipped test says why")]
#![allow(dead_code, reason = "each test file uses its own part")]

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use commands::{Command as Line, Machine};
use secrecy::SecretString;
use tempfile::TempDir;
use transport::{Interrupts, Machines, Progress, Report, SecretValues, SshSettings, Stream, Task, Transport};

/// One private sshd.
pub struct Server {
    pub directory: TempDir,
    pub host: String,
    pub port: u16,
    sshd: Child,
}

impl Server {
    /// Starts one, or says why this test cannot run. With `SEXTANT_NO_SKIP=1` that is a failure.
    pub fn start() -> Option<Self> {
        // A forwarded agent's folder in /tmp would outlive a session that is killed.
        Self::start_with("AllowAgentForwarding no")
    }

    /// Starts one with one more line of sshd's settings.
    pub fn start_with(line: &str) -> Option<Self> {
        match Self::missing() {
            None => Some(Self::start_now(line)),
            Some(reason) if std::env::var_os("SEXTANT_NO_SKIP").is_some_and(|value| value == "1") => {
                panic!("SEXTANT_NO_SKIP=1, and {reason}")
            }
            Some(reason) => {
                println!("skipped: {reason}");
                None
            }
        }
    }

    fn missing() -> Option<String> {
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        let needed = ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen"];
        let absent = needed.into_iter().find(|program| !Path::new(program).exists());
        match (is_root, absent) {
            (false, _) => Some("starting a private sshd needs root".to_string()),
            (true, Some(program)) => Some(format!("{program} is not installed")),
            (true, None) => None,
        }
    }

    fn start_now(line: &str) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let host = format!("127.0.{}.1", 100 + NEXT.fetch_add(1, Ordering::Relaxed));
        let port = TcpListener::bind((host.as_str(), 0)).unwrap().local_addr().unwrap().port();
        let directory = tempfile::Builder::new().prefix("sshd-").tempdir().unwrap();
        std::fs::create_dir_all("/run/sshd").unwrap();
        for key in ["host_key", "client_key", "other_key"] {
            keygen(&directory.path().join(key));
        }
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::copy(path("client_key.pub"), path("authorized_keys")).unwrap();
        let lines = [
            format!("ListenAddress {host}:{port}"),
            format!("HostKey {}", path("host_key")),
            format!("AuthorizedKeysFile {}", path("authorized_keys")),
            "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\nPasswordAuthentication no\nLogLevel VERBOSE"
                .to_string(),
            line.to_string(),
        ];
        std::fs::write(path("sshd_config"), lines.join("\n")).unwrap();
        std::fs::write(path("ssh_config"), format!("UserKnownHostsFile {}\n", path("known_hosts"))).unwrap();
        let sshd = Self::spawn(directory.path());
        let server = Self { directory, host, port, sshd };
        server.wait_until_listening();
        server
    }

    fn spawn(directory: &Path) -> Child {
        Command::new("/usr/sbin/sshd")
            .arg("-D")
            .arg("-f")
            .arg(directory.join("sshd_config"))
            .arg("-E")
            .arg(directory.join("log"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn wait_until_listening(&self) {
        while !self.log().contains("Server listening") {
            std::thread::yield_now();
        }
    }

    /// Starts over with another host key.
    pub fn change_host_key(&mut self) {
        self.sshd.kill().unwrap();
        self.sshd.wait().unwrap();
        for name in ["host_key", "host_key.pub", "log"] {
            std::fs::remove_file(self.directory.path().join(name)).unwrap();
        }
        keygen(&self.directory.path().join("host_key"));
        self.sshd = Self::spawn(self.directory.path());
        self.wait_until_listening();
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    pub fn connections(&self) -> usize {
        self.log().matches("Accepted publickey").count()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Settings that reach this server and read nothing of the user's.
    pub fn settings(&self) -> SshSettings {
        settings(self.directory.path(), self.port)
    }

    pub fn machine(&self) -> Machine {
        Machine::Host(self.host.clone())
    }

    pub fn machines(&self) -> Machines {
        Machines::new("/", self.settings(), secrets())
    }
}

/// Settings that reach the server whose files lie here.
pub fn settings(directory: &Path, port: u16) -> SshSettings {
    SshSettings {
        user: Some("root".to_string()),
        port: Some(port),
        keys: vec![directory.join("client_key")],
        keys_only: true,
        config_files: Some(vec![directory.join("ssh_config")]),
        dns_retries: 0,
        ..SshSettings::default()
    }
}

/// Writes a program that stands in for ssh: a shell script whose last line is usually `exec /usr/bin/ssh "$@"`.
pub fn program(path: &Path, script: &str) -> String {
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

fn keygen(path: &Path) {
    let done = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status().unwrap();
    assert!(done.success());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub fn secrets() -> SecretValues {
    [("PASSWORD", "hunter22-hunter22"), ("PEM", "-----BEGIN KEY-----\nbase+line/one\n-----END KEY-----\n")]
        .map(|(name, value)| (name.to_string(), SecretString::from(value)))
        .into()
}

/// A machine and the way to it.
pub struct Rig {
    pub machines: Machines,
    pub machine: Machine,
    /// Keeps the server alive.
    pub server: Option<Server>,
}

impl Rig {
    pub async fn run(&self, tasks: &[Task]) -> Report {
        self.machines.run(&self.machine, tasks, &Interrupts::new(), &mut |_| {}).await
    }

    /// Runs the tasks and returns what was told, one line each.
    pub async fn told(&self, tasks: &[Task]) -> (Report, Vec<String>) {
        let mut told = Vec::new();
        let report = self
            .machines
            .run(&self.machine, tasks, &Interrupts::new(), &mut |progress| told.push(words(progress)))
            .await;
        (report, told)
    }
}

pub fn words(progress: Progress<'_>) -> String {
    match progress {
        Progress::Started { task } => format!("{task} started"),
        Progress::Output { task, stream: Stream::Stdout, line } => format!("{task} > {line}"),
        Progress::Output { task, stream: Stream::Stderr, line } => format!("{task} ! {line}"),
        Progress::Ended { task, outcome } => format!("{task} ended {}", outcome.exit),
    }
}

/// This machine, and a host where one can be had.
pub fn rigs() -> Vec<Rig> {
    let local =
        Rig { machines: Machines::new("/", SshSettings::default(), secrets()), machine: Machine::Local, server: None };
    let host = Server::start().map(|server| Rig {
        machines: server.machines(),
        machine: server.machine(),
        server: Some(server),
    });
    std::iter::once(local).chain(host).collect()
}

pub fn task(line: &str) -> Task {
    Task::new(Line::new(line))
}

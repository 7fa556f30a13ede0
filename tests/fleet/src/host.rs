//! One server of the fleet: boot it, run things on it, count who connected, break it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::command::{command, start_error, wait_until};
use crate::daemon::{Daemon, PATH};
use crate::layout::{Layout, make_directory, write};
use crate::{Error, Result, network, operator, registry};

const BOOT: &str = include_str!("boot.sh");
const DOCKER: &str = "/usr/bin/docker";
const DOCKER_AWAY: &str = "/usr/bin/docker.away";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server: network namespace, file system, sshd (user root, key only) and docker engine of its own.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its host name.
    pub name: String,
    /// Its IPv4 address.
    pub address: String,
    cable: String,
    layout: Layout,
    first_process: Daemon,
}

/// What a command line on a host came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; 128 + signal when a signal ended it.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// Something a docker engine did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `container`, `image`, `network`, `volume`.
    pub kind: String,
    /// `create`, `start`, `die`, `exec_start: kamal-proxy deploy …`.
    pub action: String,
    /// The name of the container, image, … it happened to.
    pub name: String,
    /// When, in nanoseconds since 1970. All hosts share one clock.
    pub at: u64,
}

impl Host {
    pub(crate) fn new(layout: &Layout, (name, address, cable): (&str, &str, &str)) -> Self {
        let directory = layout.run(&format!("hosts/{name}"));
        Self {
            name: name.into(),
            address: address.into(),
            cable: cable.into(),
            layout: layout.clone(),
            first_process: Daemon::new(directory.join("pid"), directory.join("log/boot.log")),
        }
    }

    /// Runs a shell line on the host as root, as if typed at its console: no ssh involved.
    pub fn exec(&self, line: &str) -> Result<Output> {
        self.exec_with_input(line, &[])
    }

    /// Like [`Host::exec`], with bytes on its stdin.
    pub fn exec_with_input(&self, line: &str, input: &[u8]) -> Result<Output> {
        let pid = self
            .pid()
            .ok_or_else(|| Error::Failed { command: line.into(), output: format!("{} is off", self.name) })?;
        let mut command = command(["nsenter", "--mount", "--uts", "--ipc", "--net", "--pid", "--wdns=/root"]);
        command.args(["--target", &pid.to_string(), "sh", "-c", line]);
        command.env_clear().env("HOME", "/root").env("USER", "root").env("LANG", "C.UTF-8").env("PATH", PATH);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| start_error(&command, source))?;
        let mut stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.take().map(|mut stdin| stdin.write_all(input)));
            child.wait_with_output()
        });
        let output = output.map_err(|source| start_error(&command, source))?;
        Ok(Output {
            code: output.status.code().unwrap_or(128),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs a shell line that has to succeed, and returns its trimmed stdout.
    pub fn sh(&self, line: &str) -> Result<String> {
        let output = self.exec(line)?;
        if output.code == 0 {
            return Ok(output.stdout.trim().to_owned());
        }
        let said = format!("exit code {} on {}: {}{}", output.code, self.name, output.stderr, output.stdout);
        Err(Error::Failed { command: line.into(), output: said.trim().into() })
    }

    /// Asks the host's port 80 for a path and returns the answer's body; anything but 200 is an error.
    pub fn get(&self, path: &str) -> std::result::Result<String, String> {
        let limit = Duration::from_secs(5);
        let exchange = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect_timeout(&self.socket_address(80), limit)?;
            stream.set_read_timeout(Some(limit))?;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = exchange().map_err(|error| error.to_string())?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
            _ => Err(answer.lines().next().unwrap_or("empty answer").to_owned()),
        }
    }

    fn socket_address(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address.parse().expect("hosts have IPv4 addresses"), port)
    }
}

/// Counting: sshd writes a line for each connection and each session.
impl Host {
    /// How many ssh connections were accepted since the counts were reset.
    pub fn ssh_connections(&self) -> usize {
        self.count_in_ssh_log("Accepted publickey")
    }

    /// How many sessions (one per command, shell or file transfer) were started since the counts were reset.
    pub fn ssh_sessions(&self) -> usize {
        self.count_in_ssh_log("Starting session")
    }

    /// Starts both ssh counts from zero.
    pub fn reset_ssh_counts(&self) -> Result<()> {
        write(&self.log("sshd.log"), "") // sshd appends, so it goes on at the new end
    }

    fn count_in_ssh_log(&self, words: &str) -> usize {
        let log = fs::read(self.log("sshd.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).lines().filter(|line| line.contains(words)).count()
    }

    /// What the docker engine did since that moment, oldest first. It remembers the last 256 events only.
    pub fn docker_events_since(&self, moment: SystemTime) -> Result<Vec<Event>> {
        let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let until = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let line = format!(
            "docker events --since {}.{:09} --until {}.{:09} --format '{{{{.Type}}}}\t{{{{.Action}}}}\t{{{{.TimeNano}}}}\t{{{{.Actor.Attributes.name}}}}'",
            since.as_secs(),
            since.subsec_nanos(),
            until.as_secs(),
            until.subsec_nanos()
        );
        let text = self.sh(&line)?;
        let event = |line: &str| {
            let mut fields = line.split('\t');
            let (kind, action) = (fields.next()?.to_owned(), fields.next()?.to_owned());
            let at = fields.next()?.parse().ok()?;
            Some(Event { kind, action, at, name: fields.next()?.replace("<no value>", "") })
        };
        Ok(text.lines().filter_map(event).collect())
    }
}

/// Breaking things, and mending them.
impl Host {
    /// Pulls the network cable: packets in both directions are lost.
    pub fn cut(&self) -> Result<()> {
        network::set_cable(&self.cable, false)
    }

    /// Plugs the network cable in again.
    pub fn restore(&self) -> Result<()> {
        network::set_cable(&self.cable, true)
    }

    /// Stops the docker engine the orderly way, and its containers with it.
    pub fn stop_docker(&self) -> Result<()> {
        self.end_docker("TERM")
    }

    /// Kills the docker engine; containers go on until it is started again.
    ///
    /// A new engine then stops those it finds alive and counts that as stopped by hand: even `--restart unless-stopped`
    /// ones stay down until somebody starts them. That is how docker 20.10 is.
    pub fn kill_docker(&self) -> Result<()> {
        self.end_docker("KILL")
    }

    fn end_docker(&self, signal: &str) -> Result<()> {
        self.exec(&format!("pkill -{signal} -x dockerd; while pgrep -x dockerd >/dev/null; do sleep 0.02; done"))
            .map(drop)
    }

    /// Starts the docker engine if it does not run, and waits until it answers.
    pub fn start_docker(&self) -> Result<()> {
        self.exec("pgrep -x dockerd >/dev/null || start-docker &")?;
        self.await_docker()
    }

    /// Ends every process on the host at once, as a power failure would. Disks keep their content.
    pub fn power_off(&self) {
        self.first_process.kill();
    }

    /// Boots the host and waits until sshd and docker answer.
    pub fn power_on(&self) -> Result<()> {
        self.boot()?;
        self.await_answers()
    }

    /// Removes the docker credentials of the host's user: nobody ever logged in to a registry here.
    pub fn forget_login(&self) -> Result<()> {
        self.sh("rm -f ~/.docker/config.json").map(drop)
    }

    /// Takes the `docker` program away, or puts it back; the engine goes on.
    pub fn set_docker_installed(&self, installed: bool) -> Result<()> {
        let (from, to) = if installed { (DOCKER_AWAY, DOCKER) } else { (DOCKER, DOCKER_AWAY) };
        self.sh(&format!("[ ! -e {from} ] || mv {from} {to}")).map(drop)
    }

    /// Lets packets to the registry through, or refuses them.
    pub fn set_registry_reachable(&self, reachable: bool) -> Result<()> {
        let rule = "OUTPUT --protocol tcp --dport 5000 --jump REJECT";
        let line =
            if reachable { format!("iptables -D {rule} 2>/dev/null || true") } else { format!("iptables -I {rule}") };
        self.sh(&line).map(drop)
    }

    /// Gives sshd another host key, as a server that was set up anew has.
    pub fn change_host_key(&self) -> Result<()> {
        self.sh("rm -f /tmp/other-key* && ssh-keygen -q -t ed25519 -N '' -f /tmp/other-key")?;
        self.serve_host_key("/tmp/other-key")
    }

    /// Gives sshd its own host key back.
    pub fn restore_host_key(&self) -> Result<()> {
        let key = fs::read(host_key(&self.layout, &self.name)).map_err(Error::file("read", &self.directory()))?;
        self.exec_with_input("umask 077; cat > /tmp/own-key", &key)?;
        self.serve_host_key("/tmp/own-key")
    }

    fn serve_host_key(&self, file: &str) -> Result<()> {
        let installed = "/etc/ssh/fleet_host_key";
        self.sh(&format!(
            "cmp -s {file} {installed} || {{ install -m 600 {file} {installed} && pkill -HUP -o -x sshd; }}"
        ))?;
        self.await_sshd()
    }

    /// Makes the host as it was after boot: no containers, networks, volumes, files or images except the proxy's.
    pub(crate) fn reset(&self) -> Result<()> {
        self.restore()?;
        if self.pid().is_none() {
            self.power_on()?;
        }
        self.restore_host_key()?;
        self.set_registry_reachable(true)?;
        self.set_docker_installed(true)?;
        self.start_docker()?;
        self.sh(include_str!("reset.sh"))?;
        self.reset_ssh_counts()
    }
}

/// Starting, as the fleet does it.
impl Host {
    /// Lays out the host's disks and starts its first process.
    pub(crate) fn boot(&self) -> Result<()> {
        let directory = self.directory();
        for part in ["root/.ssh", "docker", "log", "stage"] {
            make_directory(&directory.join(part))?;
        }
        let keys = directory.join("root/.ssh/authorized_keys");
        let allowed = fs::read(operator::public_key(&self.layout)).map_err(Error::file("read", &keys))?;
        write(&keys, allowed)?;
        for (path, mode) in [(directory.join("root"), 0o700), (directory.join("root/.ssh"), 0o700), (keys, 0o600)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(Error::file("protect", &path))?;
        }
        registry::lay_out_trust(&self.layout, &directory.join("certs.d"))?;

        let mut boot = Command::new("nsenter");
        boot.arg(format!("--net=/run/netns/{}", self.name));
        boot.args([
            "unshare",
            "--mount",
            "--uts",
            "--ipc",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
        ]);
        let script = directory.join("boot.sh");
        write(&script, BOOT)?;
        boot.arg("sh").arg(&script).arg(&self.name).arg(&directory).arg(host_key(&self.layout, &self.name));
        self.first_process.start(&boot)
    }

    /// Waits until sshd and docker answer.
    pub(crate) fn await_answers(&self) -> Result<()> {
        self.await_sshd()?;
        self.await_docker()
    }

    fn await_sshd(&self) -> Result<()> {
        let greets = || {
            let mut greeting = [0; 4];
            let connected = TcpStream::connect_timeout(&self.socket_address(22), Duration::from_secs(1));
            connected.is_ok_and(|mut stream| {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
                stream.read_exact(&mut greeting).is_ok() && greeting == *b"SSH-"
            })
        };
        let mut dead = false;
        let up = wait_until(PATIENCE, || {
            dead = self.first_process.pid().is_none();
            dead || greets()
        });
        if dead {
            let reason = format!("{} ended while booting: {}", self.name, self.first_process.log_tail());
            return Err(Error::Forbidden { reason });
        }
        if !up {
            return Err(self.silent("sshd", self.first_process.log_tail()));
        }
        Ok(())
    }

    fn await_docker(&self) -> Result<()> {
        if wait_until(PATIENCE, || self.exec("docker version").is_ok_and(|output| output.code == 0)) {
            return Ok(());
        }
        let log = fs::read_to_string(self.log("dockerd.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        Err(self.silent("dockerd", lines[lines.len().saturating_sub(15)..].join("\n")))
    }

    fn silent(&self, what: &str, log: String) -> Error {
        Error::Silent { what: format!("{what} on {}", self.name), seconds: PATIENCE.as_secs(), log }
    }

    /// The host's first process, as this machine numbers it.
    pub(crate) fn pid(&self) -> Option<u32> {
        let outer = self.first_process.pid()?; // `unshare`, whose only child is the first process inside
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    fn directory(&self) -> PathBuf {
        self.layout.run(&format!("hosts/{}", self.name))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.directory().join("log").join(name)
    }
}

/// Where a host's ssh key is kept, so that it stays the same from one fleet to the next.
pub(crate) fn host_key(layout: &Layout, name: &str) -> PathBuf {
    layout.keep(&format!("keys/{name}"))
}

//! One connection: an `ssh` process as multiplexing master.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use commands::Machine;
use rustix::process::{Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::keeper::KeeperLink;
use super::messages;
use super::settings::{LogLevel, Ways};
use crate::local::{could_not_start, pid};
use crate::{Notices, TransportError};

/// How often we look whether the control socket is there. ssh has no other way of telling that it is connected.
const LOOK: Duration = Duration::from_millis(2);

/// How long a connection may take beyond its time limit, which ssh applies neither to proxies nor to logging in.
const SLACK: Duration = Duration::from_secs(15);

/// How long an ending process, or the news of its end, may take.
const NEWS: Duration = Duration::from_secs(2);

/// How much is kept of what ssh says.
const SAID: usize = 16 * 1024;

/// Everything that is known before a connection is made.
pub(super) struct Start {
    pub machine: Machine,
    pub program: String,
    /// The host as ssh's command line names it.
    pub word: String,
    pub configuration: PathBuf,
    /// Keys that were given as text: files that are there until the connection is.
    pub key_files: Vec<PathBuf>,
    pub ways: Ways,
    pub socket: PathBuf,
    pub connect_timeout: Duration,
    pub forward_agent: bool,
    pub log_level: LogLevel,
    pub notices: Notices,
    /// Counts the channels opened.
    pub trips: Arc<AtomicUsize>,
}

/// A live connection to a host, or one that was. Dropping it ends it.
pub(super) struct Connection {
    pub start: Arc<Start>,
    process: Arc<Process>,
    /// What ssh said, once it has ended.
    ended: watch::Receiver<Option<String>>,
    usage: Mutex<Usage>,
}

/// What a connection is used for.
struct Usage {
    /// Channels that are open, and ports that are shared for as long as the connection lasts.
    users: usize,
    /// When the last one ended.
    since: Instant,
}

/// Something a connection is used for. It is unused again when the last one is dropped.
pub(super) struct User(Arc<Connection>);

impl Drop for User {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.users -= 1;
        usage.since = Instant::now();
    }
}

/// The process group of one ssh, with its proxies.
struct Process {
    group: u32,
    alive: AtomicBool,
}

impl Connection {
    /// Starts ssh and waits until it is connected.
    pub async fn open(start: Start, keeper: &KeeperLink) -> Result<Self, TransportError> {
        let start = Arc::new(start);
        let connection = Self::launch(start.clone(), &[], keeper)?;
        match connection.connected().await {
            Err(said) if messages::could_not_ask(&said) => {
                let accept = ["-o", "StrictHostKeyChecking=accept-new"];
                let connection = Self::launch(start, &accept, keeper)?;
                connection.connected().await.map_err(|said| connection.meaning(&said))?;
                Ok(connection)
            }
            Err(said) => Err(connection.meaning(&said)),
            Ok(()) => Ok(connection),
        }
    }

    fn launch(start: Arc<Start>, more: &[&str], keeper: &KeeperLink) -> Result<Self, TransportError> {
        let mut child = start.command(more).spawn().map_err(|error| could_not_start(&start.program, &error))?;
        let process = Arc::new(Process { group: child.id().unwrap_or_default(), alive: AtomicBool::new(true) });
        keeper.began(process.group);
        let (tell, ended) = watch::channel(None);
        let (observed, keeper, heard) = (process.clone(), keeper.clone(), start.clone());
        tokio::spawn(async move {
            let said = last_words(&mut child, &heard, || {
                observed.alive.store(false, Ordering::Release);
                keeper.ended(observed.group);
            });
            let _ = tell.send(Some(said.await));
        });
        let usage = Mutex::new(Usage { users: 0, since: Instant::now() });
        Ok(Self { start, process, ended, usage })
    }

    /// Waits for the control socket, which appears when ssh is logged in; or tells what ssh said when it gave up.
    async fn connected(&self) -> Result<(), String> {
        let appears = async {
            let mut ended = self.ended.clone();
            loop {
                if let Some(said) = &*ended.borrow_and_update() {
                    return Err(said.clone());
                }
                if self.start.socket.exists() {
                    return Ok(());
                }
                tokio::select! {
                    _ = ended.changed() => {}
                    () = sleep(LOOK) => {}
                }
            }
        };
        let limit = self.start.connect_timeout + SLACK;
        timeout(limit, appears).await.unwrap_or_else(|_| Err(format!("no connection within {} s", limit.as_secs())))
    }

    pub fn is_alive(&self) -> bool {
        self.process.alive.load(Ordering::Acquire)
    }

    /// Whether it is alive, and used or not unused for too long.
    pub fn is_usable(&self, idle_timeout: Duration) -> bool {
        let usage = self.usage();
        self.is_alive() && (usage.users > 0 || usage.since.elapsed() < idle_timeout)
    }

    /// Keeps it in use until the user is dropped.
    pub fn user(self: &Arc<Self>) -> User {
        self.usage().users += 1;
        User(self.clone())
    }

    /// Keeps it in use until it ends.
    pub fn keep(&self) {
        self.usage().users += 1;
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What ssh said when it ended, if it ends within a moment.
    pub async fn last_words(&self) -> Option<String> {
        let mut ended = self.ended.clone();
        let said = timeout(NEWS, ended.wait_for(Option::is_some)).await.ok()?.ok()?;
        said.as_deref().map(messages::summary)
    }

    /// Ends ssh and waits until it is gone.
    pub async fn close(&self) {
        self.process.signal(Signal::TERM);
        if self.last_words().await.is_none() {
            self.process.signal(Signal::KILL);
            self.last_words().await;
        }
    }

    fn meaning(&self, said: &str) -> TransportError {
        messages::meaning(&self.start.machine, &self.start.ways, said)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.process.signal(Signal::TERM);
    }
}

impl Process {
    fn signal(&self, signal: Signal) {
        if self.alive.load(Ordering::Acquire)
            && let Some(group) = pid(self.group)
        {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Start {
    /// The master. What must hold whatever the configuration says stands here as options, and survives a wrapper that brings a
    /// configuration of its own; the rest is in the file.
    fn command(&self, more: &[&str]) -> Command {
        let options = [
            "ControlPersist=no",
            "BatchMode=yes",
            if self.log_level == LogLevel::Everything { "LogLevel=DEBUG" } else { "LogLevel=INFO" },
            "ServerAliveInterval=5",
            "ServerAliveCountMax=3",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "RequestTTY=no",
            "RemoteCommand=none",
            if self.forward_agent { "ForwardAgent=yes" } else { "ForwardAgent=no" },
        ];
        let mut command = Command::new(&self.program);
        command.arg("-F").arg(&self.configuration).arg("-M").arg("-S").arg(&self.socket).arg("-N");
        for option in options {
            command.args(["-o", option]);
        }
        command.arg("-o").arg(format!("ConnectTimeout={}", self.connect_timeout.as_secs().max(1)));
        command.args(more).arg(&self.word);
        // Its own process group: the terminal's Ctrl-C is for us to handle, and its proxies end with it.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

/// Waits for the process to end and returns what it wrote to standard error. Meanwhile whoever wants to hear it is told.
async fn last_words(child: &mut Child, start: &Start, gone: impl FnOnce()) -> String {
    let stderr = child.stderr.take();
    let mut said = String::new();
    let listen = async {
        let Some(pipe) = stderr else { return };
        let mut lines = BufReader::new(pipe).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line);
            if start.log_level != LogLevel::Nothing {
                start.notices.tell(&format!("ssh {}: {}", start.machine, line.trim_end()));
            }
            if said.len() < SAID && !messages::is_debugging(&line) {
                said.push_str(&line);
                said.push('\n');
            }
        }
    };
    let end = async {
        let _ = child.wait().await;
        gone();
        // A proxy may hold the pipe open after its master has gone.
        sleep(Duration::from_millis(100)).await;
    };
    {
        tokio::pin!(listen, end);
        tokio::select! {
            () = &mut listen => end.await,
            () = &mut end => {}
        }
    }
    said
}

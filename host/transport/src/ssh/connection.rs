//! One connection: an `ssh` process as multiplexing master.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use commands::Machine;
use rustix::process::{Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::keeper::KeeperLink;
use super::messages;
use crate::TransportError;
use crate::local::{could_not_start, pid};

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
    pub socket: PathBuf,
    pub connect_timeout: Duration,
    pub forward_agent: bool,
    /// Counts the channels opened.
    pub trips: Arc<AtomicUsize>,
}

/// A live connection to a host, or one that was. Dropping it ends it.
pub(super) struct Connection {
    pub start: Arc<Start>,
    process: Arc<Process>,
    /// What ssh said, once it has ended.
    ended: watch::Receiver<Option<String>>,
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
        let (observed, keeper) = (process.clone(), keeper.clone());
        tokio::spawn(async move {
            let said = last_words(&mut child, || {
                observed.alive.store(false, Ordering::Release);
                keeper.ended(observed.group);
            });
            let _ = tell.send(Some(said.await));
        });
        Ok(Self { start, process, ended })
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
        messages::meaning(&self.start.machine, said)
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
            "LogLevel=INFO",
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

/// Waits for the process to end and returns what it wrote to standard error.
async fn last_words(child: &mut Child, gone: impl FnOnce()) -> String {
    let mut stderr = child.stderr.take();
    let mut said = Vec::new();
    let listen = async {
        let mut buffer = [0; 4096];
        while let Some(pipe) = &mut stderr
            && let Ok(count @ 1..) = pipe.read(&mut buffer).await
        {
            if said.len() < SAID {
                said.extend_from_slice(&buffer[..count]);
            }
        }
    };
    let end = async {
        let _ = child.wait().await;
        gone();
        // A proxy may hold the pipe open after its master has gone.
        sleep(Duration::from_millis(100)).await;
    };
    tokio::pin!(listen, end);
    tokio::select! {
        () = &mut listen => end.await,
        () = &mut end => {}
    }
    String::from_utf8_lossy(&said).into_owned()
}

//! All hosts of a run: connects on first use, and shares the connection from then on.

use std::collections::{BTreeMap, HashMap};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use commands::Machine;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::{OnceCell, Semaphore};

use super::SshSettings;
use super::channel::HostShell;
use super::connection::{Connection, Start};
use super::destination::Destination;
use super::keeper::{Keeper, KeeperLink};
use super::settings::write_private;
use crate::TransportError;
use crate::local::{could_not_start, exit_code};

/// How many connections are made at the same time. Kamal's number: more would run into the limits of a common jump host.
const STARTS: usize = 30;

/// ssh adds 17 characters to a socket's name while it makes it, and the system allows 104 in all.
const LONGEST_DIRECTORY: usize = 70;

/// The hosts, by the names they have in the configuration.
pub(crate) struct Hosts {
    settings: SshSettings,
    starts: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    workplace: Option<Workplace>,
    connections: HashMap<String, Attempt>,
    trips: BTreeMap<String, Arc<AtomicUsize>>,
    attempts: usize,
}

/// One attempt to connect, shared by everyone who waits for it: they all get its result.
type Attempt = Arc<OnceCell<Result<Arc<Connection>, TransportError>>>;

/// Where configuration files and sockets lie.
struct Workplace {
    settings: SshSettings,
    // Before the directory, so that it is dropped first: it empties it.
    keeper: Arc<Mutex<Keeper>>,
    directory: TempDir,
}

impl Hosts {
    pub fn new(settings: SshSettings) -> Self {
        Self { settings, starts: Semaphore::new(STARTS), state: Mutex::default() }
    }

    /// A shell on the host.
    pub async fn shell(&self, name: &str) -> Result<HostShell, TransportError> {
        HostShell::open(self.connection(name).await?).await
    }

    /// Sees to it that there is a connection to the host.
    pub async fn connect(&self, name: &str) -> Result<(), TransportError> {
        self.connection(name).await.map(|_| ())
    }

    /// The connection to the host, made now if there is none.
    async fn connection(&self, name: &str) -> Result<Arc<Connection>, TransportError> {
        let attempt = self.attempt(name);
        let connect = async {
            let _permit = self.starts.acquire().await;
            let (start, keeper) = self.start(name)?;
            Connection::open(start, &keeper).await.map(Arc::new)
        };
        attempt.get_or_init(|| connect).await.clone()
    }

    /// The present attempt, or a new one after a failure or a loss.
    fn attempt(&self, name: &str) -> Attempt {
        let mut state = self.state();
        let attempt = state.connections.entry(name.to_string()).or_default();
        let usable = match attempt.get() {
            None => true,
            Some(Ok(connection)) => connection.is_alive(),
            Some(Err(_)) => false,
        };
        if !usable {
            *attempt = Attempt::default();
        }
        attempt.clone()
    }

    fn start(&self, name: &str) -> Result<(Start, KeeperLink), TransportError> {
        let machine = Machine::Host(name.to_string());
        let destination = Destination::parse(name)
            .map_err(|reason| TransportError::Unreachable { machine: machine.clone(), reason })?;
        let mut state = self.state();
        let number = state.attempts;
        state.attempts += 1;
        let trips = state.trips.entry(name.to_string()).or_default().clone();
        let workplace = state.workplace(&self.settings)?;
        let configuration = workplace.directory.path().join(format!("{number}.conf"));
        write_private(&configuration, &workplace.settings.configuration_for(&destination)?)?;
        let start = Start {
            machine,
            program: self.settings.program.clone(),
            word: destination.word(),
            socket: workplace.directory.path().join(number.to_string()),
            configuration,
            connect_timeout: self.settings.connect_timeout,
            forward_agent: self.settings.forward_agent,
            trips,
        };
        Ok((start, KeeperLink::to(&workplace.keeper)))
    }

    /// How many channels have been opened, by host.
    pub fn trips(&self) -> BTreeMap<String, usize> {
        let count = |(name, trips): (&String, &Arc<AtomicUsize>)| (name.clone(), trips.load(Ordering::Relaxed));
        self.state().trips.iter().map(count).collect()
    }

    /// The words after `ssh` that reach the host, over its connection if there is one.
    pub fn arguments(&self, name: &str) -> Result<Vec<String>, TransportError> {
        let live = self.state().connections.get(name).and_then(|attempt| attempt.get()?.clone().ok());
        let path = |path: &Path| path.display().to_string();
        let (configuration, socket, word) = match live.filter(|connection| connection.is_alive()) {
            Some(connection) => {
                let start = &connection.start;
                (path(&start.configuration), path(&start.socket), start.word.clone())
            }
            None => {
                let (start, _) = self.start(name)?;
                (path(&start.configuration), "none".to_string(), start.word.clone())
            }
        };
        let control = format!("ControlPath={socket}");
        let patience = format!("ConnectTimeout={}", self.settings.connect_timeout.as_secs().max(1));
        let options = ["ControlMaster=no", &control, &patience, "RemoteCommand=none"].map(|option| ["-o", option]);
        let words = ["-F", &configuration].into_iter().chain(options.into_iter().flatten()).chain([word.as_str()]);
        Ok(words.map(String::from).collect())
    }

    /// Makes a port of the host lead to the same port here, for as long as the connection lasts.
    pub async fn share_port(&self, name: &str, port: u16) -> Result<(), TransportError> {
        self.connection(name).await?.share_port(port).await
    }

    /// Takes a shared port back, if there is still a connection.
    pub async fn unshare_port(&self, name: &str, port: u16) {
        let live = self.state().connections.get(name).and_then(|attempt| attempt.get()?.clone().ok());
        if let Some(connection) = live.filter(|connection| connection.is_alive()) {
            connection.unshare_port(port).await;
        }
    }

    /// Runs a line on the host with the operator's terminal.
    pub async fn interactive(&self, name: &str, line: &str) -> Result<i32, TransportError> {
        let mut ssh = Command::new(&self.settings.program);
        // Whoever stops waiting for it wants it gone.
        ssh.arg("-t").args(self.arguments(name)?).arg(line).kill_on_drop(true);
        ssh.status().await.map(exit_code).map_err(|error| could_not_start(&self.settings.program, &error))
    }

    /// Ends every connection and removes what was written for them.
    pub async fn close(&self) {
        let connections = std::mem::take(&mut self.state().connections);
        let live: Vec<Arc<Connection>> =
            connections.values().filter_map(|attempt| attempt.get()?.clone().ok()).collect();
        let closing: Vec<_> = live.iter().map(|connection| tokio::spawn(close(connection.clone()))).collect();
        for closed in closing {
            let _ = closed.await;
        }
        let workplace = self.state().workplace.take();
        drop(workplace);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

async fn close(connection: Arc<Connection>) {
    connection.close().await;
}

impl State {
    fn workplace(&mut self, settings: &SshSettings) -> Result<&Workplace, TransportError> {
        if self.workplace.is_none() {
            self.workplace = Some(Workplace::new(settings)?);
        }
        self.workplace.as_ref().ok_or_else(|| TransportError::local("make a temporary directory", "it is gone"))
    }
}

impl Workplace {
    fn new(settings: &SshSettings) -> Result<Self, TransportError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("sx-").permissions(Permissions::from_mode(0o700));
        let directory = builder.tempdir().and_then(|directory| {
            let fits = directory.path().as_os_str().len() <= LONGEST_DIRECTORY;
            if fits { Ok(directory) } else { builder.tempdir_in("/tmp") }
        });
        let directory = directory.map_err(|error| TransportError::local("make a temporary directory", error))?;
        let settings = settings.with_key_files(directory.path())?;
        let keeper = Arc::new(Mutex::new(Keeper::start(directory.path())?));
        Ok(Self { settings, keeper, directory })
    }
}

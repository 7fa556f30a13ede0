//! All hosts of a run: connects on first use, and shares the connection from then on.

use std::collections::{BTreeMap, HashMap};
use std::fs::Permissions;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use commands::Machine;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::sleep;

use super::SshSettings;
use super::channel::HostShell;
use super::connection::{Connection, Start};
use super::destination::Destination;
use super::keeper::{Keeper, KeeperLink};
use super::messages;
use super::settings::write_private;
use crate::TransportError;
use crate::local::{could_not_start, exit_code};

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

/// Which keys an ssh is offered.
enum Keys {
    /// Those in files.
    Files,
    /// Also those given as text, which are written to files for it.
    Given,
}

/// One attempt to connect, shared by everyone who waits for it: they all get its result.
type Attempt = Arc<OnceCell<Result<Arc<Connection>, TransportError>>>;

/// Where configuration files and sockets lie.
struct Workplace {
    // Before the directory, so that it is dropped first: it empties it.
    keeper: Arc<Mutex<Keeper>>,
    directory: TempDir,
}

impl Hosts {
    pub fn new(settings: SshSettings) -> Self {
        // Nobody can want none at all.
        let starts = Semaphore::new(settings.concurrent_starts.clamp(1, Semaphore::MAX_PERMITS));
        Self { settings, starts, state: Mutex::default() }
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
            self.open(name).await.map(Arc::new)
        };
        attempt.get_or_init(|| connect).await.clone()
    }

    /// Makes a connection. A name that cannot be looked up is tried again: name servers have their moments.
    async fn open(&self, name: &str) -> Result<Connection, TransportError> {
        let retries = self.settings.dns_retries;
        for retry in 1..=retries {
            match self.open_once(name).await {
                Err(TransportError::Unreachable { reason, .. }) if messages::is_unknown_name(&reason) => {
                    let delay = backoff(retry);
                    let seconds = delay.as_secs_f64();
                    self.settings.notices.tell(&format!(
                        "Retrying DNS for {name} (attempt {retry}/{retries}) in {seconds:.2}s: {reason}"
                    ));
                    sleep(delay).await;
                }
                opened => return opened,
            }
        }
        self.open_once(name).await
    }

    async fn open_once(&self, name: &str) -> Result<Connection, TransportError> {
        let (start, keeper) = self.start(name, Keys::Given)?;
        let key_files = start.key_files.clone();
        let opened = Connection::open(start, &keeper).await;
        // ssh has read them; nobody else needs them.
        for file in key_files {
            let _ = std::fs::remove_file(file);
        }
        opened
    }

    /// The present attempt, or a new one after a failure or a loss.
    fn attempt(&self, name: &str) -> Attempt {
        let mut state = self.state();
        let attempt = state.connections.entry(name.to_string()).or_default();
        let usable = match attempt.get() {
            None => true,
            Some(Ok(connection)) => connection.is_usable(self.settings.idle_timeout),
            Some(Err(_)) => false,
        };
        if !usable {
            *attempt = Attempt::default();
        }
        attempt.clone()
    }

    fn start(&self, name: &str, keys: Keys) -> Result<(Start, KeeperLink), TransportError> {
        let machine = Machine::Host(name.to_string());
        let destination = Destination::parse(name).map_err(|reason| TransportError::Unreachable {
            machine: machine.clone(),
            reason,
            by_hand: String::new(),
        })?;
        let mut state = self.state();
        let number = state.attempts;
        state.attempts += 1;
        let trips = state.trips.entry(name.to_string()).or_default().clone();
        let workplace = state.workplace()?;
        let directory = workplace.directory.path();
        let key_files = match keys {
            Keys::Given => self.settings.write_key_files(directory, number)?,
            Keys::Files => Vec::new(),
        };
        let configuration = directory.join(format!("{number}.conf"));
        write_private(&configuration, &self.settings.configuration_for(&destination, &key_files)?)?;
        let start = Start {
            machine,
            program: self.settings.program.clone(),
            ways: self.settings.ways(&destination),
            word: destination.word(),
            socket: directory.join(number.to_string()),
            configuration,
            key_files,
            connect_timeout: self.settings.connect_timeout,
            forward_agent: self.settings.forward_agent,
            log_level: self.settings.log_level,
            notices: self.settings.notices.clone(),
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
                let (start, _) = self.start(name, Keys::Files)?;
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
        if !self.settings.key_data.is_empty() {
            // Keys given as text are on disk for as long as a connection is made, no longer.
            self.connection(name).await?;
        }
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

/// How long to wait before a name is looked up again: a tenth of a second, twice as long each time, two seconds at most; and a little more,
/// so that not everybody asks at once.
fn backoff(retry: u32) -> Duration {
    let steady = Duration::from_millis(100).saturating_mul(1 << (retry - 1).min(10)).min(Duration::from_secs(2));
    let chance = RandomState::new().hash_one(retry) % 100;
    steady + Duration::from_millis(chance)
}

async fn close(connection: Arc<Connection>) {
    connection.close().await;
}

impl State {
    fn workplace(&mut self) -> Result<&Workplace, TransportError> {
        if self.workplace.is_none() {
            self.workplace = Some(Workplace::new()?);
        }
        self.workplace.as_ref().ok_or_else(|| TransportError::local("make a temporary directory", "it is gone"))
    }
}

impl Workplace {
    fn new() -> Result<Self, TransportError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("sx-").permissions(Permissions::from_mode(0o700));
        let directory = builder.tempdir().and_then(|directory| {
            let fits = directory.path().as_os_str().len() <= LONGEST_DIRECTORY;
            if fits { Ok(directory) } else { builder.tempdir_in("/tmp") }
        });
        let directory = directory.map_err(|error| TransportError::local("make a temporary directory", error))?;
        let keeper = Arc::new(Mutex::new(Keeper::start(directory.path())?));
        Ok(Self { keeper, directory })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tried_again_later_and_later() {
        let check = |retry: u32, least: u64| {
            let milliseconds = backoff(retry).as_millis() as u64;
            assert!((least..least + 100).contains(&milliseconds), "{retry}: {milliseconds}");
        };
        check(1, 100);
        check(2, 200);
        check(3, 400);
        check(5, 1600);
        check(6, 2000);
        check(60, 2000);
    }
}

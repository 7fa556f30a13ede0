//! The real transport: this machine's shell, and hosts over SSH.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use commands::Machine;
use tokio::time::Instant;

use crate::batch::{Batch, Shell};
use crate::local::{LocalShell, could_not_start, exit_code, furnish};
use crate::registry::Registry;
use crate::script::{Nonce, Part, script};
use crate::secrets::{SecretValues, Secrets};
use crate::ssh::{Hosts, SshSettings};
use crate::{Interrupt, Interrupts, Progress, Redactor, Report, Task, Transport, TransportError};

/// The machines of one run. Share it by reference or in an `Arc`; batches of any number of machines run at the same time.
pub struct Machines {
    directory: PathBuf,
    environment: Vec<(String, Option<String>)>,
    hosts: Hosts,
    secrets: Secrets,
    registry: Registry,
    began: Instant,
}

impl Machines {
    /// Machines that are not connected yet. Local commands run in `directory`, the project's.
    pub fn new(directory: impl Into<PathBuf>, ssh: SshSettings, secrets: SecretValues) -> Self {
        let hosts = Hosts::new(ssh);
        let (directory, environment) = (directory.into(), Vec::new());
        let (secrets, registry) = (Secrets::new(secrets), Registry::default());
        Self { directory, environment, hosts, secrets, registry, began: Instant::now() }
    }

    /// The same machines, with a folder on this one that keeps container images.
    pub fn keeping_images_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.registry = Registry::new(folder.into());
        self
    }

    /// The same machines, with other variables for local commands. No secrets.
    pub fn with_environment(mut self, environment: Vec<(String, Option<String>)>) -> Self {
        self.environment = environment;
        self
    }

    /// How many channels have been opened on each host, by its name.
    pub fn trips(&self) -> BTreeMap<String, usize> {
        self.hosts.trips()
    }

    /// The words after `ssh` that reach a host the way batches do, over its connection if there is one.
    pub fn ssh_arguments(&self, host: &str) -> Result<Vec<String>, TransportError> {
        self.hosts.arguments(host)
    }

    /// Runs one line with the operator's terminal and returns its exit code. The line stands in arguments: no secrets.
    ///
    /// The terminal's signals go to the line; the caller should ignore SIGINT meanwhile.
    pub async fn interactive(&self, machine: &Machine, line: &str) -> Result<i32, TransportError> {
        match machine {
            Machine::Host(name) => self.hosts.interactive(name, line).await,
            Machine::Local => {
                let mut shell = tokio::process::Command::new("/bin/sh");
                shell.args(["-c", line]).current_dir(&self.directory).stdin(Stdio::inherit());
                furnish(shell.as_std_mut(), &self.environment);
                shell.status().await.map(exit_code).map_err(|error| could_not_start("/bin/sh", &error))
            }
        }
    }

    /// What removes secret values from text that did not come through a batch.
    pub fn redactor(&self) -> std::sync::Arc<Redactor> {
        self.secrets.redactor()
    }

    async fn run_in<S: Shell>(
        &self,
        shell: impl Future<Output = Result<S, TransportError>>,
        machine: &Machine,
        tasks: &[Task],
        interrupts: &Interrupts,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Report {
        let interrupted = async {
            interrupts.reached(Interrupt::Gentle).await;
            TransportError::Interrupted { machine: machine.clone(), during: None }
        };
        let resolved = match self.secrets.resolve(machine, tasks, &self.directory, self.began.elapsed().as_secs()) {
            Ok(resolved) => resolved,
            Err(error) => return Report::broken(vec![], error),
        };
        // Nothing has begun yet, so an interrupt need not wait for the connection.
        let shell = tokio::select! {
            biased;
            error = interrupted => Err(error),
            shell = shell => shell,
        };
        let shell = match shell {
            Ok(shell) => shell,
            Err(error) => return Report::broken(vec![], error),
        };
        let nonce = Nonce::random();
        let parts = resolved.into_iter().zip(tasks).map(|(command, task)| {
            let Task { on_failure, is_point_of_no_return, .. } = *task;
            Part { command, on_failure, is_point_of_no_return }
        });
        let script = script(&nonce, &parts.collect::<Vec<_>>());
        Batch { machine, tasks, nonce, script, redactor: self.secrets.redactor() }
            .run(shell, interrupts, progress)
            .await
    }
}

impl Transport for Machines {
    async fn run(
        &self,
        machine: &Machine,
        tasks: &[Task],
        interrupts: &Interrupts,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Report {
        match machine {
            Machine::Local => {
                let shell = async { LocalShell::start(&self.directory, &self.environment) };
                self.run_in(shell, machine, tasks, interrupts, progress).await
            }
            Machine::Host(name) => self.run_in(self.hosts.shell(name), machine, tasks, interrupts, progress).await,
        }
    }

    async fn connect(&self, machine: &Machine, interrupts: &Interrupts) -> Result<(), TransportError> {
        let Machine::Host(name) = machine else { return Ok(()) };
        tokio::select! {
            biased;
            _ = interrupts.reached(Interrupt::Gentle) => {
                Err(TransportError::Interrupted { machine: machine.clone(), during: None })
            }
            connected = self.hosts.connect(name) => connected,
        }
    }

    async fn share_port(&self, machine: &Machine, port: u16) -> Result<(), TransportError> {
        match machine {
            Machine::Local => Ok(()),
            Machine::Host(name) => self.hosts.share_port(name, port).await,
        }
    }

    async fn unshare_port(&self, machine: &Machine, port: u16) {
        if let Machine::Host(name) = machine {
            self.hosts.unshare_port(name, port).await;
        }
    }

    async fn serve_registry(&self, port: u16, image: Option<&str>) -> Result<bool, TransportError> {
        self.registry.serve(port, image).await
    }

    fn learn(&self, secrets: SecretValues) {
        self.secrets.learn(secrets);
    }

    async fn close(&self) {
        self.hosts.close().await;
        self.registry.close();
    }
}

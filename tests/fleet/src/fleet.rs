//! The fleet as a whole: up, reset, down.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::layout::{HOSTS, Layout, write};
use crate::load::Load;
use crate::{
    Error, Host, Project, Registry, RegistryRequest, Result, images, network, operator, registry, requirements,
};

/// The file that says that a fleet is up, and from which sources.
const MARKER: &str = "up";

/// A running fleet, ours alone while this value lives. Dropping it leaves everything running.
#[derive(Debug)]
pub struct Fleet {
    layout: Layout,
    hosts: Vec<Host>,
    _ours: File,
}

impl Fleet {
    /// Brings the fleet up, or takes over the one that runs; installs what this machine lacks and tells so.
    ///
    /// Waits while another process holds the fleet. [`Error::skip_reason`] tells whether an error means that this machine
    /// cannot carry one.
    pub fn up(progress: impl Fn(&str)) -> Result<Self> {
        let fleet = Self::claim(&progress)?;
        let fingerprint = images::fingerprint();
        if fleet.runs(&fingerprint) {
            return Ok(fleet);
        }
        requirements::install_missing(&progress)?;
        let buildx = requirements::buildx(&fleet.layout, &progress)?;
        images::build_programs(&fleet.layout, &progress)?;
        fleet.tear_down();
        fleet.layout.create()?;
        fleet.start(&buildx, &progress)?;
        write(&fleet.marker(), fingerprint)?;
        Ok(fleet)
    }

    /// Ends the fleet and removes everything but keys, certificates and built programs; fine when there is none.
    pub fn down(progress: impl Fn(&str)) -> Result<()> {
        Self::claim(&progress)?.tear_down();
        Ok(())
    }

    /// Returns whether a fleet is up on this machine, whoever uses it.
    pub fn is_running() -> bool {
        Layout::new().run(MARKER).exists()
    }

    /// The three hosts: two with an app role, then the accessory's.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The two hosts with an app role.
    pub fn app_hosts(&self) -> &[Host] {
        &self.hosts[..2]
    }

    /// The host that only has an accessory.
    pub fn accessory_host(&self) -> &Host {
        &self.hosts[2]
    }

    /// How to reach the registry.
    pub fn registry(&self) -> Registry {
        registry::registry(&self.layout)
    }

    /// What was asked of the registry since it started, oldest first.
    pub fn registry_requests(&self) -> Result<Vec<RegistryRequest>> {
        registry::requests(&self.layout)
    }

    /// A directory of the fleet for whatever goes with it; [`Fleet::down`] removes it.
    pub fn directory(&self) -> PathBuf {
        self.layout.run("work")
    }

    /// A directory for what is slow to fetch; it survives [`Fleet::down`].
    pub fn kept_directory(&self) -> PathBuf {
        self.layout.keep("work")
    }

    /// The key every host lets in as root.
    pub fn private_key(&self) -> PathBuf {
        operator::private_key(&self.layout)
    }

    /// The environment under which a program acts as the fleet's operator: their docker engine, home and registry password.
    pub fn environment(&self) -> Vec<(String, String)> {
        operator::environment(&self.layout)
    }

    /// A program that acts as the fleet's operator, who sits before a terminal: neither their agent nor `CI` is the machine's.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment()).env_remove("SSH_AUTH_SOCK").env_remove("CI");
        command
    }

    /// Lays out the sample project in a directory, which is emptied first.
    pub fn project(&self, directory: &Path) -> Result<Project> {
        Project::lay_out(&self.layout, directory)
    }

    /// Starts asking both app hosts for a path, such as `/version`, through the proxy.
    pub fn load(&self, path: &str) -> Load {
        Load::start(self.app_hosts(), path)
    }

    /// Makes all hosts as they were after boot, and forgets the operator's registry login. Images in the registry stay.
    pub fn reset(&self) -> Result<()> {
        operator::forget_login(&self.layout);
        each(&self.hosts, |host| {
            host.reset()?;
            images::restore_proxy(&self.layout, host)
        })
    }
}

impl Fleet {
    /// Takes the machine's one fleet for this process.
    fn claim(progress: &dyn Fn(&str)) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Err(Error::NotRoot);
        }
        let layout = Layout::new();
        layout.create()?;
        let path = layout.root().join("lock");
        let lock = File::options().create(true).append(true).open(&path).map_err(Error::file("open", &path))?;
        if lock.try_lock().is_err() {
            progress("waiting for the process that uses the fleet");
            lock.lock().map_err(Error::file("lock", &path))?;
        }
        let hosts = HOSTS.into_iter().map(|names| Host::new(&layout, names)).collect();
        Ok(Self { layout, hosts, _ours: lock })
    }

    /// Returns whether a fleet made from these sources runs, and every part of it does.
    fn runs(&self, fingerprint: &str) -> bool {
        fs::read_to_string(self.marker()).is_ok_and(|made_from| made_from == fingerprint)
            && registry::daemon(&self.layout).pid().is_some()
            && operator::daemon(&self.layout).pid().is_some()
            && self.hosts.iter().all(|host| host.pid().is_some())
    }

    fn start(&self, buildx: &Path, progress: &dyn Fn(&str)) -> Result<()> {
        registry::prepare(&self.layout)?;
        operator::prepare(&self.layout, buildx)?;
        network::create().map_err(|error| Error::Forbidden { reason: error.to_string() })?;
        self.hosts.iter().try_for_each(Host::boot)?;
        registry::start(&self.layout)?;
        progress("registry is up");
        operator::start(&self.layout)?;
        progress("operator's docker engine is up");
        each(&self.hosts, Host::await_answers)?;
        for host in &self.hosts {
            progress(&format!("host {} is up at {}", host.name, host.address));
        }
        let archive = images::proxy_archive(&self.layout)?;
        each(&self.hosts, |host| images::load(host, &archive))?;
        images::push_store(&self.layout)
    }

    fn tear_down(&self) {
        let _ = fs::remove_file(self.marker());
        self.hosts.iter().for_each(Host::power_off);
        operator::daemon(&self.layout).kill();
        registry::daemon(&self.layout).kill();
        network::remove();
        images::remove_control_groups();
        operator::forget_hosts(&self.layout);
        let _ = fs::remove_dir_all(self.layout.run(""));
    }

    fn marker(&self) -> PathBuf {
        self.layout.run(MARKER)
    }
}

/// Does the same on all hosts at once; the first error wins.
fn each(hosts: &[Host], act: impl Fn(&Host) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let running: Vec<_> = hosts.iter().map(|host| scope.spawn(|| act(host))).collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

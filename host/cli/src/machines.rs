//! The project's hosts: how they are reached.

use std::path::PathBuf;
use std::time::Duration;

use configuration::{Configuration, ConfigurationError, Secrets, SshLogLevel};
use transport::{LogLevel, Machines, Notices, SecretValues, SshSettings};

use crate::failure::Failure;
use crate::places::cache_directory;
use crate::project::Project;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// What Kamal says about a key that stands in the configuration.
const INLINE_KEY: &str =
    "Inline key_data usage is deprecated and will be removed in Kamal 3. Please store your key_data in a secret.";

/// The machines of a project, not connected yet.
pub fn machines(project: &Project, secrets: &Secrets) -> Machines {
    let mut values: SecretValues = project.configuration.literals.clone();
    values.extend(secrets.iter().map(|(name, value)| (name.to_string(), value.clone())));
    let mut settings = ssh_settings(project);
    settings.key_data =
        project.configuration.ssh.key_data.iter().filter_map(|name| values.get(name).cloned()).collect();
    let machines = Machines::new(&project.directory, settings, values).with_environment(project.children.environment());
    match cache_directory() {
        Some(folder) => machines.keeping_images_in(folder.join("images")),
        None => machines,
    }
}

/// Refuses to look for hosts behind a port that nobody filled in.
pub fn require_port(project: &Project) -> Result<(), Failure> {
    let Configuration { ssh, document, .. } = &project.configuration;
    if ssh.port_number().is_some() {
        return Ok(());
    }
    let error = ConfigurationError::configuration("ssh/port: should be a port number");
    Err(project.wrong(error.at_node(document.pointer("/ssh/port"))))
}

/// How the project's hosts are reached, but for keys that are secrets.
fn ssh_settings(project: &Project) -> SshSettings {
    let Configuration { ssh, sshkit, .. } = &project.configuration;
    if ssh.key_data.iter().any(|name| project.configuration.literals.contains_key(name)) {
        crate::console::say(INLINE_KEY);
    }
    // A path is the project's unless it says otherwise; ssh would look in ~/.ssh.
    let path = |path: &String| if path.starts_with('~') { path.into() } else { project.directory.join(path) };
    let usual = ["~/.ssh/config", "/etc/ssh_config", "/etc/ssh/ssh_config", ".ssh/config"].map(String::from);
    SshSettings {
        user: Some(ssh.user.clone()),
        port: ssh.port_number(),
        proxy_jump: ssh.proxy.clone(),
        proxy_command: ssh.proxy_command.clone(),
        keys: ssh.keys.iter().map(PathBuf::from).collect(),
        keys_only: ssh.keys_only,
        config_files: Some(ssh.config.as_deref().unwrap_or(&usual).iter().map(path).collect()),
        forward_agent: ssh.forward_agent,
        connect_timeout: CONNECT_TIMEOUT,
        concurrent_starts: usize::try_from(sshkit.max_concurrent_starts).unwrap_or(usize::MAX),
        idle_timeout: Duration::from_secs(sshkit.pool_idle_timeout),
        dns_retries: u32::try_from(sshkit.dns_retries).unwrap_or(u32::MAX),
        log_level: match ssh.log_level {
            SshLogLevel::Nothing => LogLevel::Nothing,
            SshLogLevel::Warnings => LogLevel::Warnings,
            SshLogLevel::Everything => LogLevel::Everything,
        },
        notices: Notices::to(|line| crate::console::say(&format!("  WARN {line}"))),
        ..SshSettings::default()
    }
}

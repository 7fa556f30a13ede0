//! How hosts are reached, and the ssh configuration file that says so.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::destination::Destination;
use crate::TransportError;

/// How hosts are reached. What is not said is left to the user's ssh configuration, and then to ssh.
#[derive(Debug, Clone)]
pub struct SshSettings {
    /// The user to log in as, for hosts that do not name one (`user@host`).
    pub user: Option<String>,
    /// The port, for hosts that do not name one.
    pub port: Option<u16>,
    /// Jump hosts as ssh takes them: `[user@]host[:port]`, several joined by commas. Goes before `proxy_command`.
    pub proxy_jump: Option<String>,
    /// A command to connect through, with ssh's `%h` and `%p`.
    pub proxy_command: Option<String>,
    /// Files of private keys to offer.
    pub keys: Vec<PathBuf>,
    /// Private keys to offer, as the text of such files.
    pub key_data: Vec<SecretString>,
    /// Whether only `keys` and `key_data` are offered.
    pub keys_only: bool,
    /// The user's configuration files: ssh's own (`~/.ssh/config` and the system's) when absent, none when empty.
    pub config_files: Option<Vec<PathBuf>>,
    /// Whether commands on the host may use the operator's keys.
    pub forward_agent: bool,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// The ssh to run: a name to find on PATH, or a path.
    pub program: String,
}

impl Default for SshSettings {
    fn default() -> Self {
        Self {
            user: None,
            port: None,
            proxy_jump: None,
            proxy_command: None,
            keys: Vec::new(),
            key_data: Vec::new(),
            keys_only: false,
            config_files: None,
            forward_agent: true,
            connect_timeout: Duration::from_secs(30),
            program: "ssh".to_string(),
        }
    }
}

impl SshSettings {
    /// Writes the key texts to private files and returns these settings with `keys` naming them too.
    pub(super) fn with_key_files(&self, directory: &Path) -> Result<Self, TransportError> {
        let mut settings = self.clone();
        for (number, key) in self.key_data.iter().enumerate() {
            let path = directory.join(format!("k{number}"));
            // ssh refuses a key whose last line has no end.
            let text = SecretString::from(format!("{}\n", key.expose_secret().trim_end()));
            write_private(&path, text.expose_secret())?;
            settings.keys.push(path);
        }
        Ok(settings)
    }

    /// The text of a configuration file for connecting to this one destination.
    ///
    /// ssh takes the first value it meets: ours, then the user's, then our defaults. Ours are for this host alone, as ssh reads the
    /// same file for a jump host.
    pub(super) fn configuration_for(&self, destination: &Destination) -> Result<String, TransportError> {
        let mut text = format!("Host {}\n", destination.host);
        let mut say = |keyword: &str, value: &str| -> Result<(), TransportError> {
            if value.contains(['\n', '\r', '\0']) {
                return Err(TransportError::Settings { reason: format!("{keyword} must be one line") });
            }
            let _ = writeln!(text, "  {keyword} {value}");
            Ok(())
        };
        if let Some(user) = destination.user.as_ref().or(self.user.as_ref()) {
            say("User", user)?;
        }
        if let Some(port) = destination.port.or(self.port) {
            say("Port", &port.to_string())?;
        }
        if let Some(jump) = &self.proxy_jump {
            say("ProxyJump", jump)?;
        } else if let Some(command) = &self.proxy_command {
            say("ProxyCommand", command)?;
        }
        for key in &self.keys {
            say("IdentityFile", &quoted(key)?)?;
        }
        if self.keys_only {
            say("IdentitiesOnly", "yes")?;
        }
        text.push_str("Host *\n");
        let usual = [PathBuf::from("~/.ssh/config"), PathBuf::from("/etc/ssh/ssh_config")];
        for file in self.config_files.as_deref().unwrap_or(&usual) {
            let _ = writeln!(text, "  Include {}", quoted(file)?);
        }
        text.push_str("  StrictHostKeyChecking accept-new\n");
        Ok(text)
    }
}

/// A path between double quotes, as ssh reads it.
fn quoted(path: &Path) -> Result<String, TransportError> {
    match path.to_str() {
        Some(text) if !text.contains(['"', '\n', '\r']) => Ok(format!("\"{text}\"")),
        _ => Err(TransportError::Settings { reason: format!("ssh cannot read the path {path:?}") }),
    }
}

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), TransportError> {
    let written = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    written
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| TransportError::local(&format!("write {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn ours_come_first_then_the_users() {
        let settings = SshSettings {
            user: Some("deploy".to_string()),
            port: Some(2222),
            proxy_jump: Some("root@bastion".to_string()),
            proxy_command: Some("ignored".to_string()),
            keys: vec!["~/.ssh/one".into(), "/keys/number two".into()],
            keys_only: true,
            ..SshSettings::default()
        };
        let text = settings.configuration_for(&Destination::parse("root@10.0.0.1").unwrap()).unwrap();
        expect![[r#"
            Host 10.0.0.1
              User root
              Port 2222
              ProxyJump root@bastion
              IdentityFile "~/.ssh/one"
              IdentityFile "/keys/number two"
              IdentitiesOnly yes
            Host *
              Include "~/.ssh/config"
              Include "/etc/ssh/ssh_config"
              StrictHostKeyChecking accept-new
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn without_settings_and_files_little_is_said() {
        let settings = SshSettings { config_files: Some(vec![]), ..SshSettings::default() };
        let text = settings.configuration_for(&Destination::parse("web").unwrap()).unwrap();
        assert_eq!(text, "Host web\nHost *\n  StrictHostKeyChecking accept-new\n");
    }

    #[test]
    fn a_value_cannot_add_a_line() {
        let settings = SshSettings { user: Some("a\nProxyCommand evil".to_string()), ..SshSettings::default() };
        let error = settings.configuration_for(&Destination::parse("web").unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "use the ssh settings: User must be one line");
    }
}

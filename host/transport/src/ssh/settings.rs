//! How hosts are reached, and the ssh configuration file that says so.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use commands::quoting::literal;
use secrecy::{ExposeSecret, SecretString};

use super::destination::Destination;
use crate::{Notices, TransportError};

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
    /// The user's configuration files, the first one's word counting first: ssh's own (`~/.ssh/config` and the system's) when absent,
    /// none when empty.
    pub config_files: Option<Vec<PathBuf>>,
    /// Whether commands on the host may use the operator's keys.
    pub forward_agent: bool,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How many connections are made at the same time.
    pub concurrent_starts: usize,
    /// How long a connection may be unused before it is made anew.
    pub idle_timeout: Duration,
    /// How often a name that cannot be looked up is tried again.
    pub dns_retries: u32,
    /// How much ssh tells while it connects.
    pub log_level: LogLevel,
    /// Who is told of what ssh tells, and of retries.
    pub notices: Notices,
    /// The ssh to run: a name to find on PATH, or a path.
    pub program: String,
}

/// How much ssh tells while it connects. What ends a connection is in the error in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    #[default]
    Nothing,
    /// Its warnings.
    Warnings,
    /// Every step.
    Everything,
}

/// How a destination is reached without us, for hints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ways {
    /// The command line that connects in the same way.
    pub by_hand: String,
    /// The name under which known_hosts holds the host's key.
    pub known_as: String,
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
            concurrent_starts: 30,
            idle_timeout: Duration::from_secs(900),
            dns_retries: 3,
            log_level: LogLevel::Nothing,
            notices: Notices::default(),
            program: "ssh".to_string(),
        }
    }
}

impl SshSettings {
    /// Writes the key texts to private files, which the caller removes as soon as ssh has read them.
    pub(super) fn write_key_files(&self, directory: &Path, attempt: usize) -> Result<Vec<PathBuf>, TransportError> {
        let write = |(number, key): (usize, &SecretString)| {
            let path = directory.join(format!("{attempt}.key{number}"));
            // ssh refuses a key whose last line has no end.
            let text = SecretString::from(format!("{}\n", key.expose_secret().trim_end()));
            write_private(&path, text.expose_secret()).map(|()| path)
        };
        self.key_data.iter().enumerate().map(write).collect()
    }

    /// How a destination is reached without us. Keys given as text are left out: there is no file to name.
    pub(super) fn ways(&self, destination: &Destination) -> Ways {
        let port = destination.port.or(self.port).filter(|port| *port != 22);
        let mut words = vec!["ssh".to_string()];
        if let Some([file]) = self.config_files.as_deref() {
            words.extend(["-F".to_string(), file.display().to_string()]);
        }
        if let Some(port) = port {
            words.extend(["-p".to_string(), port.to_string()]);
        }
        if let Some(jump) = &self.proxy_jump {
            words.extend(["-J".to_string(), jump.clone()]);
        } else if let Some(command) = &self.proxy_command {
            words.extend(["-o".to_string(), format!("ProxyCommand={command}")]);
        }
        for key in &self.keys {
            words.extend(["-i".to_string(), key.display().to_string()]);
        }
        let user = destination.user.as_ref().or(self.user.as_ref());
        words.push(user.map_or_else(String::new, |user| format!("{user}@")) + &destination.host);
        let plain =
            |word: &str| word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./:@,=~+%[]".contains(letter));
        let words: Vec<String> =
            words.iter().map(|word| if plain(word) { word.clone() } else { literal(word) }).collect();
        let known_as = match port {
            Some(port) => format!("[{}]:{port}", destination.host),
            None => destination.host.clone(),
        };
        Ways { by_hand: words.join(" "), known_as }
    }

    /// The text of a configuration file for connecting to this one destination, with these files of keys besides the user's.
    ///
    /// ssh takes the first value it meets: ours, then the user's, then our defaults. Ours are for this host alone, as ssh reads the
    /// same file for a jump host.
    pub(super) fn configuration_for(
        &self,
        destination: &Destination,
        key_files: &[PathBuf],
    ) -> Result<String, TransportError> {
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
        for key in self.keys.iter().chain(key_files) {
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
        let text = settings.configuration_for(&Destination::parse("root@10.0.0.1").unwrap(), &[]).unwrap();
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
        let text = settings.configuration_for(&Destination::parse("web").unwrap(), &[]).unwrap();
        assert_eq!(text, "Host web\nHost *\n  StrictHostKeyChecking accept-new\n");
    }

    #[test]
    fn a_value_cannot_add_a_line() {
        let settings = SshSettings { user: Some("a\nProxyCommand evil".to_string()), ..SshSettings::default() };
        let error = settings.configuration_for(&Destination::parse("web").unwrap(), &[]).unwrap_err();
        assert_eq!(error.to_string(), "use the ssh settings: User must be one line");
    }

    #[test]
    fn the_way_by_hand_is_the_same() {
        let check = |settings: &SshSettings, name: &str, by_hand: &str, known_as: &str| {
            let expected = Ways { by_hand: by_hand.to_string(), known_as: known_as.to_string() };
            assert_eq!(settings.ways(&Destination::parse(name).unwrap()), expected);
        };
        let root = SshSettings { user: Some("root".to_string()), port: Some(22), ..SshSettings::default() };
        check(&root, "10.0.0.1", "ssh root@10.0.0.1", "10.0.0.1");
        check(&root, "app@10.0.0.1:2222", "ssh -p 2222 app@10.0.0.1", "[10.0.0.1]:2222");
        let jump = SshSettings { port: Some(2222), proxy_jump: Some("root@bastion".to_string()), ..root.clone() };
        check(&jump, "10.0.0.1", "ssh -p 2222 -J root@bastion root@10.0.0.1", "[10.0.0.1]:2222");
        let command = SshSettings {
            proxy_command: Some("aws ssm %h".to_string()),
            keys: vec!["~/.ssh/id".into()],
            config_files: Some(vec!["/srv/ssh.conf".into()]),
            ..root
        };
        check(&command, "web", "ssh -F /srv/ssh.conf -o 'ProxyCommand=aws ssm %h' -i ~/.ssh/id root@web", "web");
    }
}

//! The project on disk: its configuration, its secrets, its git checkout, its hook scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirEntry;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use configuration::{
    Configuration, ConfigurationError, Filter, Node, SecretCommand, Secrets, Selection, Source, Sources,
};
use plan::{Checkout, ErrorPage, Run};
use secrecy::ExposeSecret as _;
use transport::{Complaints, SecretValues};

use crate::arguments::Options;
use crate::children::Children;
use crate::failure::Failure;
use crate::lookup;
use crate::surroundings::{Machine, Permissions};

/// A project that was read.
pub struct Project {
    /// The folder that everything is relative to: the one the program was started in.
    pub directory: PathBuf,
    /// Its configuration.
    pub configuration: Configuration,
    /// The selected hosts and roles.
    pub selection: Selection,
    /// The texts it was read from, for errors that show a line.
    pub sources: Vec<Source>,
    /// What git says, once it was asked.
    checkout: OnceLock<Option<Checkout>>,
    /// Whether what runs before the first connection has run: it does so once.
    pub connected: AtomicBool,
    /// Whether every plugin has to be in `sextant.lock`.
    pub frozen: bool,
    /// Whether plugins that are not on this machine are missing instead of fetched.
    pub offline: bool,
    /// What programs learn that are started on the operator's machine.
    pub children: Children,
    /// The secrets, once the commands in their files have run: they do so once.
    secrets: OnceLock<Secrets>,
}

/// Whether commands in the secrets files run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Substitution {
    /// They run: values are needed.
    Run,
    /// They do not, unless a key takes one that opens connections: names are enough for a plan, and values that take no command are
    /// known all the same.
    NamesOnly,
    /// They do not at all: nothing is connected to.
    Offline,
}

impl Project {
    /// Reads the configuration and applies `--hosts`, `--roles` and `--primary`.
    pub fn read(options: &Options) -> Result<Self, Failure> {
        let directory = directory()?;
        let sources = sources(&directory, &options.config_file, options.destination.as_deref())?;
        let texts = texts(&sources);
        let is_empty = sources.base.text.trim().is_empty();
        let wrong = |error: ConfigurationError| {
            let error = if is_empty {
                error.with_hint("the file is empty: remove it, and `sextant init` writes one to begin with")
            } else {
                error
            };
            Failure::Configuration { error, sources: texts.clone() }
        };
        let machine = Machine::new(directory.clone(), options.permissions(), options.children());
        let configuration = configuration::load_within(&sources, &machine).map_err(wrong)?;
        let named = |names: &[String]| names.iter().filter(|name| !name.is_empty()).cloned().collect();
        let (hosts, roles) = (named(&options.hosts), named(&options.roles));
        let filter = Filter { hosts, roles, primary: options.primary };
        let selection = Selection::new(&configuration, &filter).map_err(wrong)?;
        let project = Self {
            directory,
            configuration,
            selection,
            sources: texts.clone(),
            checkout: OnceLock::new(),
            connected: AtomicBool::new(false),
            frozen: options.frozen || runs_unattended(),
            offline: false,
            children: options.children(),
            secrets: OnceLock::new(),
        };
        configuration::refuse_traefik_hooks(project.hook_scripts()?.iter().map(String::as_str)).map_err(wrong)?;
        Ok(project)
    }

    /// The project as a run recorded it, in the folder that the program was started in. Nothing is read, and nothing is fetched.
    pub fn recorded(run: &Run, options: &Options) -> Result<Self, Failure> {
        Ok(Self {
            directory: directory()?,
            configuration: run.configuration.clone(),
            selection: run.selection.clone(),
            sources: Vec::new(),
            checkout: OnceLock::new(),
            connected: AtomicBool::new(true),
            frozen: false,
            offline: true,
            children: options.children(),
            secrets: OnceLock::new(),
        })
    }

    /// The secrets of the project. Nobody can log in with a key that is not there, so its lack is an error here.
    pub fn secrets(&self, substitution: Substitution) -> Result<Secrets, Failure> {
        let secrets = self.read_secrets(substitution).map_err(|error| self.wrong(error))?;
        let Configuration { ssh, literals, .. } = &self.configuration;
        for name in ssh.key_data.iter().filter(|name| !literals.contains_key(*name)) {
            match secrets.get(name).map_err(|error| self.wrong(error))? {
                None if substitution == Substitution::NamesOnly => return self.secrets(Substitution::Run),
                Some(key) if key.expose_secret().trim().is_empty() => {
                    return Err(Failure::message(format!("the secret `{name}`, which ssh/key_data names, is empty")));
                }
                _ => {}
            }
        }
        Ok(secrets)
    }

    /// The values of all secrets, for which commands in the secrets files run.
    pub fn look_up_secrets(&self) -> Result<SecretValues, ConfigurationError> {
        let secrets = self.read_secrets(Substitution::Run)?;
        Ok(secrets.iter().map(|(name, value)| (name.to_string(), value.clone())).collect())
    }

    /// Reads the secrets files. Once the commands in them have run, that is not done again.
    fn read_secrets(&self, substitution: Substitution) -> Result<Secrets, ConfigurationError> {
        if let Some(secrets) = self.secrets.get() {
            return Ok(secrets.clone());
        }
        let candidates =
            configuration::files_for(&self.configuration.secrets_path, self.configuration.destination.as_deref());
        let mut files = Vec::new();
        for path in &candidates {
            match std::fs::read_to_string(self.directory.join(path)) {
                Ok(text) => files.push(Source { path: path.clone(), text }),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(ConfigurationError::runtime(format!("{path} cannot be read: {error}"))),
            }
        }
        let mut environment: BTreeMap<String, String> = std::env::vars().collect();
        match &self.configuration.destination {
            Some(destination) => environment.insert("KAMAL_DESTINATION".to_string(), destination.clone()),
            None => environment.remove("KAMAL_DESTINATION"),
        };
        let own = self.configuration.variables.iter();
        environment.extend(own.map(|(name, value)| (name.clone(), value.expose_secret().to_string())));
        let mut run = |command: SecretCommand<'_>| match (substitution, command) {
            (Substitution::NamesOnly | Substitution::Offline, _) => Ok(None),
            (Substitution::Run, SecretCommand::Shell(line)) => Ok(Some(self.substituted(line))),
            (Substitution::Run, SecretCommand::Own(line)) => lookup::inline(self, line).map(Some),
        };
        let secrets = Secrets::parse(&candidates, &files, &environment, &mut run)?;
        if substitution == Substitution::Run {
            let _ = self.secrets.set(secrets.clone());
        }
        Ok(secrets)
    }

    /// What a command in a secrets file prints, nothing if it fails, as Kamal has it. But a failure is told: an empty secret is seldom meant.
    /// The command itself is not shown, because variables in it may be secrets.
    fn substituted(&self, line: &str) -> String {
        let environment = self.children.environment();
        let ran = transport::converse("/bin/sh", &["-c", line], &self.directory, &environment, Complaints::Shown);
        let Ok(outcome) = ran else { return String::new() };
        if !outcome.succeeded() {
            let code = outcome.exit;
            crate::console::say(&format!("warning: a command in the secrets files failed with exit code {code}"));
        }
        outcome.stdout
    }

    /// Names of the files in the folder of hook scripts that are no samples.
    pub fn hook_scripts(&self) -> Result<BTreeSet<String>, Failure> {
        let folder = self.directory.join(&self.configuration.hooks_path);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(Failure::message(format!("{} cannot be read: {error}", folder.display()))),
        };
        let names = entries.filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned());
        Ok(names.filter(|name| !name.contains('.')).collect())
    }

    /// The error pages of the project: `4xx.html` and `5xx.html`, with the modes that copies of them get.
    pub fn error_pages(&self) -> Result<Vec<ErrorPage>, Failure> {
        let Some(folder) = &self.configuration.error_pages_path else { return Ok(Vec::new()) };
        let entries = match std::fs::read_dir(self.directory.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Failure::message(format!("{folder} cannot be read: {error}"))),
        };
        let page = |entry: DirEntry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let mode = std::fs::metadata(entry.path()).map_or(0o644, |data| data.permissions().mode()) & 0o755;
            let source = format!("{}/{name}", folder.trim_end_matches('/'));
            is_error_page(&name).then(|| ErrorPage { source, mode: format!("{mode:o}") })
        };
        let mut pages: Vec<ErrorPage> = entries.filter_map(Result::ok).filter_map(page).collect();
        pages.sort_by(|one, other| one.source.cmp(&other.source));
        Ok(pages)
    }

    /// The git checkout the project stands in, if it stands in one. git is asked once.
    pub fn checkout(&self) -> Option<Checkout> {
        self.checkout.get_or_init(|| self.read_checkout()).clone()
    }

    fn read_checkout(&self) -> Option<Checkout> {
        let told = self.git(&["rev-parse", "--show-toplevel", "--show-prefix", "HEAD", "--abbrev-ref", "HEAD"])?;
        let mut lines = told.lines();
        Some(Checkout {
            root: lines.next()?.to_string(),
            prefix: lines.next()?.trim_end_matches('/').to_string(),
            revision: lines.next()?.to_string(),
            branch: lines.next().filter(|name| *name != "HEAD").map(str::to_string),
            changes: self.git(&["status", "--porcelain"])?.lines().map(str::to_string).collect(),
        })
    }

    /// The destinations that the project has files for.
    pub fn destinations(&self, config_file: &str) -> Vec<String> {
        destinations(&self.directory, config_file)
    }

    /// What a git command prints; nothing if it fails.
    pub fn git(&self, words: &[&str]) -> Option<String> {
        printed(&self.directory, "git", words)
    }

    /// An error about the project's files.
    pub fn wrong(&self, error: ConfigurationError) -> Failure {
        Failure::Configuration { error, sources: self.sources.clone() }
    }
}

/// Whether the lock is frozen unless somebody says so: where nobody looks on.
fn runs_unattended() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// The configuration as it is written: merged, and not checked.
pub fn document(config_file: &str, permissions: Permissions, children: Children) -> Result<Node, Failure> {
    let directory = directory()?;
    let sources = sources(&directory, config_file, children.destination.as_deref())?;
    let machine = Machine::new(directory, permissions, children);
    configuration::document(&sources, &machine)
        .map_err(|error| Failure::Configuration { error, sources: texts(&sources) })
}

/// The folder that the program was started in.
pub fn directory() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| Failure::message(format!("the current folder: {error}")))
}

/// Reads the files of a configuration.
fn sources(directory: &Path, config_file: &str, destination: Option<&str>) -> Result<Sources, Failure> {
    let base = read_source(directory, config_file)?;
    let overlay = match destination {
        Some(destination) => Some(read_overlay(directory, config_file, destination)?),
        None => None,
    };
    Ok(Sources { base, overlay, destination: destination.map(str::to_string) })
}

fn texts(sources: &Sources) -> Vec<Source> {
    [Some(sources.base.clone()), sources.overlay.clone()].into_iter().flatten().collect()
}

/// What a program prints, without the final newline; nothing if it fails.
fn printed(directory: &Path, program: &str, words: &[&str]) -> Option<String> {
    let outcome = transport::capture(program, words, directory, &[]).ok()?;
    outcome.succeeded().then(|| outcome.stdout.trim_end_matches('\n').to_string())
}

/// `4??.html` or `5??.html`.
fn is_error_page(name: &str) -> bool {
    name.strip_suffix(".html").is_some_and(|code| code.chars().count() == 3 && code.starts_with(['4', '5']))
}

fn read_source(directory: &Path, path: &str) -> Result<Source, Failure> {
    let full = directory.join(path);
    match std::fs::read_to_string(&full) {
        Ok(text) => Ok(Source { path: path.to_string(), text }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let error = ConfigurationError::file_not_found(&full.display().to_string())
                .with_hint("run sextant in the project's folder, or name the file with --config-file");
            Err(Failure::Configuration { error, sources: Vec::new() })
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(not_utf8(&full, path)),
        Err(error) => Err(Failure::message(format!("{path} cannot be read: {error}"))),
    }
}

/// What is said about a file with bytes that are no text.
fn not_utf8(full: &Path, path: &str) -> Failure {
    let bytes = std::fs::read(full).unwrap_or_default();
    let good = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let line = bytes[..good].iter().filter(|byte| **byte == b'\n').count() + 1;
    Failure::with_hint(format!("{path} line {line} is not UTF-8"), "save the file as UTF-8")
}

/// Reads the overlay of a destination. Where there is none, it tells which destinations there are.
fn read_overlay(directory: &Path, base: &str, destination: &str) -> Result<Source, Failure> {
    let path = overlay_path(base, destination);
    read_source(directory, &path).map_err(|failure| match failure {
        Failure::Configuration { error, sources } => {
            let known = destinations(directory, base);
            let known =
                if known.is_empty() { "there is none".to_string() } else { format!("there are: {}", known.join(", ")) };
            let error = error.with_hint(format!("the destination `{destination}` is read from {path}; {known}"));
            Failure::Configuration { error, sources }
        }
        other => other,
    })
}

/// The destinations that have an overlay.
fn destinations(directory: &Path, base: &str) -> Vec<String> {
    let path = overlay_path(base, "*");
    let path = Path::new(&path);
    let pattern = path.file_name().unwrap_or_default().to_string_lossy();
    let Some((before, after)) = pattern.split_once('*') else { return Vec::new() };
    let entries = std::fs::read_dir(directory.join(path.parent().unwrap_or(Path::new(""))));
    let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter_map(|name| Some(name.strip_prefix(before)?.strip_suffix(after)?.to_string())).collect();
    names.sort();
    names
}

/// `config/deploy.yml` and `staging` give `config/deploy.staging.yml`.
fn overlay_path(base: &str, destination: &str) -> String {
    let path = Path::new(base);
    let stem = path.with_extension("");
    let extension = path.extension().map_or("yml".into(), |extension| extension.to_string_lossy());
    format!("{}.{destination}.{extension}", stem.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlays_stand_beside_their_base() {
        assert_eq!(overlay_path("config/deploy.yml", "staging"), "config/deploy.staging.yml");
        assert_eq!(overlay_path("infra/kamal.yaml", "eu"), "infra/kamal.eu.yaml");
    }
}

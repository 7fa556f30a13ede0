//! The way from texts to a [`Configuration`].

use std::fmt;

use crate::arguments::{number, text};
use crate::error::ConfigurationError;
use crate::merge::merge;
use crate::model::Configuration;
use crate::node::Node;
use crate::proxy::Timeouts;
use crate::registry::Literals;
use crate::{accessories, erb, hooks, not_yet, plugins, registry, roles, rules, sections, servers, settings, yaml};

/// What a configuration is made of.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `config/deploy.yml`.
    pub base: Source,
    /// `config/deploy.<destination>.yml`, when there is a destination.
    pub overlay: Option<Source>,
    /// The destination that was asked for.
    pub destination: Option<String>,
}

/// A file that has been read. Debug shows the path only, because the text may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// The path, as messages should show it.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Source").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Reads, merges and checks a project's files and fills every default in.
///
/// # Errors
/// The first thing that is wrong, in Kamal's order and words; then keys that this version does not carry out yet.
pub fn load(sources: &Sources) -> Result<Configuration, ConfigurationError> {
    let document = document(sources)?;
    sections::check(&document)?;
    rules::check(&document, sources.destination.as_deref())?;
    let plugins = plugins::build(&document)?;
    let hook_secrets = hooks::secrets(&document)?;
    not_yet::check(&document)?;

    let seconds = |key: &str, otherwise: u64| Ok(number(Some(&document), key, key)?.unwrap_or(otherwise));
    let timeouts = Timeouts { deploy: seconds("deploy_timeout", 30)?, drain: seconds("drain_timeout", 30)? };
    let readiness_delay = seconds("readiness_delay", 7)?;
    let retain_containers = seconds("retain_containers", 5)?;
    let path = |key: &str, otherwise: &str| text(Some(&document), key).unwrap_or_else(|| otherwise.to_owned());
    let service = path("service", "");
    let mut literals = Literals::new();
    let registry_node = document.get("registry").cloned().unwrap_or_else(|| Node::empty_map(document.origin.clone()));
    let registry = registry::build(&registry_node, "registry", &mut literals);
    let accessories = accessories::build(&document, &service, timeouts, &mut literals)?;
    let mut configuration = Configuration {
        destination: sources.destination.clone(),
        image: rules::image(&document).unwrap_or_default(),
        registry,
        roles: roles::build(&document, timeouts)?,
        primary_role: servers::primary_role(&document),
        accessories,
        builder: settings::builder(&document),
        boot: settings::boot(&document)?,
        ssh: settings::ssh(&document, &mut literals)?,
        sshkit: settings::sshkit(&document)?,
        hooks_output: settings::hooks_output(&document),
        output: settings::output(&document),
        deploy_timeout: timeouts.deploy,
        drain_timeout: timeouts.drain,
        readiness_delay,
        retain_containers,
        hooks_path: path("hooks_path", ".kamal/hooks"),
        secrets_path: path("secrets_path", ".kamal/secrets"),
        plugins,
        hook_secrets,
        literals: Literals::new(),
        service,
        document,
    };
    registry::redact(&mut configuration.document, &literals);
    configuration.literals = literals;
    Ok(configuration)
}

/// Reads and merges a project's files as they are written, without checking what stands in them.
///
/// # Errors
/// When a file cannot be read as YAML.
pub fn document(sources: &Sources) -> Result<Node, ConfigurationError> {
    let base = read(&sources.base)?;
    match &sources.overlay {
        Some(overlay) => Ok(merge(base, read(overlay)?)),
        None => Ok(base),
    }
}

/// One file as a document; an empty one is an empty map.
fn read(source: &Source) -> Result<Node, ConfigurationError> {
    erb::refuse_in_text(&source.path, &source.text)?;
    let document = yaml::parse(&source.path, &source.text)?;
    if document.is_null() {
        return Ok(Node::empty_map(document.origin));
    }
    if document.as_map().is_none() {
        let message = format!("{}: should be a hash", source.path);
        return Err(ConfigurationError::configuration(message).at(&document.origin));
    }
    Ok(document)
}

//! The way from texts to a [`Configuration`].

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;

use crate::arguments::{number, text};
use crate::erb::{Nowhere, Surroundings, Templates};
use crate::error::ConfigurationError;
use crate::merge::merge;
use crate::model::Configuration;
use crate::node::Node;
use crate::proxy::Timeouts;
use crate::registry::Literals;
use crate::{accessories, not_yet, plugins, registry, roles, rules, sections, servers, settings, yaml};

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

/// Reads a project as [`load_within`] does, in a world without environment, files and commands.
///
/// # Errors
/// As for [`load_within`].
pub fn load(sources: &Sources) -> Result<Configuration, ConfigurationError> {
    load_within(sources, &Nowhere)
}

/// Renders, reads, merges and checks a project's files and fills every default in. `surroundings` is what their templates see.
///
/// # Errors
/// The first thing that is wrong, in Kamal's order and words; then keys that this version does not carry out yet.
pub fn load_within(sources: &Sources, surroundings: &dyn Surroundings) -> Result<Configuration, ConfigurationError> {
    let mut templates = Templates::new(surroundings, sources.destination.as_deref());
    let mut unset = Vec::new();
    let mut document = read(&sources.base, &mut templates, &mut unset)?;
    if let Some(overlay) = &sources.overlay {
        document = merge(document, read(overlay, &mut templates, &mut unset)?);
    }
    let mut configuration = build(sources, document).map_err(|error| name_unset(error, &unset))?;
    configuration.variables =
        templates.into_variables().into_iter().map(|(name, value)| (name, SecretString::from(value))).collect();
    Ok(configuration)
}

/// Checks a merged document and fills every default in.
fn build(sources: &Sources, document: Node) -> Result<Configuration, ConfigurationError> {
    sections::check(&document)?;
    rules::check(&document, sources.destination.as_deref())?;
    let plugins = plugins::build(&document)?;
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
        ssh: settings::ssh(&document)?,
        deploy_timeout: timeouts.deploy,
        drain_timeout: timeouts.drain,
        readiness_delay,
        retain_containers,
        hooks_path: path("hooks_path", ".kamal/hooks"),
        secrets_path: path("secrets_path", ".kamal/secrets"),
        plugins,
        literals: Literals::new(),
        variables: BTreeMap::new(),
        service,
        document,
    };
    registry::redact(&mut configuration.document, &literals);
    configuration.literals = literals;
    Ok(configuration)
}

/// A variable that a template asked for and did not find: file, line, name.
type Unset = (String, usize, String);

/// An error on a line whose template printed nothing for want of a variable says so.
fn name_unset(error: ConfigurationError, unset: &[Unset]) -> ConfigurationError {
    let Some(origin) = &error.origin else { return error };
    let is_there = |(file, line, _): &&Unset| **file == *origin.file && *line == origin.line;
    match unset.iter().find(is_there) {
        Some((_, _, name)) if error.hint.is_none() => {
            error.with_hint(format!("{name} is not set, so ENV[\"{name}\"] gives nothing here"))
        }
        _ => error,
    }
}

/// One file as a document; an empty one is an empty map.
fn read(source: &Source, templates: &mut Templates<'_>, unset: &mut Vec<Unset>) -> Result<Node, ConfigurationError> {
    let rendered = templates.render(source)?;
    unset.extend(rendered.unset.into_iter().map(|(line, name)| (source.path.clone(), line, name)));
    let document = yaml::parse_rendered(&source.path, &rendered.text, rendered.positions.as_ref())
        .map_err(|error| name_unset(error, unset))?;
    if document.is_null() {
        return Ok(Node::empty_map(document.origin));
    }
    if document.as_map().is_none() {
        let message = format!("{}: should be a hash", source.path);
        return Err(ConfigurationError::configuration(message).at(&document.origin));
    }
    Ok(document)
}

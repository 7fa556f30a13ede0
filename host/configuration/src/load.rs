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
use crate::{
    accessories, approvals, builder, hooks, plugins, registry, roles, rules, sections, servers, settings, yaml,
};

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
/// The first thing that is wrong, in Kamal's order and words.
pub fn load_within(sources: &Sources, surroundings: &dyn Surroundings) -> Result<Configuration, ConfigurationError> {
    let mut files = Files::new(sources, surroundings);
    let document = files.document(sources)?;
    let mut configuration = build(sources, document).map_err(|error| files.name_unset(error))?;
    configuration.variables = files.into_variables();
    Ok(configuration)
}

/// Renders, reads and merges a project's files as they are written, without checking what stands in them.
///
/// # Errors
/// When a file cannot be rendered, or not be read as YAML.
pub fn document(sources: &Sources, surroundings: &dyn Surroundings) -> Result<Node, ConfigurationError> {
    Files::new(sources, surroundings).document(sources)
}

/// Reads a document that [`crate::dump()`] wrote of a configuration, which gives the same configuration but for the secrets that stood in
/// its files. No template is rendered.
///
/// # Errors
/// When the text is not what was written.
pub fn reload(text: &str, destination: Option<String>) -> Result<Configuration, ConfigurationError> {
    const PATH: &str = "the recorded configuration";
    let base = Source { path: PATH.to_owned(), text: text.to_owned() };
    let document = yaml::parse(PATH, text)?;
    build(&Sources { base, overlay: None, destination }, document)
}

/// Checks a merged document and fills every default in.
fn build(sources: &Sources, document: Node) -> Result<Configuration, ConfigurationError> {
    sections::check(&document)?;
    rules::check(&document, sources.destination.as_deref())?;
    let plugins = plugins::build(&document)?;
    let signers = approvals::signers(&document)?;
    let hook_secrets = hooks::secrets(&document)?;

    let seconds = |key: &str, otherwise: u64| Ok(number(Some(&document), key, key)?.unwrap_or(otherwise));
    let timeouts = Timeouts { deploy: seconds("deploy_timeout", 30)?, drain: seconds("drain_timeout", 30)? };
    let readiness_delay = seconds("readiness_delay", 7)?;
    let retain_containers = seconds("retain_containers", 5)?;
    let path = |key: &str, otherwise: &str| text(Some(&document), key).unwrap_or_else(|| otherwise.to_owned());
    let service = path("service", "");
    let mut literals = Literals::new();
    let registry_node = document.get("registry").cloned().unwrap_or_else(|| Node::empty_map(document.origin.clone()));
    let registry = registry::build(&registry_node, "registry", &mut literals);
    let image = rules::image(&document).unwrap_or_default();
    let builder = builder::build(&document, registry.server.as_deref(), &image);
    let accessories = accessories::build(&document, &service, timeouts, &mut literals)?;
    let mut configuration = Configuration {
        destination: sources.destination.clone(),
        image,
        registry,
        roles: roles::build(&document, timeouts)?,
        primary_role: servers::primary_role(&document),
        accessories,
        builder,
        boot: settings::boot(&document)?,
        ssh: settings::ssh(&document, &mut literals)?,
        sshkit: settings::sshkit(&document)?,
        hooks_output: settings::hooks_output(&document),
        output: settings::output(&document),
        deploy_timeout: timeouts.deploy,
        drain_timeout: timeouts.drain,
        readiness_delay,
        retain_containers,
        error_pages_path: text(Some(&document), "error_pages_path").filter(|path| !path.trim().is_empty()),
        hooks_path: path("hooks_path", ".kamal/hooks"),
        secrets_path: path("secrets_path", ".kamal/secrets"),
        plugins,
        signers,
        hook_secrets,
        literals: Literals::new(),
        logging: roles::logging(document.get("logging"), None),
        variables: BTreeMap::new(),
        service,
        document,
    };
    registry::redact(&mut configuration.document, &literals);
    configuration.literals = literals;
    Ok(configuration)
}

/// The files of a project while they are rendered and read.
struct Files<'s> {
    templates: Templates<'s>,
    /// Variables that templates asked for and did not find: file, line, name.
    unset: Vec<(String, usize, String)>,
}

impl<'s> Files<'s> {
    fn new(sources: &Sources, surroundings: &'s dyn Surroundings) -> Self {
        Self { templates: Templates::new(surroundings, sources.destination.as_deref()), unset: Vec::new() }
    }

    fn document(&mut self, sources: &Sources) -> Result<Node, ConfigurationError> {
        let base = self.read(&sources.base)?;
        match &sources.overlay {
            Some(overlay) => Ok(merge(base, self.read(overlay)?)),
            None => Ok(base),
        }
    }

    /// One file as a document; an empty one is an empty map.
    fn read(&mut self, source: &Source) -> Result<Node, ConfigurationError> {
        let rendered = self.templates.render(source)?;
        self.unset.extend(rendered.unset.into_iter().map(|(line, name)| (source.path.clone(), line, name)));
        let document = yaml::parse_rendered(&source.path, &rendered.text, rendered.positions.as_ref())
            .map_err(|error| self.name_unset(error))?;
        if document.is_null() {
            return Ok(Node::empty_map(document.origin));
        }
        if document.as_map().is_none() {
            let message = format!("{}: should be a hash", source.path);
            return Err(ConfigurationError::configuration(message).at(&document.origin));
        }
        Ok(document)
    }

    /// An error on a line whose template printed nothing for want of a variable says so.
    fn name_unset(&self, error: ConfigurationError) -> ConfigurationError {
        let Some(origin) = &error.origin else { return error };
        let is_there = |(file, line, _): &&(String, usize, String)| **file == *origin.file && *line == origin.line;
        match self.unset.iter().find(is_there) {
            Some((_, _, name)) => {
                error.with_hint(format!("{name} is not set, so `ENV[\"{name}\"]` gives nothing here"))
            }
            None => error,
        }
    }

    fn into_variables(self) -> BTreeMap<String, SecretString> {
        self.templates.into_variables().into_iter().map(|(name, value)| (name, SecretString::from(value))).collect()
    }
}

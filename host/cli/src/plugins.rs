//! The project's own plugins: what surrounds them on this machine, and how errors about them are told.

use std::path::{Path, PathBuf};

use configuration::{ConfigurationError, Plugin};
use distribution::{DistributionError, Docker, Resolved, Surroundings};
use oci::Trust;

use crate::arguments::Options;
use crate::failure::Failure;
use crate::project::Project;

/// The components of all plugins of a project, with their entries. What is not pinned as the lock says is refused.
pub fn components(project: &Project, options: &Options) -> Result<Vec<(Plugin, Vec<u8>)>, Failure> {
    let built = |plugin: &Plugin| options.built.as_ref().is_some_and(|(name, _)| *name == plugin.name);
    let (mine, plugins): (Vec<Plugin>, Vec<Plugin>) = project.configuration.plugins.iter().cloned().partition(built);
    let Resolved { components, notes } = distribution::components(&surroundings_of(project), &plugins)?;
    if !options.quiet {
        notes.iter().for_each(|note| crate::console::say(&format!("note: {note}")));
    }
    let components = components.into_iter().chain(options.built.iter().map(|(_, component)| component.clone()));
    Ok(plugins.into_iter().chain(mine).zip(components).collect())
}

/// The component of one plugin.
pub fn component(project: &Project, plugin: &Plugin) -> Result<Vec<u8>, ConfigurationError> {
    let surroundings = surroundings_of(project);
    let resolved = distribution::components(&surroundings, std::slice::from_ref(plugin)).map_err(|error| {
        let wrong = ConfigurationError::runtime(error.to_string());
        error.hint().into_iter().fold(wrong, ConfigurationError::with_hint)
    })?;
    Ok(resolved.components.into_iter().next().unwrap_or_default())
}

fn surroundings_of(project: &Project) -> Surroundings {
    Surroundings { offline: project.offline, ..surroundings(&project.directory, project.frozen) }
}

/// What surrounds the plugins of a project on this machine.
pub fn surroundings(project: &Path, frozen: bool) -> Surroundings {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let folder = |variable: &str, usual: &str| {
        let named = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| Some(home.as_ref()?.join(usual)))
    };
    let users = folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("sextant/revoked"));
    Surroundings {
        project: project.to_path_buf(),
        cache: crate::places::cache_directory().map(|folder| folder.join("plugins")),
        docker: Docker { folder: folder("DOCKER_CONFIG", ".docker"), trust: Trust::of_docker(home.as_deref()) },
        revoked: users.into_iter().chain([project.join(".sextant/revoked")]).collect(),
        frozen,
        offline: false,
    }
}

impl From<DistributionError> for Failure {
    fn from(error: DistributionError) -> Self {
        Self::Message { text: error.to_string(), hint: error.hint() }
    }
}

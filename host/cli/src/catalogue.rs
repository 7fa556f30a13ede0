//! The plugins of a run: builtins, the project's own, policies from outside.

use std::collections::BTreeMap;

use configuration::{ConfigurationError, Source};
use plan::HookError;
use plugin_runtime::{Builtin, Cache, Catalogue, Limits};

use crate::arguments::Options;
use crate::failure::Failure;
use crate::places::cache_directory;
use crate::policies::LIST;
use crate::project::Project;
use crate::{plugins, policies};

/// Loads builtins and the project's plugins.
pub fn catalogue(project: &Project, options: &Options) -> Result<Catalogue, Failure> {
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    let mut own = plugins::components(project, options)?;
    own.extend(policies::components(options, &project.configuration.plugins)?);
    let cache = cache_directory().map(|folder| Cache::new(folder.join("components")));
    if !options.quiet {
        own.iter().for_each(|(plugin, component)| announce(&plugin.name, component, cache.as_ref()));
    }
    let outside = own.iter().filter_map(|(plugin, _)| Some((plugin.name.clone(), plugin.folder.clone()?)));
    let folders: BTreeMap<String, String> = outside.collect();
    let catalogue = Catalogue::load(&builtins, own, Limits::default(), cache.as_ref())
        .map_err(|error| refused(project, error, &folders))?;
    policies::check_overrides(options, &catalogue)?;
    if options.verbose {
        for load in catalogue.loads() {
            let how = if load.compiled { "compiled" } else { "loaded from the cache" };
            let hooks = catalogue.hooks_of(&load.plugin).join(", ");
            crate::console::say(&format!(
                "Plugin {} ({hooks}) {how} in {:.1} ms",
                load.plugin,
                load.took.as_secs_f64() * 1e3
            ));
        }
    }
    Ok(catalogue)
}

/// What is wrong with a plugin, with the line at fault where it stands in a file.
pub fn refused(project: &Project, error: HookError, folders: &BTreeMap<String, String>) -> Failure {
    match &error {
        HookError::Load { plugin, .. } if folders.contains_key(plugin) => {
            let hint = format!("take it out of {}, or put another there", folders[plugin]);
            Failure::with_hint(error.to_string(), hint)
        }
        HookError::Settings { plugin, reason, place } => {
            let wrong = |path: &str| {
                let wrong = ConfigurationError::configuration(format!("{path}/with: {reason}"));
                wrong.at(place).with_hint("`sextant plugin inspect` tells what it takes")
            };
            if !folders.contains_key(plugin) {
                return project.wrong(wrong(&format!("x-plugins/{plugin}")));
            }
            if !place.file.ends_with(LIST) {
                let folder = &folders[plugin];
                let text = format!("the policy `{plugin}` of the folder {folder} lacks settings: {reason}");
                let hint =
                    format!("give it some in {folder}/{LIST}: `{plugin}: {{ source: {}, with: … }}`", place.file);
                return Failure::with_hint(text, hint);
            }
            let text = std::fs::read_to_string(&*place.file).unwrap_or_default();
            let source = Source { path: place.file.to_string(), text };
            Failure::Configuration { error: wrong(plugin), sources: vec![source] }
        }
        _ => error.into(),
    }
}

/// Says that a component is about to be compiled, where that takes seconds: those of JavaScript and Python bring a whole interpreter.
fn announce(name: &str, component: &[u8], cache: Option<&Cache>) {
    const LARGE: usize = 2 << 20;
    if component.len() > LARGE && !cache.is_some_and(|cache| cache.holds(component)) {
        crate::console::say(&format!("Compiling {name} once, {} MiB", component.len() >> 20));
    }
}

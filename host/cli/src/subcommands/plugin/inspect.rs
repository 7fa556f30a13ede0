//! `sextant plugin inspect`.

use std::path::Path;

use super::portrait::Portrait;
use crate::arguments::Options;
use crate::console::{Output, print, print_raw};
use crate::failure::Failure;
use crate::places::CONFIG_FILE;
use crate::plugins;
use crate::project::Project;

pub fn run(options: &Options, plugin: &str) -> Result<u8, Failure> {
    let (source, component) = find(options, plugin)?;
    let portrait = Portrait::of(&component).map_err(|error| {
        let text = format!("{source}: {error}");
        Failure::Message { text, hint: error.hint().map(str::to_string) }
    })?;
    match options.output {
        Output::Json => print(&portrait.json(&source).to_string()),
        Output::Text => print_raw(&format!("{}{}", portrait.text(&source), portrait.entry(&source))),
    }
    Ok(0)
}

/// A file, else a plugin of the project, else a builtin: where it is from, and its bytes.
fn find(options: &Options, plugin: &str) -> Result<(String, Vec<u8>), Failure> {
    if Path::new(plugin).is_file() {
        let component = std::fs::read(plugin);
        let component = component.map_err(|error| Failure::message(format!("{plugin} cannot be read: {error}")))?;
        return Ok((plugin.to_string(), component));
    }
    if Path::new(&options.config_file).is_file() {
        let project = Project::read(options)?;
        if let Some(own) = project.configuration.plugins.iter().find(|own| own.name == plugin) {
            let component = plugins::component(&project, own).map_err(|error| project.wrong(error))?;
            return Ok((own.source.clone(), component));
        }
    }
    let builtin = bundle::PLUGINS.iter().chain(&bundle::ADAPTERS).find(|(name, _)| *name == plugin);
    builtin.map(|(name, component)| (format!("builtin {name}"), component.to_vec())).ok_or_else(|| {
        let text = format!("there is no file and no plugin `{plugin}`");
        Failure::with_hint(text, format!("give the path of a component, or a key of x-plugins in {CONFIG_FILE}"))
    })
}

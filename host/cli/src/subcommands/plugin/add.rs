//! `sextant plugin add`.

use configuration::Plugin;
use distribution::{Expectation, Found, Lock, Source};
use serde_json::json;

use super::{compile, entry, facts, public_key, told};
use crate::arguments::{AddPlugin, Options};
use crate::failure::Failure;
use crate::plugins::surroundings;
use crate::project::Project;

pub fn run(options: &Options, arguments: AddPlugin) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let mut lock = Lock::read(&project.directory)?;
    let source = Source::parse(&arguments.source)?;
    if let Some(name) =
        arguments.name.as_ref().filter(|name| !manifest::is_name(name) && listed(&project, name).is_none())
    {
        let (text, hint) = (format!("`{name}` is no name of a plugin"), manifest::NAMES.to_string());
        return Err(Failure::Usage { text, hint });
    }
    let listed = arguments.name.as_ref().and_then(|name| listed(&project, name));
    let key_file = arguments.key.clone().or_else(|| listed.and_then(|plugin| plugin.key.clone()));
    let key = key_file.as_deref().map(|path| public_key(&project, path)).transpose()?;
    let digest = arguments.digest.clone().or_else(|| listed.and_then(|plugin| plugin.digest.clone()));
    let surroundings = surroundings(&project.directory, false);
    let found = distribution::find(&surroundings, arguments.name.as_deref(), &source, &Expectation { digest, key })?;
    let name = found.locked.name.clone();
    let listed = self::listed(&project, &name);
    if let Some(other) = listed.filter(|plugin| plugin.source != arguments.source) {
        let text = format!("x-plugins/{name} comes from {}", other.source);
        return Err(Failure::with_hint(
            text,
            format!("change its source there and run `sextant plugin update {name}`, or give another --name"),
        ));
    }
    match lock.get(&name) {
        Some(locked) if *locked == found.locked => {
            let mut text = format!("{name} is pinned already\n");
            if listed.is_none() {
                text.push_str(&enter(&project, options, &found, &arguments)?);
            } else if arguments.grant {
                text.push_str(&format!("x-plugins/{name} is there already: its grants are yours to change\n"));
            }
            told(options, &text, &json!({ "plugin": found.locked, "changed": false }));
            return Ok(0);
        }
        Some(locked) => {
            let changes =
                found.locked.changes(locked).iter().fold(String::new(), |text, change| text + "\n  " + change);
            let text = format!("plugin `{name}` is pinned already, and this is another one{changes}");
            return Err(Failure::with_hint(text, format!("run `sextant plugin update {name}` if you want this one")));
        }
        None => {}
    }
    compile(&project, &found, listed)?;
    lock.set(found.locked.clone());
    lock.write(&project.directory)?;
    let mut text = format!("Pinned {name} in sextant.lock\n{}", facts(&found.locked));
    if listed.is_none() {
        text.push_str(&enter(&project, options, &found, &arguments)?);
    }
    told(options, &text, &json!({ "plugin": found.locked, "changed": true }));
    Ok(0)
}

/// The entry of a name in `x-plugins`.
fn listed<'a>(project: &'a Project, name: &str) -> Option<&'a Plugin> {
    project.configuration.plugins.iter().find(|plugin| plugin.name == name)
}

/// Adds the plugin to the configuration where nothing else changes by that; says what to add otherwise.
fn enter(project: &Project, options: &Options, found: &Found, arguments: &AddPlugin) -> Result<String, Failure> {
    let lines = entry::lines(found, arguments.key.as_deref(), arguments.digest.as_deref(), arguments.grant);
    let path = project.directory.join(&options.config_file);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::message(format!("{} cannot be read: {error}", options.config_file)))?;
    match entry::appended(&text, &found.locked.name, &lines) {
        Some(text) => {
            std::fs::write(&path, text).map_err(|error| {
                let hint = format!("sextant.lock has the plugin already; add to the file:\n\nx-plugins:\n{lines}");
                Failure::with_hint(format!("{} cannot be written: {error}", options.config_file), hint)
            })?;
            Ok(format!("Added x-plugins/{} to {}\n", found.locked.name, options.config_file))
        }
        None => Ok(format!("Add to {}:\n\nx-plugins:\n{lines}", options.config_file)),
    }
}

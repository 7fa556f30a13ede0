//! `sextant plugin`: projects of new plugins, what is pinned in `sextant.lock`, and components on their way to others.

mod add;
mod build;
mod develop;
mod entry;
mod inspect;
mod new;
mod portrait;
mod publish;
mod test;

use std::collections::BTreeMap;

use configuration::Plugin;
use distribution::{DistributionError, Expectation, Found, Lock, Locked, PublicKey, Source};
use manifest::Kind;
use plugin_runtime::{Cache, Catalogue, Limits};
use serde_json::{Value, json};

use super::confirm;
use crate::arguments::{AuthorCommand, Options, PluginCommand};
use crate::catalogue::refused;
use crate::console::{Output, print, say};
use crate::failure::Failure;
use crate::places::cache_directory;
use crate::plugins::surroundings;
use crate::project::{self, Project};

pub fn run(options: &Options, command: PluginCommand) -> Result<u8, Failure> {
    match command {
        PluginCommand::Author(command) => author(options, command),
        PluginCommand::Add(arguments) => add::run(options, arguments),
        PluginCommand::Test(arguments) => test::run(options, &arguments),
        PluginCommand::Dev(arguments) => develop::run(options, &arguments),
        PluginCommand::List => list(options),
        PluginCommand::Update { name, yes } => update(options, name.as_deref(), yes),
        PluginCommand::Verify => verify(options),
        PluginCommand::Remove { name } => remove(options, &name),
        PluginCommand::Push { component, to, sign } => publish::push(options, &component, &to, sign.as_deref()),
        PluginCommand::Sign { component, sign } => publish::sign(options, &component, &sign),
        PluginCommand::Keygen { name } => publish::keygen(options, &name),
    }
}

/// What those ask for who write plugins.
fn author(options: &Options, command: AuthorCommand) -> Result<u8, Failure> {
    match command {
        AuthorCommand::New(arguments) => new::run(&arguments),
        AuthorCommand::Build { folder } => build::run(options, &folder),
        AuthorCommand::Inspect { plugin } => inspect::run(options, &plugin),
    }
}

/// Prints what was done: a text for people, an object for programs.
fn told(options: &Options, text: &str, object: &Value) {
    match options.output {
        Output::Text => print(text.trim_end()),
        Output::Json => print(&object.to_string()),
    }
}

fn list(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let lock = Lock::read(&project.directory)?;
    let plugins = &project.configuration.plugins;
    let unused = lock.plugins().iter().filter(|locked| !plugins.iter().any(|plugin| plugin.name == locked.name));
    let mut text = String::new();
    let mut objects = Vec::new();
    for plugin in plugins {
        let locked = lock.get(&plugin.name);
        let state = if locked.is_some() { "locked" } else { "not in sextant.lock" };
        text.push_str(&described(&plugin.name, &plugin.source, state, locked));
        objects.push(json!({ "name": plugin.name, "source": plugin.source, "state": state, "locked": locked }));
    }
    for locked in unused {
        let state = "not in x-plugins";
        text.push_str(&described(&locked.name, &locked.source, state, Some(locked)));
        objects.push(json!({ "name": locked.name, "source": locked.source, "state": state, "locked": locked }));
    }
    let text = if objects.is_empty() { "The project has no plugins of its own".to_string() } else { text };
    told(options, &text, &json!({ "plugins": objects }));
    Ok(0)
}

/// A plugin in a few lines.
fn described(name: &str, source: &str, state: &str, locked: Option<&Locked>) -> String {
    let mut text = format!("{name}  {source}  ({state})\n");
    if let Some(locked) = locked {
        text.push_str(&facts(locked));
    }
    text
}

/// What is pinned of a plugin, a line each.
fn facts(locked: &Locked) -> String {
    let mut text = format!("  digest     {}\n", locked.digest);
    if let Some(contract) = &locked.contract {
        text.push_str(&format!("  hooks      {} of sextant:deploy {contract}\n", locked.hooks.join(", ")));
    }
    text.push_str(&format!("  signer     {}\n", locked.signer.as_deref().unwrap_or("none")));
    if locked.capabilities.is_empty() {
        text.push_str("  asks for   nothing\n");
    }
    for kind in Kind::ALL {
        let entries = locked.capabilities.of(kind);
        if !entries.is_empty() {
            text.push_str(&format!("  asks for   {}: {}\n", kind.name(), entries.join(", ")));
        }
    }
    text
}

fn update(options: &Options, name: Option<&str>, yes: bool) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let mut lock = Lock::read(&project.directory)?;
    let plugins = chosen(&project, name)?;
    let mut refused = false;
    for plugin in plugins {
        let before = lock.get(&plugin.name).cloned();
        let found = find(&project, plugin, before.as_ref())?;
        let changes = match &before {
            Some(before) => found.locked.changes(before),
            None => vec!["not in sextant.lock yet".to_string()],
        };
        let is_same = before.as_ref() == Some(&found.locked);
        let mut text = format!("{}: {}\n", plugin.name, if is_same { "up to date" } else { "changes" });
        changes.iter().for_each(|change| text.push_str(&format!("  {change}\n")));
        if before.is_none() {
            text.push_str(&facts(&found.locked));
        }
        let take = |text: &str| {
            if options.output == Output::Text {
                print(text.trim_end());
            }
            confirm(&format!("Pin this one of {}?", plugin.name), yes, options)
        };
        let pins = !is_same && take(&text);
        if is_same && options.output == Output::Text {
            print(text.trim_end());
        }
        if pins {
            compile(&project, &found, Some(plugin))?;
        }
        if pins && !options.dry_run {
            lock.set(found.locked.clone());
            lock.write(&project.directory)?;
            if options.output == Output::Text {
                print(&format!("Pinned {} in sextant.lock", plugin.name));
            }
        }
        if options.output == Output::Json {
            let object = json!({ "name": plugin.name, "changes": changes, "pinned": pins, "locked": found.locked });
            print(&object.to_string());
        }
        refused |= !is_same && !pins;
    }
    Ok(u8::from(refused))
}

/// The plugins of a project, or the one of a name.
fn chosen<'a>(project: &'a Project, name: Option<&str>) -> Result<Vec<&'a Plugin>, Failure> {
    let plugins = &project.configuration.plugins;
    let Some(name) = name else { return Ok(plugins.iter().collect()) };
    match plugins.iter().find(|plugin| plugin.name == name) {
        Some(plugin) => Ok(vec![plugin]),
        None => Err(Failure::with_hint(
            format!("x-plugins has no plugin `{name}`"),
            "`sextant plugin list` shows those that there are",
        )),
    }
}

/// What the source of a plugin holds now. Whoever signed it before has to have signed it again, unless the project names another key.
fn find(project: &Project, plugin: &Plugin, before: Option<&Locked>) -> Result<Found, Failure> {
    let key = match &plugin.key {
        Some(path) => Some(public_key(project, path)?),
        None => before.and_then(|before| before.public_key()),
    };
    let expectation = Expectation { digest: plugin.digest.clone(), key };
    let source = Source::parse(&plugin.source)?;
    Ok(distribution::find(&surroundings(&project.directory, false), Some(&plugin.name), &source, &expectation)?)
}

/// Compiles a component once, so that no deploy has to, and so that what cannot be used is refused here: neither can a plugin with the name
/// of a builtin, nor one whose entry has other settings than it takes. One without an entry has none yet.
fn compile(project: &Project, found: &Found, listed: Option<&Plugin>) -> Result<(), Failure> {
    let name = &found.locked.name;
    if bundle::PLUGINS.iter().any(|(builtin, _)| builtin == name) {
        let text = format!("a builtin plugin has the name `{name}`");
        return Err(Failure::with_hint(text, "give this one another: --name, and its key in x-plugins"));
    }
    say(&format!("Compiling {name} ({} KiB)", found.component.len().div_ceil(1024)));
    let cache = cache_directory().map(|folder| Cache::new(folder.join("components")));
    let Some(plugin) = listed else {
        return Ok(Catalogue::compile(name, &found.component, cache.as_ref())?);
    };
    let own = vec![(plugin.clone(), found.component.clone())];
    let loaded = Catalogue::load(&[], own, Limits::default(), cache.as_ref());
    loaded.map(drop).map_err(|error| refused(project, error, &BTreeMap::new()))
}

fn public_key(project: &Project, path: &str) -> Result<PublicKey, Failure> {
    let text = std::fs::read_to_string(project.directory.join(path)).map_err(|error| DistributionError::Key {
        file: path.to_string(),
        kind: "public",
        reason: error.to_string(),
    })?;
    Ok(PublicKey::parse(path, &text)?)
}

/// Holds each plugin to the lock as a deploy would, and tells where names in registries lead by now.
fn verify(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let lock = Lock::read(&project.directory)?;
    let surroundings = surroundings(&project.directory, true);
    let mut wrong = 0;
    for plugin in &project.configuration.plugins {
        let checked = distribution::components(&surroundings, std::slice::from_ref(plugin));
        let mut notes = Vec::new();
        if let (Ok(source), Some(locked)) = (Source::parse(&plugin.source), lock.get(&plugin.name)) {
            match distribution::leads_to(&surroundings, &plugin.name, &source) {
                Ok(Some(now)) if Some(&now) != locked.artifact.as_ref() => {
                    notes.push(format!("{} leads to another component by now; the pinned one is used", plugin.source));
                }
                Ok(_) => {}
                Err(error) => notes.push(error.to_string()),
            }
        }
        match checked {
            Ok(_) => {
                let digest = lock.get(&plugin.name).map(|locked| locked.digest.clone()).unwrap_or_default();
                let text = format!("{}  ok  {digest}", plugin.name);
                told(options, &text, &json!({ "name": plugin.name, "ok": true, "digest": digest, "notes": notes }));
            }
            Err(error) => {
                wrong += 1;
                let object = json!({ "name": plugin.name, "ok": false, "error": error.to_string(), "hint": error.hint(), "notes": notes });
                match options.output {
                    Output::Json => print(&object.to_string()),
                    Output::Text => Failure::from(error).tell(Output::Text),
                }
            }
        }
        if options.output == Output::Text {
            notes.iter().for_each(|note| say(&format!("note: {note}")));
        }
    }
    let own = &project.configuration.plugins;
    for locked in lock.plugins().iter().filter(|locked| !own.iter().any(|plugin| plugin.name == locked.name)) {
        say(&format!("note: {} is pinned and not in x-plugins: no run asks it", locked.name));
    }
    Ok(u8::from(wrong > 0))
}

fn remove(options: &Options, name: &str) -> Result<u8, Failure> {
    let directory = project::directory()?;
    let mut lock = Lock::read(&directory)?;
    if !lock.remove(name) {
        let hint = "`sextant plugin list` shows those that there are";
        return Err(Failure::with_hint(format!("sextant.lock has no plugin `{name}`"), hint));
    }
    lock.write(&directory)?;
    let text =
        format!("Removed {name} from sextant.lock; take x-plugins/{name} out of {} as well", options.config_file);
    told(options, &text, &json!({ "removed": name }));
    Ok(0)
}

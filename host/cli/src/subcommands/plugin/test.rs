//! `sextant plugin test`: a component against a recording, or against what the contract promises.

use std::path::Path;

use configuration::{Plugin, Source, Sources};
use conformance::{Finding, Outcome, Setting};
use manifest::Capabilities;
use plugin_runtime::{Builtin, Cache, Limits, Recording, Specimen};
use serde_json::json;

use crate::arguments::{Options, TestPlugin};
use crate::console::{Output, print};
use crate::diff::diff;
use crate::failure::Failure;
use crate::places::cache_directory;

pub fn run(options: &Options, arguments: &TestPlugin) -> Result<u8, Failure> {
    let component = std::fs::read(&arguments.component).map_err(|error| {
        let hint = "`sextant plugin build` makes one".to_string();
        Failure::with_hint(format!("the component {} cannot be read: {error}", arguments.component), hint)
    })?;
    match &arguments.replay {
        Some(recording) => replay(options, arguments, &component, recording),
        None => check(options, arguments, &component),
    }
}

/// Asks a component what is in a recording, and compares its answers with those of then.
fn replay(options: &Options, arguments: &TestPlugin, component: &[u8], path: &str) -> Result<u8, Failure> {
    let text = read(path, "the recording")?;
    let recording = Recording::parse(&text).map_err(|reason| {
        let hint = "`--record FILE` writes one, with any subcommand that plans".to_string();
        Failure::with_hint(format!("the recording {path} cannot be read: {reason}"), hint)
    })?;
    let name = name_of(&arguments.component, component);
    let mine = |call: &&plugin_runtime::RecordedCall| call.plugin == name;
    let calls: Vec<_> = recording.calls.iter().filter(mine).collect();
    if calls.is_empty() {
        let mut known: Vec<&str> = recording.calls.iter().map(|call| call.plugin.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        let hint = format!("it has calls of: {}; the component's name is `{name}`", known.join(", "));
        return Err(Failure::with_hint(format!("the recording {path} has no call of this plugin"), hint));
    }
    let cache = cache_directory().map(|folder| Cache::new(folder.join("components")));
    let specimen = Specimen::load(&name, component, Limits::default(), cache.as_ref())?;
    let mut differences = 0;
    let mut objects = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        let replayed = specimen.replay(&recording, call);
        let hook = call.question.hook().name();
        let same = replayed.recorded == replayed.now;
        differences += usize::from(!same);
        let difference = diff(&replayed.recorded, &replayed.now, ("recorded", "now"));
        match options.output {
            Output::Json => {
                objects.push(json!({ "call": index + 1, "hook": hook, "same": same, "difference": difference }))
            }
            Output::Text if same => print(&format!("ok    {} {hook}", index + 1)),
            Output::Text => print(&format!("FAIL  {} {hook}\n{}", index + 1, difference.trim_end())),
        }
    }
    match options.output {
        Output::Json => print(&json!({ "plugin": name, "calls": objects, "ok": differences == 0 }).to_string()),
        Output::Text => print(&format!("{} of {} calls answered as recorded", calls.len() - differences, calls.len())),
    }
    Ok(u8::from(differences > 0))
}

/// Checks a component against what the contract promises.
fn check(options: &Options, arguments: &TestPlugin, component: &[u8]) -> Result<u8, Failure> {
    let name = name_of(&arguments.component, component);
    let setting = arguments.config.as_deref().map_or_else(|| Ok(Setting::default()), |path| setting(path, &name))?;
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    let cache = cache_directory().map(|folder| Cache::new(folder.join("components")));
    let findings = conformance::check(&name, component, &setting, &builtins, cache.as_ref());
    let failed = findings.iter().filter(|finding| matches!(finding.result, Outcome::Fail(_))).count();
    match options.output {
        Output::Text => {
            findings.iter().for_each(|finding| print(&line(finding)));
            print(&match failed {
                0 => format!("{name} keeps what the contract promises"),
                1 => "1 check failed".to_string(),
                failed => format!("{failed} checks failed"),
            });
        }
        Output::Json => {
            let checks: Vec<_> = findings.iter().map(object).collect();
            print(&json!({ "plugin": name, "checks": checks, "ok": failed == 0 }).to_string());
        }
    }
    Ok(u8::from(failed > 0))
}

fn line(Finding { check, result }: &Finding) -> String {
    match result {
        Outcome::Ok => format!("ok       {check}"),
        Outcome::Warn(reason) => format!("warn     {check}: {reason}"),
        Outcome::Fail(reason) => format!("FAIL     {check}: {reason}"),
        Outcome::Skipped(reason) => format!("skipped  {check}: {reason}"),
    }
}

fn object(Finding { check, result }: &Finding) -> serde_json::Value {
    let (word, reason) = match result {
        Outcome::Ok => ("ok", None),
        Outcome::Warn(reason) => ("warn", Some(reason)),
        Outcome::Fail(reason) => ("fail", Some(reason)),
        Outcome::Skipped(reason) => ("skipped", Some(reason)),
    };
    json!({ "check": check, "result": word, "reason": reason })
}

/// What a component calls itself; else its file's name.
fn name_of(path: &str, component: &[u8]) -> String {
    let own = manifest::Manifest::of(component).ok().flatten().map(|manifest| manifest.name);
    own.unwrap_or_else(|| {
        Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    })
}

/// Reads `with:` and `grants:`, as they would stand in a project.
fn setting(path: &str, name: &str) -> Result<Setting, Failure> {
    let text = read(path, "the settings")?;
    let unreadable = |error: configuration::ConfigurationError| {
        let hint = "it holds `with:` and `grants:`, as they stand under the plugin's name in x-plugins".to_string();
        Failure::with_hint(format!("the settings {path} cannot be read: {}", error.message), hint)
    };
    // By itself first, so that lines are counted in it.
    configuration::yaml::parse(path, &text).map_err(unreadable)?;
    let indented: String = text.lines().map(|line| format!("    {line}\n")).collect();
    let project = format!(
        "service: app\nimage: app\nservers: [host]\nregistry: {{ server: 'localhost:5000' }}\nbuilder: {{ arch: amd64 }}\n\
         x-plugins:\n  {name}:\n    source: plugin.wasm\n{indented}"
    );
    let base = Source { path: path.to_string(), text: project };
    let read = configuration::load(&Sources { base, overlay: None, destination: None });
    let configuration = read.map_err(unreadable)?;
    let Some(entry) = configuration.plugins.first() else { return Ok(Setting::default()) };
    let names_grants = text.lines().any(|line| line.starts_with("grants:"));
    Ok(Setting { settings: Some(entry.settings.to_json()), granted: names_grants.then(|| granted(entry)) })
}

fn granted(entry: &Plugin) -> Capabilities {
    Capabilities {
        secrets: entry.secrets.clone(),
        reveal: entry.reveal.clone(),
        network: entry.network.clone(),
        programs: entry.programs.clone(),
        variables: entry.variables.clone(),
        files: entry.files.clone(),
    }
}

fn read(path: &str, what: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let hint = "docs/testing-plugins.md tells how settings and recordings are written";
        Failure::with_hint(format!("{what} {path} cannot be read: {error}"), hint)
    })
}

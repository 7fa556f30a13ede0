//! Policies that come from outside of the project, and what the operator sets aside.
//!
//! A folder of policies is named by `--policy-dir` or the variable `SEXTANT_POLICY_DIR`, so that no change to the project can drop them.

use std::path::{Path, PathBuf};

use configuration::{ConfigurationError, Plugin, Source};
use distribution::{DistributionError, Source as PluginSource};
use plan::{Override, texts};
use plugin_runtime::Catalogue;

use crate::arguments::Options;
use crate::failure::Failure;
use crate::places::POLICY_FOLDER;
use crate::plugins::surroundings;

/// The file of a folder that lists its policies.
pub const LIST: &str = "policies.yml";

/// The folder of policies, if there is one: as it was named.
pub fn folder(options: &Options) -> Option<String> {
    let variable = || std::env::var(POLICY_FOLDER).ok().filter(|folder| !folder.is_empty());
    options.policy_dir.clone().or_else(variable)
}

/// The policies of the folder, with their components. One that cannot be read is an error: what is not there denies nothing.
pub fn components(options: &Options, project: &[Plugin]) -> Result<Vec<(Plugin, Vec<u8>)>, Failure> {
    let Some(named) = folder(options) else { return Ok(Vec::new()) };
    let entries = entries(&named)?;
    for entry in &entries {
        if let Some(own) = project.iter().find(|plugin| plugin.name == entry.name) {
            let (name, theirs, ours) = (&entry.name, &entry.source, &own.source);
            let text = format!(
                "the policy `{name}` of the folder {named} ({theirs}) and the plugin `{name}` of the project ({ours}) have one name"
            );
            return Err(Failure::with_hint(text, format!("give x-plugins/{name} another name, or take it out")));
        }
    }
    // Whoever can change a component here can change the list beside it: a pin would protect nobody.
    let surroundings = surroundings(Path::new(&named), false);
    let resolved = distribution::components(&surroundings, &entries).map_err(|error| match &error {
        DistributionError::File { .. } => {
            Failure::with_hint(error.to_string(), format!("`source` is a path relative to {named}"))
        }
        _ => error.into(),
    })?;
    Ok(entries.into_iter().zip(resolved.components).collect())
}

/// What the folder lists, or every component in it.
fn entries(named: &str) -> Result<Vec<Plugin>, Failure> {
    let folder = Path::new(named);
    let files = files(folder).map_err(|error| {
        let hint =
            format!("--policy-dir and the variable {POLICY_FOLDER} name a folder with {LIST} or components (*.wasm)");
        Failure::with_hint(format!("the folder of policies {named} cannot be read: {error}"), hint)
    })?;
    let list = folder.join(LIST);
    let mut entries = match std::fs::read_to_string(&list) {
        Ok(text) => listed(&list.display().to_string(), text)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => files.iter().map(|file| bare(file)).collect(),
        Err(error) => return Err(Failure::message(format!("{} cannot be read: {error}", list.display()))),
    };
    if entries.is_empty() {
        let hint = format!("leave --policy-dir and {POLICY_FOLDER} out where there are none");
        return Err(Failure::with_hint(format!("the folder of policies {named} has none"), hint));
    }
    entries.iter_mut().for_each(|entry| entry.folder = Some(named.to_string()));
    Ok(entries)
}

fn listed(path: &str, text: String) -> Result<Vec<Plugin>, Failure> {
    let entries = configuration::policies(path, &text);
    let wrong = |error: ConfigurationError| {
        let source = Source { path: path.to_string(), text: text.clone() };
        Failure::Configuration { error, sources: vec![source] }
    };
    let entries = entries.map_err(wrong)?;
    for entry in &entries {
        if !matches!(PluginSource::parse(&entry.source)?, PluginSource::Path(_)) {
            let text = format!("the policy `{}` of {path} comes from {}", entry.name, entry.source);
            return Err(Failure::with_hint(text, "a policy of a folder is a file in it: `source: mine.wasm`"));
        }
    }
    Ok(entries)
}

/// The components in a folder, by name.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let paths = folder.read_dir()?.map(|entry| Ok(entry?.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    paths.sort();
    Ok(paths)
}

/// The entry of a component that no list tells about.
fn bare(file: &Path) -> Plugin {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    configuration::bare_plugin(&text(file.file_stem()), &text(file.file_name()))
}

/// What the operator sets aside: `--override POLICY --reason TEXT`, as often as there are policies to set aside.
pub fn overrides(options: &Options) -> Result<Vec<Override>, Failure> {
    let (policies, reasons) = (&options.overridden, &options.reasons);
    let misused = |text: String| Failure::Usage { text, hint: "write `--override POLICY --reason TEXT`".to_string() };
    if let Some(policy) = policies.get(reasons.len()) {
        return Err(misused(format!("`--override {policy}` has no reason")));
    }
    if let Some(reason) = reasons.get(policies.len()) {
        return Err(misused(format!("the reason `{reason}` stands without --override")));
    }
    let pairs = policies.iter().zip(reasons).map(|(policy, reason)| {
        let reason = texts::one_line(reason).trim().to_string();
        if reason.is_empty() {
            return Err(misused(format!("the reason of `--override {policy}` is empty")));
        }
        Ok(Override { policy: policy.clone(), reason })
    });
    pairs.collect()
}

/// Refuses to set aside what may not be.
pub fn check_overrides(options: &Options, catalogue: &Catalogue) -> Result<(), Failure> {
    for Override { policy, .. } in overrides(options)? {
        match catalogue.may_override(&policy) {
            Some(true) => {}
            Some(false) => {
                let text = format!("the policy `{policy}` cannot be set aside");
                let hint = "nothing was touched; `override: true` in its entry would allow it";
                return Err(Failure::with_hint(text, hint));
            }
            None => {
                let known = catalogue.policies();
                let hint = match known.as_slice() {
                    [] => "there is no policy".to_string(),
                    known => format!("there are: {}", known.join(", ")),
                };
                return Err(Failure::with_hint(format!("there is no policy `{policy}` to set aside"), hint));
            }
        }
    }
    Ok(())
}

//! A small project with one plugin, and the catalogue that loads it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use configuration::{Filter, Selection, Source, Sources};
use plan::{Facts, HookError, Intent, Run};
use plugin_runtime::{Builtin, Catalogue, Limits};

const PROJECT: &str = "
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: eu.registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
env: { clear: { A: 'it''s $HOME' }, secret: [RAILS_MASTER_KEY] }
labels: { team: web }
proxy: { app_port: 3000, host: shop.example }
asset_path: /rails/public
";

/// A guest of `tests/guests`.
pub fn guest(name: &str) -> PathBuf {
    Path::new(env!("GUESTS")).join(format!("{name}.wasm"))
}

/// A run on the project with a plugin `guest`, with more lines of its entry.
pub fn run_with(source: &Path, more: &str) -> Arc<Run> {
    let text = format!("{PROJECT}x-plugins:\n  guest:\n    source: '{}'\n{more}", source.display());
    run_on(&text)
}

/// A run on the project by itself.
pub fn run() -> Arc<Run> {
    run_on(PROJECT)
}

fn run_on(text: &str) -> Arc<Run> {
    let base = Source { path: "config/deploy.yml".into(), text: text.into() };
    let configuration = configuration::load(&Sources { base, overlay: None, destination: None });
    let configuration = configuration.unwrap_or_else(|error| panic!("{}", error.message));
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    Arc::new(Run::sample(Intent::Deploy { skip_push: false }, configuration, selection))
}

/// The builtins and the run's plugin.
pub fn load(run: &Run) -> Result<Catalogue, HookError> {
    let own = run.configuration.plugins.iter().map(|plugin| {
        let bytes = std::fs::read(&plugin.source).unwrap_or_else(|error| panic!("{}: {error}", plugin.source));
        (plugin.clone(), bytes)
    });
    Catalogue::load(&builtins(), own.collect(), Limits::default(), None)
}

/// The builtins of this build.
pub fn builtins() -> Vec<Builtin> {
    bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect()
}

/// What planning comes to with a plugin: an error in words, or nothing.
pub fn planned(run: &Arc<Run>) -> Result<(), String> {
    let catalogue = load(run).map_err(|error| error.to_string())?;
    let planned = plan::plan(run, &Arc::new(Facts::default()), &catalogue);
    planned.map(drop).map_err(|error| error.to_string())
}

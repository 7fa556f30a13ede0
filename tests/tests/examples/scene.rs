//! An example in the catalogue of a project, and a run of it.

use std::path::Path;
use std::sync::Arc;

use configuration::{Filter, Selection, Source, Sources};
use plan::{Intent, Run};
use plugin_runtime::{Builtin, Cache, Catalogue, Limits};

/// A run of a project with an example as a plugin; `entry` is what else stands in its entry of `x-plugins`.
pub fn scene(example: &str, entry: &str, project: &str, destination: Option<&str>, intent: Intent) -> (Run, Catalogue) {
    let path = Path::new(env!("EXAMPLES")).join(format!("{}.wasm", example.replace('-', "_")));
    let component = std::fs::read(path).expect("the example was built");
    let text = format!("{project}x-plugins: {{ {example}: {{ source: x.wasm, {entry} }} }}\n");
    let base = Source { path: "config/deploy.yml".into(), text };
    let overlay = destination.map(|name| Source { path: format!("config/deploy.{name}.yml"), text: String::new() });
    let destination = destination.map(str::to_string);
    let configuration = configuration::load(&Sources { base, overlay, destination }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let own = vec![(configuration.plugins[0].clone(), component)];
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    let cache = Cache::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/examples-cache/sextant/components"));
    let catalogue = Catalogue::load(&builtins, own, Limits::default(), Some(&cache)).expect("the plugins load");
    (Run::sample(intent, configuration, selection), catalogue)
}

/// The plan of a run on hosts that nobody has looked at, or why there is none.
pub fn plan_of(run: &Arc<Run>, catalogue: &Catalogue) -> Result<plan::Plan, String> {
    plan::plan(run, &Arc::default(), catalogue).map_err(|error| error.to_string())
}

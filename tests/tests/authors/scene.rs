//! A project that uses one component, up to the planner.

use std::path::Path;
use std::sync::Arc;

use configuration::{Filter, Selection, Source, Sources};
use plan::{HookError, Intent, Run};
use plugin_runtime::{Builtin, Cache, Catalogue, Limits};

use crate::bench::kept;

/// A deploy of a project with a component in it, under the name `guest`, and what was loaded for it. `entry` is what the project says of
/// the component, beside its source. An error if that does not fit the component.
pub fn scene(
    component: &Path,
    project: &str,
    entry: &str,
    skip_push: bool,
) -> Result<(Arc<Run>, Catalogue), HookError> {
    let text = format!("{project}x-plugins: {{ guest: {{ source: guest.wasm, {entry} }} }}\n");
    let base = Source { path: "config/deploy.yml".into(), text };
    let configuration =
        configuration::load(&Sources { base, overlay: None, destination: None }).expect("the project is valid");
    let selection = Selection::new(&configuration, &Filter::default()).expect("everything is selected");
    let own = vec![(configuration.plugins[0].clone(), std::fs::read(component).expect("it was built"))];
    let intent = Intent::Deploy { skip_push };
    let run = Run { subcommand: vec!["deploy".to_string()], ..Run::sample(intent, configuration, selection) };
    let builtins: Vec<Builtin> = bundle::PLUGINS.iter().map(|(name, component)| Builtin { name, component }).collect();
    let cache = Cache::new(kept("cache").join("components"));
    let catalogue = Catalogue::load(&builtins, own, Limits::default(), Some(&cache))?;
    Ok((Arc::new(run), catalogue))
}

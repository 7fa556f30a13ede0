//! Rules for images that the host publishes: the project's own name, and files of the project that are no secrets.

use crate::action::Action;
use crate::assembly::ImageAssembly;
use crate::run::Run;
use crate::verify::names;

/// The rule that publishing an image would break, if any.
pub(crate) fn broken_rule(action: &Action, run: &Run) -> Option<String> {
    let (own_names, broken) = match action {
        Action::Publish { image, .. } => (&image.names, broken_assembly(image)),
        Action::PublishFiles { path, names, .. } => (names, broken_source(path)),
        _ => return None,
    };
    let output = run.intent.output();
    let elsewhere = (output != "registry").then(|| format!("the image is wanted in `{output}`, not in the registry"));
    elsewhere.or_else(|| foreign_name(own_names, &run.configuration.repository())).or(broken)
}

/// An image goes where hosts pull it from, and nowhere else.
fn foreign_name(own_names: &[String], repository: &str) -> Option<String> {
    let foreign = own_names.iter().find(|name| !names(name, repository) || name.contains('@'));
    match foreign {
        Some(name) => {
            Some(format!("`{name}` is no name for an image of this project, whose repository is {repository}"))
        }
        None if own_names.is_empty() => Some("an image needs a name".to_string()),
        None => None,
    }
}

fn broken_assembly(image: &ImageAssembly) -> Option<String> {
    let platform: Vec<&str> = image.platform.split('/').collect();
    if !matches!(platform.len(), 2 | 3) || platform.contains(&"") {
        return Some(format!("`{}` is no platform such as linux/amd64", image.platform));
    }
    image.files.iter().find_map(|file| broken_source(&file.source).or_else(|| broken_path(&file.path)))
}

/// A source stays in the project and away from its secrets.
fn broken_source(source: &str) -> Option<String> {
    let mut parts = source.split('/').filter(|part| !matches!(*part, "" | "."));
    if source.is_empty() || source.starts_with('/') || parts.clone().any(|part| part == "..") {
        return Some(format!("`{source}` leads out of the project"));
    }
    matches!(parts.next(), Some(".kamal")).then(|| format!("`{source}` is where secrets are, which no image gets"))
}

/// A path in an image begins at its root.
fn broken_path(path: &str) -> Option<String> {
    let inside = path.starts_with('/') && path.split('/').all(|part| part != ".." && part != ".");
    (!inside).then(|| format!("`{path}` is no absolute path of an image"))
}

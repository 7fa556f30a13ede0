//! Lines for builds on the operator's machine: git clones and buildx.

use serde::{Deserialize, Serialize};

use crate::quoting::{argumentize, literal, single_quoted, value};
use crate::{Command, Fragment};

/// Everything `docker buildx build` is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageBuild {
    /// Directory of the build context; the command runs in it.
    pub context: String,
    /// Names for the image.
    pub tags: Vec<String>,
    /// Platforms.
    pub platforms: Vec<String>,
    /// Builder; docker's own if absent.
    pub builder: Option<String>,
    /// Where the result goes.
    pub output: Option<String>,
    /// Dockerfile, relative to the context.
    pub dockerfile: Option<String>,
    /// Target stage.
    pub target: Option<String>,
    /// Labels.
    pub labels: Vec<(String, Option<String>)>,
    /// Build arguments.
    pub arguments: Vec<(String, Option<String>)>,
    /// Names of secrets the build may read.
    pub secrets: Vec<String>,
    /// Whether the cache is left aside.
    pub no_cache: bool,
}

/// Fails unless docker and its buildx plugin are there.
pub fn require_buildx() -> Command {
    Command::new("docker --version && docker buildx version")
}

/// `docker buildx create`.
pub fn create_builder(name: &str, driver: &str) -> Command {
    Command::new(format!("docker buildx create --name {} --driver={}", literal(name), literal(driver)))
}

/// `docker buildx build` in its context, with the build's secrets in the environment of that command only.
pub fn build(build: &ImageBuild) -> Command {
    let mut line = vec!["docker buildx build".to_string()];
    line.extend(build.output.iter().map(|kind| format!("--output=type={kind}")));
    if !build.platforms.is_empty() {
        line.push(format!("--platform {}", build.platforms.join(",")));
    }
    line.extend(build.builder.iter().map(|name| format!("--builder {}", literal(name))));
    line.extend(build.tags.iter().map(|tag| format!("-t {}", literal(tag))));
    line.extend(argumentize("--label", build.labels.iter().map(|(key, text)| (key, text))));
    line.extend(argumentize("--build-arg", build.arguments.iter().map(|(key, text)| (key, text))));
    line.extend(build.secrets.iter().map(|name| format!("--secret id={}", value(name))));
    line.extend(build.dockerfile.iter().map(|path| format!("--file {}", literal(path))));
    line.extend(build.target.iter().map(|stage| format!("--target {}", literal(stage))));
    if build.no_cache {
        line.push("--no-cache".to_string());
    }
    // The context is the working directory, so that the Dockerfile's path is found relative to it, as Kamal runs it.
    let (directory, context) =
        if is_url(&build.context) { (".", build.context.as_str()) } else { (build.context.as_str(), ".") };
    let line = format!("cd {} && {} {} 2>&1", single_quoted(directory), line.join(" "), literal(context));
    build.secrets.iter().fold(Command::new(line), |command, name| {
        command.with_variable(name.clone(), vec![Fragment::Secret(name.clone())])
    })
}

/// Brings a clone of `root` in `directory` to `revision`: makes it or resets it, and makes it anew when that fails.
pub fn checkout(root: &str, directory: &str, revision: &str) -> Command {
    let (root, directory, revision) = (single_quoted(root), single_quoted(directory), single_quoted(revision));
    let git = format!("git -C {directory}");
    Command::new(format!(
        "clone() {{ rm -rf {directory} && mkdir -p {directory} && git clone --quiet --recurse-submodules {root} {directory}; }}; \
         update() {{ {git} remote set-url origin {root} && {git} fetch --quiet origin; }}; \
         reset() {{ {git} reset --quiet --hard {revision} && {git} clean -fdxq && {git} submodule --quiet update --init; }}; \
         clean() {{ [ -z \"$({git} status --porcelain)\" ] && [ \"$({git} rev-parse HEAD)\" = {revision} ]; }}; \
         if [ -d {directory}/.git ]; then update && reset && clean && exit 0; echo 'the clone cannot be updated, making it anew' >&2; fi; \
         clone && reset && clean"
    ))
}

fn is_url(context: &str) -> bool {
    context.contains("://") || context.starts_with("git@")
}

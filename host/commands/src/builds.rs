//! Lines for builds on the operator's machine: buildx, buildpacks and git clones.

use serde::{Deserialize, Serialize};

use crate::quoting::{argumentize, expanding, literal, single_quoted, value};
use crate::{Command, Fragment};

/// Everything `docker buildx build` is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageBuild {
    /// The build context: a directory or a URL.
    pub context: String,
    /// Where the build runs, and where its paths begin; the project if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Names for the image.
    pub tags: Vec<String>,
    /// Platforms.
    pub platforms: Vec<String>,
    /// Builder; docker's own if absent.
    pub builder: Option<String>,
    /// Where the result goes.
    pub output: Option<String>,
    /// Dockerfile.
    pub dockerfile: Option<String>,
    /// Target stage.
    pub target: Option<String>,
    /// Labels.
    pub labels: Vec<(String, Option<String>)>,
    /// Build arguments.
    pub arguments: Vec<(String, Option<String>)>,
    /// Names of secrets the build may read.
    pub secrets: Vec<String>,
    /// Where layers are kept for later builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_to: Option<String>,
    /// Where layers of earlier builds are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_from: Option<String>,
    /// Keys or agents that the build may use; variables of this machine are filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<String>,
    /// How the image's origin is attested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<String>,
    /// Whether a list of its parts is attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<bool>,
    /// Whether the builder logs in to the registry itself, instead of being lent this machine's login.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_login: bool,
    /// Whether the cache is left aside.
    pub no_cache: bool,
}

/// A builder of buildx, and how to make it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    /// Its name.
    pub name: String,
    /// The driver of the part on this machine; absent when there is none.
    pub driver: Option<String>,
    /// `ORGANISATION/BUILDER` of a builder of Docker's.
    pub cloud: Option<String>,
    /// What the part on this machine builds; nothing said is whatever it can.
    pub platforms: Vec<String>,
    /// URL of another docker that builds.
    pub remote: Option<String>,
    /// What that one builds; nothing said is whatever it can.
    pub remote_platforms: Vec<String>,
    /// Whether it shares its machine's network, so that it reaches a registry on `localhost`.
    pub host_network: bool,
}

/// Fails unless docker and its buildx plugin are there, in Kamal's words.
pub fn require_buildx() -> Command {
    let missing = |what: &str, code: u8| format!("{{ echo '{what} not installed locally' >&2; exit {code}; }}");
    Command::new(format!(
        "command -v docker > /dev/null || {}; docker --version && docker buildx version || {}",
        missing("Docker is", 127),
        missing("Docker buildx plugin is", 1)
    ))
}

/// Prints the architecture of this machine's docker, as docker names it.
pub fn architecture() -> Command {
    Command::new("docker info --format '{{.Architecture}}'")
}

/// What there is that builds: docker's contexts and buildx's builders, or the builder of `pack`.
pub fn details(pack: Option<&str>) -> Command {
    Command::new(match pack {
        Some(builder) => format!("pack builder inspect {}", literal(builder)),
        None => "docker context ls && docker buildx ls".to_string(),
    })
}

/// `docker buildx create` for a builder on this machine.
pub fn create_builder(name: &str, driver: &str) -> Command {
    let builder = Builder { name: name.to_string(), driver: Some(driver.to_string()), ..Builder::default() };
    Command::new(builder.create())
}

/// Makes a builder, whatever is there.
pub fn make_builder(builder: &Builder) -> Command {
    Command::new(builder.reach_and_create())
}

/// Makes a builder unless it is there and leads where it should.
pub fn ensure_builder(builder: &Builder) -> Command {
    let remove = match &builder.remote {
        Some(_) => format!("{{ {}; }} > /dev/null 2>&1; ", builder.remove()),
        None => String::new(),
    };
    let missing = "echo 'Missing compatible builder, so creating a new one first'";
    let (inspect, create) = (builder.inspect(), builder.reach_and_create());
    Command::new(format!("{{ {inspect}; }} > /dev/null 2>&1 || {{ {missing}; {remove}{create}; }}"))
}

/// Removes a builder.
pub fn remove_builder(builder: &Builder) -> Command {
    Command::new(builder.remove())
}

impl Builder {
    fn context(&self) -> String {
        literal(&format!("{}-context", self.name))
    }

    /// Succeeds if it is there and leads where it should.
    fn inspect(&self) -> String {
        let inspect = format!("docker buildx inspect {}", literal(&self.name));
        let Some(url) = &self.remote else { return inspect };
        let (context, url) = (self.context(), single_quoted(url));
        let endpoint = single_quoted(&format!("Endpoint:.*{}-context", self.name));
        let host = "docker context inspect";
        let format = "--format '{{.Endpoints.docker.Host}}'";
        format!("{inspect} | grep -q {endpoint} && {host} {context} {format} | grep -xqF {url}")
    }

    /// The machine of a remote part behind ssh is met first: docker itself would wait for an answer about its key.
    fn reach_and_create(&self) -> String {
        let host = self.remote.as_deref().and_then(|url| url.strip_prefix("ssh://"));
        let Some(host) = host.and_then(|rest| rest.split('/').next()) else { return self.create() };
        let options = "-o BatchMode=yes -o ConnectTimeout=30 -o StrictHostKeyChecking=accept-new";
        format!("ssh {options} {} true && {{ {}; }}", literal(&format!("ssh://{host}")), self.create())
    }

    fn create(&self) -> String {
        let name = literal(&self.name);
        if let Some(cloud) = &self.cloud {
            return format!("docker buildx create --driver cloud {}", literal(cloud));
        }
        let network = if self.host_network { " --driver-opt network=host" } else { "" };
        let platforms = |platforms: &[String]| match platforms {
            [] => String::new(),
            platforms => format!(" --platform {}", literal(&platforms.join(","))),
        };
        let here = self.driver.as_ref().map(|driver| {
            let platforms = platforms(&self.platforms);
            format!("docker buildx create{platforms} --name {name} --driver={}{network}", literal(driver))
        });
        let Some(url) = &self.remote else { return here.unwrap_or_default() };
        let context = self.context();
        let make_context = format!(
            "docker context create {context} --description {} --docker {}",
            single_quoted(&format!("{} host", self.name)),
            single_quoted(&format!("host={url}"))
        );
        match here {
            None => format!("{make_context}; docker buildx create --name {name}{network} {context}"),
            Some(here) => {
                let there = platforms(&self.remote_platforms);
                let append = format!("docker buildx create{there} --append --name {name}{network} {context}");
                format!("{here} && {make_context} && {append}")
            }
        }
    }

    fn remove(&self) -> String {
        let remove = format!("docker buildx rm {}", literal(&self.name));
        match &self.remote {
            Some(_) => format!("docker context rm {}; {remove}", self.context()),
            None => remove,
        }
    }
}

/// `docker buildx build` in its directory, with the build's secrets in the environment of that command only.
pub fn build(build: &ImageBuild) -> Command {
    let mut line = vec!["docker buildx build".to_string()];
    line.extend(build.output.iter().map(|kind| format!("--output={}", literal(&format!("type={kind}")))));
    if !build.platforms.is_empty() {
        line.push(format!("--platform {}", literal(&build.platforms.join(","))));
    }
    line.extend(build.builder.iter().map(|name| format!("--builder {}", literal(name))));
    line.extend(build.tags.iter().map(|tag| format!("-t {}", literal(tag))));
    line.extend(build.cache_to.iter().map(|cache| format!("--cache-to {}", literal(cache))));
    line.extend(build.cache_from.iter().map(|cache| format!("--cache-from {}", literal(cache))));
    line.extend(argumentize("--label", build.labels.iter().map(|(key, text)| (key, text))));
    line.extend(argumentize("--build-arg", build.arguments.iter().map(|(key, text)| (key, text))));
    line.extend(build.secrets.iter().map(|name| format!("--secret id={}", value(name))));
    line.extend(build.dockerfile.iter().map(|path| format!("--file {}", literal(path))));
    line.extend(build.target.iter().map(|stage| format!("--target {}", literal(stage))));
    line.extend(build.ssh.iter().map(|keys| format!("--ssh {}", expanding(keys))));
    line.extend(build.provenance.iter().map(|provenance| format!("--provenance {}", literal(provenance))));
    line.extend(build.sbom.iter().map(|sbom| format!("--sbom {sbom}")));
    if build.no_cache {
        line.push("--no-cache".to_string());
    }
    let line = format!("{} {} 2>&1", line.join(" "), literal(&build.context));
    let mut command = Command::new(format!("{}{}{line}", require_dockerfile(build), in_directory(build)));
    if build.own_login {
        command = command.with_variable("BUILDKIT_NO_CLIENT_TOKEN", vec![Fragment::text("1")]);
    }
    with_secrets(command, &build.secrets)
}

/// A build leaves the project only for a directory of its own: with a context that was configured, the Dockerfile's path begins in
/// the project, not in the context.
fn in_directory(build: &ImageBuild) -> String {
    build.directory.as_ref().map_or_else(String::new, |directory| format!("cd {} && ", single_quoted(directory)))
}

/// The Dockerfile is looked for in the project before anything is built, as Kamal does.
fn require_dockerfile(build: &ImageBuild) -> String {
    let Some(path) = &build.dockerfile else { return String::new() };
    let missing = single_quoted(&format!("Missing {path}"));
    format!("[ -e {} ] || {{ echo {missing} >&2; exit 1; }}; ", single_quoted(path))
}

/// `pack build`, which leaves the image with this machine's docker. Secrets are variables that `pack` passes on by name.
pub fn pack(name: &str, builder: &str, buildpacks: &[String], build: &ImageBuild) -> Command {
    let mut line = vec![format!("pack build {}", literal(name))];
    line.extend(build.platforms.iter().map(|platform| format!("--platform {}", literal(platform))));
    line.push(format!("--creation-time now --builder {}", literal(builder)));
    line.extend(buildpacks.iter().map(|buildpack| format!("--buildpack {}", literal(buildpack))));
    line.extend(build.tags.iter().map(|tag| format!("-t {}", literal(tag))));
    if build.no_cache {
        line.push("--clear-cache".to_string());
    }
    let labels = build.labels.iter().map(|(key, text)| format!("{key}={}", text.as_deref().unwrap_or_default()));
    let labels: Vec<String> = labels.collect();
    if !labels.is_empty() {
        line.push(format!("--env {}", literal(&format!("BP_IMAGE_LABELS={}", labels.join(" ")))));
    }
    line.extend(argumentize("--env", build.arguments.iter().map(|(key, text)| (key, text))));
    line.extend(build.secrets.iter().map(|name| format!("--env {}", literal(name))));
    line.push(format!("--path {}", literal(&build.context)));
    with_secrets(Command::new(format!("{}{}", in_directory(build), line.join(" "))), &build.secrets)
}

fn with_secrets(command: Command, secrets: &[String]) -> Command {
    secrets
        .iter()
        .fold(command, |command, name| command.with_variable(name.clone(), vec![Fragment::Secret(name.clone())]))
}

/// Brings a clone of `root` in `directory` to `revision`: makes it or resets it, and makes it anew when that fails.
pub fn checkout(root: &str, directory: &str, revision: &str) -> Command {
    let shown = directory.to_string();
    let (root, directory, revision) = (single_quoted(root), single_quoted(directory), single_quoted(revision));
    let git = format!("git -C {directory}");
    let say = |text: String| format!("echo {}", single_quoted(&text));
    Command::new(format!(
        "clone() {{ {cloning}; mkdir -p {directory} && git clone --quiet --recurse-submodules {root} {directory} && \
         {git} reset --quiet --hard {revision}; }}; \
         reset() {{ {resetting}; {git} remote set-url origin {root} && {git} fetch --quiet origin && \
         {git} reset --quiet --hard {revision} && {git} clean -fdxq && {git} submodule --quiet update --init && \
         {git} gc --auto --quiet; }}; \
         check() {{ changes=$({git} status --porcelain) && head=$({git} rev-parse HEAD) || return; \
         [ -z \"$changes\" ] || {{ echo {dirty}\"$changes\" >&2; return 1; }}; \
         [ \"$head\" = {revision} ] || {{ echo {elsewhere}\"$head\" >&2; return 1; }}; }}; \
         if [ -e {directory} ]; then reset; else clone; fi && check && exit 0; \
         echo 'Error preparing clone, deleting and retrying...' >&2; rm -rf {directory}; clone && check",
        cloning = say(format!("Cloning repo into build directory `{shown}`...")),
        resetting = say(format!("Resetting local clone as `{shown}` already exists...")),
        dirty = single_quoted(&format!("Clone in {shown} is dirty, ")),
        elsewhere = single_quoted(&format!("Clone in {shown} is not on the correct revision, but on ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder(name: &str) -> Builder {
        Builder { name: name.to_string(), ..Builder::default() }
    }

    #[test]
    fn builders_are_made_as_kamal_makes_them() {
        let check = |builder: Builder, create: &str, remove: &str| {
            assert_eq!(builder.create(), create);
            assert_eq!(builder.remove(), remove);
        };
        let url = Some("ssh://docker@build:22".to_string());
        let driver = Some("docker-container".to_string());
        check(
            Builder { driver: driver.clone(), ..builder("b") },
            "docker buildx create --name b --driver=docker-container",
            "docker buildx rm b",
        );
        check(
            Builder { driver: driver.clone(), host_network: true, ..builder("b") },
            "docker buildx create --name b --driver=docker-container --driver-opt network=host",
            "docker buildx rm b",
        );
        check(
            Builder { remote: url.clone(), ..builder("b") },
            "docker context create b-context --description 'b host' --docker 'host=ssh://docker@build:22'; \
             docker buildx create --name b b-context",
            "docker context rm b-context; docker buildx rm b",
        );
        let (platforms, remote_platforms) = (vec!["linux/amd64".to_string()], vec!["linux/arm64".to_string()]);
        check(
            Builder { driver, remote: url, platforms, remote_platforms, ..builder("b") },
            "docker buildx create --platform linux/amd64 --name b --driver=docker-container && \
             docker context create b-context --description 'b host' --docker 'host=ssh://docker@build:22' && \
             docker buildx create --platform linux/arm64 --append --name b b-context",
            "docker context rm b-context; docker buildx rm b",
        );
        check(
            Builder { cloud: Some("acme/b".to_string()), ..builder("cloud-acme-b") },
            "docker buildx create --driver cloud acme/b",
            "docker buildx rm cloud-acme-b",
        );
    }

    #[test]
    fn a_remote_builder_is_looked_at_with_its_context_and_its_machine_is_met_first() {
        let builder = Builder { remote: Some("ssh://docker@build:22".to_string()), ..builder("b") };
        assert_eq!(
            ensure_builder(&builder).line,
            "{ docker buildx inspect b | grep -q 'Endpoint:.*b-context' && docker context inspect b-context \
             --format '{{.Endpoints.docker.Host}}' | grep -xqF 'ssh://docker@build:22'; } > /dev/null 2>&1 || \
             { echo 'Missing compatible builder, so creating a new one first'; \
             { docker context rm b-context; docker buildx rm b; } > /dev/null 2>&1; \
             ssh -o BatchMode=yes -o ConnectTimeout=30 -o StrictHostKeyChecking=accept-new ssh://docker@build:22 true && \
             { docker context create b-context --description 'b host' --docker 'host=ssh://docker@build:22'; \
             docker buildx create --name b b-context; }; }"
        );
    }

    #[test]
    fn every_setting_of_a_build_stands_where_kamal_puts_it() {
        let text = |text: &str| Some(text.to_string());
        let image = ImageBuild {
            context: ".".to_string(),
            directory: text("/tmp/clone of app"),
            tags: vec!["acme/app:v1".to_string(), "acme/app:latest".to_string()],
            platforms: vec!["linux/amd64".to_string(), "linux/arm64".to_string()],
            builder: text("b"),
            output: text("registry"),
            dockerfile: text("Dockerfile"),
            target: text("prod"),
            labels: vec![("service".to_string(), text("app"))],
            arguments: vec![("RUBY".to_string(), text("3.3")), ("BARE".to_string(), None)],
            secrets: vec!["GITHUB_TOKEN".to_string()],
            cache_to: text("type=gha,mode=max"),
            cache_from: text("type=gha"),
            ssh: text("default=$SSH_AUTH_SOCK"),
            provenance: text("false"),
            sbom: Some(true),
            own_login: true,
            no_cache: true,
        };
        let command = build(&image);
        assert_eq!(
            command.line,
            "[ -e 'Dockerfile' ] || { echo 'Missing Dockerfile' >&2; exit 1; }; cd '/tmp/clone of app' && docker buildx build \
             --output=type=registry --platform linux/amd64,linux/arm64 --builder b -t acme/app:v1 -t acme/app:latest \
             --cache-to type=gha,mode=max --cache-from type=gha --label service=\"app\" --build-arg RUBY=\"3.3\" \
             --build-arg BARE --secret id=\"GITHUB_TOKEN\" --file Dockerfile --target prod \
             --ssh \"default=$SSH_AUTH_SOCK\" --provenance false --sbom true --no-cache . 2>&1"
        );
        let variables: Vec<&str> = command.environment.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(variables, ["BUILDKIT_NO_CLIENT_TOKEN", "GITHUB_TOKEN"]);
        let command = pack("acme/app", "heroku/builder:24", &["heroku/ruby".to_string()], &image);
        assert_eq!(
            command.line,
            "cd '/tmp/clone of app' && pack build acme/app --platform linux/amd64 --platform linux/arm64 --creation-time now \
             --builder heroku/builder:24 --buildpack heroku/ruby -t acme/app:v1 -t acme/app:latest --clear-cache \
             --env BP_IMAGE_LABELS=service=app --env RUBY=\"3.3\" --env BARE --env GITHUB_TOKEN --path ."
        );
    }

    #[test]
    fn a_configured_context_is_built_from_the_project() {
        let build_of = |context: &str, dockerfile: &str| {
            let (context, dockerfile) = (context.to_string(), Some(dockerfile.to_string()));
            build(&ImageBuild { context, dockerfile, ..ImageBuild::default() }).line
        };
        assert_eq!(
            build_of("./apps/web", "./apps/web/Dockerfile"),
            "[ -e './apps/web/Dockerfile' ] || { echo 'Missing ./apps/web/Dockerfile' >&2; exit 1; }; \
             docker buildx build --file ./apps/web/Dockerfile ./apps/web 2>&1"
        );
        assert_eq!(
            build_of("https://github.com/acme/app.git#main", "Dockerfile"),
            "[ -e 'Dockerfile' ] || { echo 'Missing Dockerfile' >&2; exit 1; }; \
             docker buildx build --file Dockerfile 'https://github.com/acme/app.git#main' 2>&1"
        );
    }
}

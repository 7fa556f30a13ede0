//! What a plugin may put into a step, whichever plugin it is: names that are names, paths that lead nowhere else, no other machine, and
//! nothing that a shell would run.
//!
//! What the project itself has written may be more than that: Kamal hands it to the shell as it is, so it is let through word for word.

use std::collections::BTreeSet;

use commands::Machine;
use commands::builds::{Builder, ImageBuild};
use commands::docker::Container;
use commands::quoting::{expands_names_only, is_plain, only_words};
use configuration::{Node, Value};

use crate::action::Action;
use crate::plan::Step;
use crate::run::Run;
use crate::texts::is_unfit;

/// What steps of plugins are held against.
pub(crate) struct Proposals<'a> {
    run: &'a Run,
    /// Every text of the configuration, keys too.
    written: BTreeSet<String>,
}

/// What is wrong with a step, as it stands after "plugin `x`".
type Verdict = Result<(), String>;

/// Where apps and their files are on a host, relative to the ssh user's home.
const HOME: &str = ".kamal";

/// The longest text that an error repeats.
const SHOWN: usize = 60;

impl<'a> Proposals<'a> {
    /// For the plugins of a run.
    pub fn of(run: &'a Run) -> Self {
        let mut written = BTreeSet::new();
        collect(&run.configuration.document, &mut written);
        Self { run, written }
    }

    /// Fails with what the step must not have.
    pub fn check(&self, machine: &Machine, step: &Step) -> Verdict {
        step.unless.iter().flatten().try_for_each(|word| visible(word))?;
        if let Action::Run { words } = &step.action {
            return program(words);
        }
        for secret in step.action.secrets() {
            // What stands in the configuration itself is named after its place.
            if !self.run.configuration.literals.contains_key(secret) {
                variable_name("secret", secret)?;
            }
        }
        self.texts(&serde_json::to_value(&step.action).unwrap_or_default())?;
        match (machine, &step.action) {
            (Machine::Local, Action::MakeDirectory { path }) => self.place("folder", path),
            (_, action) => self.action(action),
        }
    }

    /// No text has control characters, or asks the shell for more than a variable.
    fn texts(&self, value: &serde_json::Value) -> Verdict {
        match value {
            serde_json::Value::String(text) if self.written.contains(text) => Ok(()),
            serde_json::Value::String(text) if text.contains(is_unfit) => Err(unseen(text)),
            serde_json::Value::String(text) if !expands_names_only(text) => {
                Err(format!("has more than a variable for the shell in {}", shown(text)))
            }
            serde_json::Value::Array(items) => items.iter().try_for_each(|item| self.texts(item)),
            serde_json::Value::Object(fields) => fields.values().try_for_each(|field| self.texts(field)),
            _ => Ok(()),
        }
    }

    fn action(&self, action: &Action) -> Verdict {
        match action {
            Action::Login { server, .. } => server.iter().try_for_each(|server| operand("registry", server)),
            Action::LoginWithCredentials { server, .. } => {
                server.iter().try_for_each(|server| operand("registry", server))
            }
            Action::Publish { image, .. } => {
                image.names.iter().chain(&image.base).try_for_each(|name| operand("image", name))?;
                image.files.iter().try_for_each(|file| self.place("file", &file.source))
            }
            Action::PublishFiles { path, names, .. } => {
                names.iter().try_for_each(|name| operand("image", name))?;
                self.place("file", path)
            }
            Action::Pull { image } | Action::Push { image } => operand("image", image),
            Action::Tag { image, name } => operand("image", image).and_then(|()| operand("image", name)),
            Action::Checkout { root, directory, revision } => self.checkout(root, directory, revision),
            Action::CreateBuilder { name, driver } => {
                operand("builder", name)?;
                plain("driver", driver)
            }
            Action::EnsureBuilder(builder) | Action::MakeBuilder(builder) => self.builder(builder),
            Action::Build(build) => self.build(build),
            Action::Pack { name, builder, buildpacks, build } => {
                operand("image", name)?;
                operand("builder", builder)?;
                buildpacks.iter().try_for_each(|buildpack| self.place("buildpack", buildpack))?;
                self.build(build)
            }
            Action::StartContainer(container) => self.container(container),
            Action::AwaitHealthy { container, .. } | Action::ShowLogs { container } => container_name(container),
            Action::Route { service, container, options, .. } => {
                operand("service", service)?;
                container_name(container)?;
                options.iter().try_for_each(|(name, _)| self.option(name))
            }
            Action::Unroute { service } => operand("service", service),
            Action::StopContainer { name, id, .. } => {
                container_name(name)?;
                id.iter().try_for_each(|id| operand("container", id))
            }
            Action::RenameContainer { name, to } => container_name(name).and_then(|()| container_name(to)),
            Action::RemoveContainer { name } => container_name(name),
            Action::MakeDirectory { path } => path_on_host(path),
            Action::WriteEnvironmentFile { path, secrets } => {
                path_on_host(path)?;
                secrets.iter().try_for_each(|(name, _)| variable_name("variable", name))
            }
            Action::ExtractAssets { container, image, directory, name, .. } => {
                container_name(container)?;
                operand("image", image)?;
                self.assets(directory, [name])
            }
            Action::SyncAssets { directory, name, previous } => {
                self.assets(directory, [Some(name), previous.as_ref()].into_iter().flatten())
            }
            Action::CleanAssets { directory, role, name } => self.assets(directory, [role, name]),
            _ => Ok(()),
        }
    }

    /// A clone of the project's own checkout, where clones of this project are.
    fn checkout(&self, root: &str, directory: &str, revision: &str) -> Verdict {
        operand("revision", revision)?;
        if self.run.checkout.as_ref().is_none_or(|checkout| checkout.root != root) {
            return Err(format!("clones {}, which is not the project", shown(root)));
        }
        if !self.is_clone(directory) {
            return Err(format!("clones into {}, which is no place for clones of this project", shown(directory)));
        }
        Ok(())
    }

    fn is_clone(&self, directory: &str) -> bool {
        let below = directory.strip_prefix(&self.run.clones).and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|below| !below.is_empty() && !climbs(below))
    }

    /// Other machines that build are the configuration's to name.
    fn builder(&self, builder: &Builder) -> Verdict {
        let own = &self.run.configuration.builder;
        operand("builder", &builder.name)?;
        builder.driver.iter().try_for_each(|driver| plain("driver", driver))?;
        builder.platforms.iter().chain(&builder.remote_platforms).try_for_each(|name| plain("platform", name))?;
        if let Some(url) = builder.remote.as_ref().filter(|url| own.remote.as_ref() != Some(url)) {
            return Err(format!("builds on {}, a machine that the configuration does not name", shown(url)));
        }
        let cloud = own.driver.strip_prefix("cloud").map(str::trim);
        if let Some(name) = builder.cloud.as_deref().filter(|name| cloud != Some(name)) {
            return Err(format!("builds on {}, a machine that the configuration does not name", shown(name)));
        }
        Ok(())
    }

    /// A build reads the project, leaves an image, and is lent no keys but those of the configuration.
    fn build(&self, build: &ImageBuild) -> Verdict {
        let own = &self.run.configuration.builder;
        let is_url = ["https://", "http://", "git://"].iter().any(|scheme| build.context.starts_with(scheme));
        if !is_url {
            self.place("context", &build.context)?;
        }
        build.directory.iter().try_for_each(|path| self.place("directory", path))?;
        build.dockerfile.iter().try_for_each(|path| self.place("Dockerfile", path))?;
        build.tags.iter().try_for_each(|tag| operand("image", tag))?;
        build.platforms.iter().try_for_each(|platform| plain("platform", platform))?;
        build.builder.iter().try_for_each(|builder| operand("builder", builder))?;
        let names = build.labels.iter().chain(&build.arguments).map(|(name, _)| name);
        names.into_iter().try_for_each(|name| self.unquoted("name", name))?;
        if let Some(kind) = build.output.as_deref()
            && !["registry", "docker", "image"].contains(&kind)
            && kind != self.run.intent.output()
        {
            return Err(format!("sends the image to {}, which nobody asked for", shown(kind)));
        }
        if let Some(keys) = build.ssh.as_ref().filter(|keys| own.ssh.as_ref() != Some(keys)) {
            return Err(format!("lends the build {}, keys that the configuration does not", shown(keys)));
        }
        let cache = own.cache.as_ref();
        self.cache(build.cache_to.as_deref(), cache.map(|cache| cache.to.as_str()))?;
        self.cache(build.cache_from.as_deref(), cache.map(|cache| cache.from.as_str()))
    }

    /// A cache in a registry; any other is the configuration's to name, as it may be a folder of the operator's.
    fn cache(&self, place: Option<&str>, own: Option<&str>) -> Verdict {
        let Some(place) = place.filter(|place| own != Some(place)) else { return Ok(()) };
        let known = ["type=registry", "type=inline", "type=gha"];
        let harmless = |field: &str| {
            known.contains(&field) || ["ref=", "mode=", "scope="].iter().any(|name| field.starts_with(name))
        };
        if is_plain(place) && place.split(',').all(harmless) {
            return Ok(());
        }
        Err(format!("keeps layers in {}, a place that the configuration does not name", shown(place)))
    }

    /// A path of the project or of its clone.
    fn place(&self, what: &str, path: &str) -> Verdict {
        let leads_out = path.starts_with(['/', '~', '-']) || climbs(path) || path.contains("://") || path.is_empty();
        let clone = path.trim_end_matches('/');
        if leads_out && !self.written.contains(path) && !self.is_clone(clone) {
            return Err(format!("names the {what} {}, which leads out of the project", shown(path)));
        }
        Ok(())
    }

    /// Everything of a container that docker takes as a name, and everything that the shell reads without quotes.
    fn container(&self, container: &Container) -> Verdict {
        container_name(&container.name)?;
        operand("image", &container.image)?;
        container.restart.iter().try_for_each(|policy| self.unquoted("restart policy", policy))?;
        container.network.iter().try_for_each(|network| operand("network", network))?;
        container.hostname.iter().try_for_each(|name| operand("host name", name))?;
        container.publish.iter().try_for_each(|port| self.unquoted("port", port))?;
        container.volumes.iter().try_for_each(|volume| self.unquoted("volume", volume))?;
        container.environment_files.iter().try_for_each(|path| path_on_host(path))?;
        let names = container.environment.iter().chain(&container.log_options).chain(&container.labels);
        names.map(|(name, _)| name).try_for_each(|name| self.unquoted("name", name))?;
        container.flags.iter().try_for_each(|(name, _)| self.option(name))?;
        match &container.command {
            Some(command) if !only_words(command) && !self.written.contains(command) => Err(format!(
                "gives a container the command {}, of which the host's shell would run a part",
                shown(command)
            )),
            _ => Ok(()),
        }
    }

    /// A word that the shell reads as it is; `$PWD/` in front is the ssh user's home.
    fn unquoted(&self, what: &str, word: &str) -> Verdict {
        if is_plain(word.strip_prefix("$PWD/").unwrap_or(word)) || self.written.contains(word) {
            return Ok(());
        }
        Err(format!("names the {what} {}, which is no single word", shown(word)))
    }

    /// The name of an option, without dashes.
    fn option(&self, name: &str) -> Verdict {
        let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if named || self.written.contains(name) { Ok(()) } else { Err(format!("names the option {}", shown(name))) }
    }

    /// Names below the directory of the app's assets.
    fn assets<'n>(&self, directory: &str, names: impl IntoIterator<Item = &'n String>) -> Verdict {
        if directory != self.run.configuration.assets_directory() {
            return Err(format!("looks for assets in {}, where the app has none", shown(directory)));
        }
        names.into_iter().try_for_each(|name| {
            let is_component =
                is_plain(name) && !name.contains('/') && !climbs(name) && name != "." && !name.starts_with('-');
            if is_component { Ok(()) } else { Err(format!("names the assets {}, which is no file name", shown(name))) }
        })
    }
}

/// Every text of a document, keys too.
fn collect(node: &Node, texts: &mut BTreeSet<String>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Map(map) => map.iter().for_each(|(key, entry)| {
            texts.insert(key.clone());
            collect(&entry.node, texts);
        }),
        _ => {
            texts.insert(node.to_ruby_string());
        }
    }
}

/// A word that docker takes for what it is, not for an option.
fn operand(what: &str, word: &str) -> Verdict {
    if word.is_empty() || word.starts_with('-') || word.contains(char::is_whitespace) {
        return Err(format!("names the {what} {}, which is none", shown(word)));
    }
    Ok(())
}

fn plain(what: &str, word: &str) -> Verdict {
    if is_plain(word) && !word.starts_with('-') {
        Ok(())
    } else {
        Err(format!("names the {what} {}, which is none", shown(word)))
    }
}

/// A name that docker gives to containers. It also stands in a filter, where others would match more than one.
fn container_name(name: &str) -> Verdict {
    let named = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if named { Ok(()) } else { Err(format!("names the container {}, which docker does not take", shown(name))) }
}

/// A path below the directory that apps have on a host.
fn path_on_host(path: &str) -> Verdict {
    let below = path.strip_prefix("$PWD/").unwrap_or(path);
    if below.split('/').next() == Some(HOME) && !climbs(below) && is_plain(below) {
        return Ok(());
    }
    Err(format!("names the path {}, which leads out of {HOME}", shown(path)))
}

/// The name of a variable or of a secret.
fn variable_name(what: &str, name: &str) -> Verdict {
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if named { Ok(()) } else { Err(format!("names the {what} {}, which is none", shown(name))) }
}

/// The first word is a program, not a variable that a shell would set or an option.
fn program(words: &[String]) -> Verdict {
    words.iter().try_for_each(|word| visible(word))?;
    match words.first() {
        Some(first) if !first.is_empty() && !first.starts_with('-') && !first.contains('=') => Ok(()),
        first => Err(format!("runs {}, which is no program", shown(first.map_or("", String::as_str)))),
    }
}

/// A word that no shell reads may have lines, but nothing that is not seen.
fn visible(word: &str) -> Verdict {
    if word.contains(|c| is_unfit(c) && c != '\n' && c != '\t') { Err(unseen(word)) } else { Ok(()) }
}

fn unseen(text: &str) -> String {
    format!("has a character that is not seen in {}", shown(text))
}

fn climbs(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// The beginning of a text, with everything that a terminal would act on escaped.
fn shown(text: &str) -> String {
    let escaped: String = text
        .chars()
        .take(SHOWN)
        .collect::<String>()
        .escape_debug()
        .to_string()
        .replace("\\'", "'")
        .replace("\\\"", "\"");
    if text.chars().nth(SHOWN).is_some() { format!("`{escaped}…`") } else { format!("`{escaped}`") }
}

//! What was observed on the hosts, what to ask them, and how to read their answers.

use std::collections::{BTreeMap, BTreeSet};

use commands::{Command, lease, observation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::condition::{self, Condition, Moment};
use crate::ports::PortBindings;
use crate::run::Run;
use crate::settings::{self, Settings};

/// What was observed, by host name. Hosts that were not asked are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// By host name.
    pub hosts: BTreeMap<String, HostFacts>,
    /// The architecture of the docker on the operator's machine, where it was asked and answered: `amd64`, `arm64`.
    pub architecture: Option<String>,
}

/// What was observed on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Whether docker answers, or why it does not.
    pub docker: Docker,
    /// Every container, newest first.
    pub containers: Vec<Container>,
    /// The images of this deployment that are there.
    pub images: Vec<Image>,
    /// Whether docker's network `kamal` is there.
    pub network: bool,
    /// Who holds the deploy lock, as the holder left it.
    pub lock: Option<String>,
    /// The apps that have a directory on the host.
    pub apps: Vec<String>,
    /// What state it is in. No step depends on it.
    #[serde(default)]
    pub condition: Condition,
}

/// Whether docker can be used on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Docker {
    /// It answers.
    Ready,
    /// There is no such command.
    Missing,
    /// It is there but does not answer: what it says.
    Failing(String),
}

/// A container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Full id.
    pub id: String,
    /// Name without the leading slash.
    pub name: String,
    /// The image it was started from, as it was named then.
    pub image: String,
    /// Id of that image.
    pub image_id: String,
    /// `created`, `running`, `restarting`, `exited`, …
    pub state: String,
    /// Labels.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// Published ports.
    #[serde(default, deserialize_with = "if_readable", skip_serializing_if = "Option::is_none")]
    pub ports: Option<PortBindings>,
    /// What it was started with, if it is the app's or an accessory's.
    #[serde(default, deserialize_with = "if_readable", skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
}

/// An image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Id.
    pub id: String,
    /// Names with tags.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// Labels.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
    /// What it is made for: `amd64`, `arm64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Words that its containers run unless they are told others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Names of the variables that it brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Vec<String>>,
}

/// The answer to one line of an observation.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Exit code; 0 when the line was not asked because an earlier one failed.
    pub exit: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// An answer that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("docker's answer on {host} cannot be read: {problem}")]
pub struct UnreadableAnswer {
    /// The host.
    pub host: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What to ask the operator's machine: the architecture of its docker, where another docker builds for the rest.
pub fn local_observation(run: &Run) -> Option<Command> {
    let builder = &run.configuration.builder;
    (run.intent.builds() && builder.remote.is_some() && builder.local).then(commands::builds::architecture)
}

/// Reads the answer to [`local_observation`]: docker's name for an architecture becomes the one that platforms have.
pub fn read_architecture(answer: &Answer) -> Option<String> {
    match answer.stdout.trim() {
        _ if answer.exit != 0 => None,
        "" => None,
        name if name.contains("aarch64") => Some("arm64".to_string()),
        name if name.contains("x86_64") => Some("amd64".to_string()),
        name => Some(condition::architecture_of(name)),
    }
}

/// The lines to ask a host, in one trip.
pub fn observation(run: &Run) -> Vec<Command> {
    let images = [run.configuration.absolute_image(&run.version), run.configuration.latest_image()];
    let accessories = run.configuration.accessories.iter().map(|accessory| accessory.image.clone());
    let images: Vec<String> = images.into_iter().chain(accessories).collect();
    let mut lines = vec![
        observation::containers(),
        observation::images(&images),
        observation::network("kamal"),
        lease::holder(&run.configuration.lock_directory()),
        observation::apps(),
        observation::engine(),
        observation::clock(),
        observation::listeners(&condition::published(&run.configuration)),
        observation::proxy_settings(),
        observation::container_details(&settings::closer(run)),
        observation::image_details(&images),
    ];
    lines.extend(condition::registry_of(run).map(|(host, port)| observation::reaches(&host, port)));
    lines
}

impl HostFacts {
    /// A host on which there is nothing yet but docker: what `--offline` plans from.
    pub const fn bare() -> Self {
        Self {
            docker: Docker::Ready,
            containers: Vec::new(),
            images: Vec::new(),
            network: false,
            lock: None,
            apps: Vec::new(),
            condition: Condition::unknown(),
        }
    }

    /// Reads the answers to [`observation`], which were given at that moment.
    pub fn read(host: &str, answers: &[Answer], moment: Moment) -> Result<Self, UnreadableAnswer> {
        let [
            containers,
            images,
            network,
            lock,
            apps,
            engine,
            clock,
            listeners,
            proxy,
            container_details,
            image_details,
            registry @ ..,
        ] = answers
        else {
            let problem = format!("{} answers where at least 11 were expected", answers.len());
            return Err(UnreadableAnswer { host: host.to_string(), problem });
        };
        let docker = match containers.exit {
            0 => Docker::Ready,
            127 => Docker::Missing,
            _ if containers.stderr.contains("not found") => Docker::Missing,
            _ => Docker::Failing(containers.stderr.trim().to_string()),
        };
        let lock = lock.stdout.trim_end();
        let mut facts = Self {
            docker,
            containers: read_lines(host, &containers.stdout)?,
            images: read_lines(host, &images.stdout)?,
            network: !network.stdout.trim().is_empty(),
            lock: (!lock.is_empty()).then(|| lock.to_string()),
            apps: apps.stdout.lines().map(str::to_string).collect(),
            condition: Condition::read([engine, clock, listeners, proxy], registry.first(), moment),
        };
        let details: Vec<ContainerDetails> = readable_lines(&container_details.stdout);
        for container in &mut facts.containers {
            container.name = container.name.trim_start_matches('/').to_string();
            if let Some(details) = details.iter().find(|details| details.id == container.id) {
                container.ports.clone_from(&details.ports);
                container.settings.clone_from(&details.settings);
            }
            container.settings.iter_mut().for_each(Settings::forget_values);
            container.settings.take_if(|settings| !settings.is_told());
        }
        let mut known = BTreeSet::new();
        facts.images.retain(|image| known.insert(image.id.clone()));
        let details: Vec<ImageDetails> = readable_lines(&image_details.stdout);
        for image in &mut facts.images {
            if let Some(details) = details.iter().find(|details| details.id == image.id) {
                image.architecture.clone_from(&details.architecture);
                image.size = details.size;
                image.command.clone_from(&details.command);
                image.environment.clone_from(&details.environment);
            }
            image.environment.iter_mut().for_each(|names| names.retain(|name| !name.is_empty()));
        }
        Ok(facts)
    }

    /// The container of that name.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.name == name)
    }

    /// Whether an image of that name is there.
    pub fn has_image(&self, name: &str) -> bool {
        self.image(name).is_some()
    }

    /// The image of that name.
    pub fn image(&self, name: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.tags.iter().flatten().any(|tag| tag == name))
    }

    /// The image that a container was started from.
    pub fn image_of(&self, container: &Container) -> Option<&Image> {
        self.images.iter().find(|image| image.id == container.image_id)
    }
}

impl Container {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.as_ref()?.get(key).map(String::as_str)
    }

    /// Whether it runs, or is being restarted by docker.
    pub fn runs(&self) -> bool {
        matches!(self.state.as_str(), "running" | "restarting")
    }
}

impl Facts {
    /// The facts of one host; a bare one if it was not asked.
    pub fn host(&self, name: &str) -> &HostFacts {
        static BARE: HostFacts = HostFacts::bare();
        self.hosts.get(name).unwrap_or(&BARE)
    }

    /// Running containers of a role on a host, newest first.
    pub fn running<'a>(&'a self, run: &'a Run, host: &str, role: &'a str) -> impl Iterator<Item = &'a Container> {
        let destination = run.configuration.destination.as_deref();
        self.running_of(App { service: &run.configuration.service, destination }, host, role)
    }

    /// Running containers of an app's role on a host, newest first.
    pub fn running_of<'a>(&'a self, app: App<'a>, host: &str, role: &'a str) -> impl Iterator<Item = &'a Container> {
        self.hosts.get(host).into_iter().flat_map(|facts| &facts.containers).filter(move |container| {
            container.runs()
                && container.label("service") == Some(app.service)
                && container.label("role") == Some(role)
                && container.label("destination") == Some(app.destination.unwrap_or_default())
        })
    }

    /// The container of a role that serves now: the newest running one of the image tagged latest, else the newest running one.
    pub fn current<'a>(&'a self, run: &'a Run, host: &str, role: &'a str) -> Option<&'a Container> {
        let configuration = &run.configuration;
        let app = App { service: &configuration.service, destination: configuration.destination.as_deref() };
        self.current_of(app, &configuration.latest_image(), host, role)
    }

    /// The same of an app whose latest image has this name.
    pub fn current_of<'a>(
        &'a self,
        app: App<'a>,
        latest_image: &str,
        host: &str,
        role: &'a str,
    ) -> Option<&'a Container> {
        let latest = self.hosts.get(host).and_then(|facts| facts.image(latest_image));
        let of_latest =
            latest.and_then(|image| self.running_of(app, host, role).find(|container| container.image_id == image.id));
        of_latest.or_else(|| self.running_of(app, host, role).next())
    }
}

/// Whose containers are meant.
#[derive(Debug, Clone, Copy)]
pub struct App<'a> {
    /// The service.
    pub service: &'a str,
    /// The destination, if any.
    pub destination: Option<&'a str>,
}

/// What docker tells in another way than it usually does is unknown, which is no error.
fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(deserializer)?).ok())
}

/// What else is known of a container.
#[derive(Deserialize)]
struct ContainerDetails {
    id: String,
    #[serde(default, deserialize_with = "if_readable")]
    ports: Option<PortBindings>,
    #[serde(default, deserialize_with = "if_readable")]
    settings: Option<Settings>,
}

/// What else is known of an image.
#[derive(Deserialize)]
struct ImageDetails {
    id: String,
    #[serde(default, deserialize_with = "if_readable")]
    architecture: Option<String>,
    #[serde(default, deserialize_with = "if_readable")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "if_readable")]
    command: Option<Vec<String>>,
    #[serde(default, deserialize_with = "if_readable")]
    environment: Option<Vec<String>>,
}

/// The lines that can be read: nothing depends on the others.
fn readable_lines<T: DeserializeOwned>(text: &str) -> Vec<T> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn read_lines<T: DeserializeOwned>(host: &str, text: &str) -> Result<Vec<T>, UnreadableAnswer> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|error| UnreadableAnswer { host: host.to_string(), problem: format!("{error} in `{line}`") })
        })
        .collect()
}

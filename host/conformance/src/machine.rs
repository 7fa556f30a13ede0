//! A scripted machine: what steps leave behind on it, without any docker. Steps are carried out on it twice, with new facts between.

use std::collections::{BTreeMap, BTreeSet};

use plan::hooks::Proposal;
use plan::{Action, Container, HostFacts, Image};

/// A machine in a few maps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    containers: Vec<Container>,
    /// How many containers were started, for their ids.
    started: usize,
    /// Name and image.
    images: BTreeMap<String, String>,
    logins: BTreeSet<String>,
    routes: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    /// Probes of steps that were carried out: from then on they succeed.
    probed: BTreeSet<Vec<String>>,
    /// Programs that were run without a probe.
    pub unprobed: BTreeSet<String>,
}

/// What counts: what runs, what is routed where, what is named how.
pub(crate) type Essence = (
    BTreeSet<(String, String)>,
    BTreeMap<String, String>,
    BTreeMap<String, String>,
    BTreeSet<String>,
    BTreeMap<String, String>,
);

impl Machine {
    /// A machine of which this was observed.
    pub fn observed(facts: &HostFacts) -> Self {
        let tagged = facts.images.iter().flat_map(|image| {
            image.tags.iter().flatten().map(|tag| (tag.clone(), image.id.clone())).collect::<Vec<_>>()
        });
        Self { containers: facts.containers.clone(), images: tagged.collect(), ..Self::default() }
    }

    /// What is observed of it.
    pub fn facts(&self) -> HostFacts {
        let images = self.images.iter().map(|(tag, id)| Image {
            id: id.clone(),
            tags: Some(vec![tag.clone()]),
            ..Image::default()
        });
        HostFacts { containers: self.containers.clone(), images: images.collect(), ..HostFacts::bare() }
    }

    /// What counts.
    pub fn essence(&self) -> Essence {
        let running = self.containers.iter().filter(|container| container.runs());
        let running = running.map(|container| (container.name.clone(), container.image.clone())).collect();
        (running, self.images.clone(), self.routes.clone(), self.logins.clone(), self.files.clone())
    }

    /// Carries a step out. An error says why a real machine would refuse.
    pub fn carry_out(&mut self, step: &Proposal) -> Result<(), String> {
        if let Some(probe) = &step.unless
            && !self.probed.insert(probe.clone())
        {
            return Ok(());
        }
        let done = self.act(step);
        if step.may_fail { Ok(()) } else { done }
    }

    fn act(&mut self, step: &Proposal) -> Result<(), String> {
        match &step.action {
            Action::Login { server, .. } | Action::LoginWithCredentials { server, .. } => {
                self.logins.insert(server.clone().unwrap_or_default());
            }
            Action::Pull { image } => {
                self.images.insert(image.clone(), image.clone());
            }
            Action::Build(build) | Action::Pack { build, .. } => {
                self.images.extend(build.tags.iter().map(|tag| (tag.clone(), build.context.clone())));
            }
            Action::Tag { image, name } => {
                let id = self.images.get(image).cloned().unwrap_or_else(|| image.clone());
                self.images.insert(name.clone(), id);
            }
            Action::StartContainer(container) => {
                if self.find(&container.name).is_some() {
                    return Err(format!("a container {} is there already", container.name));
                }
                let labels =
                    container.labels.iter().map(|(key, value)| (key.clone(), value.clone().unwrap_or_default()));
                let image_id = self.images.get(&container.image).unwrap_or(&container.image).clone();
                self.started += 1;
                let new = Container {
                    id: format!("{:f>64}", self.started),
                    name: container.name.clone(),
                    image: container.image.clone(),
                    image_id,
                    state: "running".to_string(),
                    labels: Some(labels.collect()),
                    ..Container::default()
                };
                self.containers.insert(0, new);
            }
            Action::RenameContainer { name, to } => {
                let found = self.find(name).ok_or_else(|| format!("there is no container {name}"))?;
                self.containers[found].name.clone_from(to);
            }
            Action::StopContainer { name, id, .. } => {
                // docker is told the id where it is known.
                let same = |container: &&mut Container| match id {
                    Some(id) => container.id == *id,
                    None => container.name == *name,
                };
                if let Some(container) = self.containers.iter_mut().find(same) {
                    container.state = "exited".to_string();
                }
            }
            Action::RemoveContainer { name } => {
                if let Some(found) = self.find(name) {
                    self.containers.remove(found);
                }
            }
            Action::Route { service, container, .. } => {
                self.routes.insert(service.clone(), container.clone());
            }
            Action::Unroute { service } => {
                self.routes.remove(service);
            }
            Action::WriteEnvironmentFile { path, secrets } => {
                self.files.insert(path.clone(), format!("{secrets:?}"));
            }
            Action::Run { words } if step.unless.is_none() => {
                self.unprobed.extend(words.first().cloned());
            }
            // What is made where it is missing, replaced where it is there, or looked at, may be done twice by what it is.
            _ => {}
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.containers.iter().position(|container| container.name == name)
    }
}

//! Files of the image that old and new containers share: a page of one version may ask for a file of the other while both serve.

use sextant_sdk::{Action, Assets, Deployment, Facts, Role, Steps};

/// The assets of a role in the version being deployed.
pub struct SharedAssets<'a> {
    deployment: &'a Deployment,
    role: &'a Role,
    assets: Assets,
    name: String,
}

impl<'a> SharedAssets<'a> {
    /// The assets of the version being deployed.
    pub fn new(deployment: &'a Deployment, role: &'a Role, assets: Assets) -> Self {
        let name = format!("{}-{}", role.name(), deployment.version());
        Self { deployment, role, assets, name }
    }

    /// Brings the new version's files to the host, and each version's files to the other one, before any container is replaced.
    pub fn prepare(&self, facts: &Facts, host: &str, steps: &Steps) {
        let (image, path, directory) = (self.deployment.image(), self.assets.path(), self.assets.directory());
        let container = format!("{}-assets", self.role.container_prefix());
        let extract = Action::extract_assets(&container, &image, &path, &directory, &self.name);
        let step = steps.add(&format!("take {path} out of {image}"), extract);
        step.prepares();
        let previous = self.previous(facts, host);
        let title = match &previous {
            Some(previous) => format!("share assets between {} and {previous}", self.name),
            None => format!("make the volume of assets {}", self.name),
        };
        steps.add(&title, Action::sync_assets(&directory, &self.name, previous.as_deref())).prepares();
    }

    /// The volume that the container mounts.
    pub fn volume(&self) -> String {
        let options = self.assets.options().map(|options| format!(":{options}")).unwrap_or_default();
        format!("$PWD/{}/volumes/{}:{}{options}", self.assets.directory(), self.name, self.assets.path())
    }

    /// Removes what other versions left.
    pub fn clean(&self, steps: &Steps) {
        let clean = Action::clean_assets(&self.assets.directory(), &self.role.name(), &self.name);
        steps.add("remove the assets of other versions", clean).time_limit(60);
    }

    /// The name of the assets of the version that serves now.
    fn previous(&self, facts: &Facts, host: &str) -> Option<String> {
        let name = facts.current(host, &self.role.name())?.name();
        let version = name.strip_prefix(&format!("{}-", self.role.container_prefix()))?;
        let previous = format!("{}-{version}", self.role.name());
        (previous != self.name).then_some(previous)
    }
}

//! Taking up a run that did not end: what it did stays done, what it left half done is put right.
//!
//! Nothing is believed of a journal alone: a container counts as booted only if it is seen to run.

use configuration::Role;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::facts::{Container, Facts};
use crate::hooks::BootAnswer;
use crate::plan::Step;
use crate::planner::Planner;

/// What is known of a run that did not end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// Its name.
    pub run: String,
    /// Whether its image got to the registry.
    pub image_is_pushed: bool,
    /// Boots that it began: host and role, and whether all of their steps ended.
    pub boots: Vec<(String, String, bool)>,
    /// Names of the hook scripts that ran to their end.
    pub scripts: Vec<String>,
    /// Other things that it did and that nobody can undo, in words.
    pub lasting: Vec<String>,
    /// What was observed before it began; absent on another machine.
    pub before: Option<Facts>,
}

/// Hook scripts that run once for a deployment. Those around each group of hosts run again.
const ONCE: [&str; 3] = ["docker-setup", "pre-build", "pre-deploy"];

impl Planner<'_> {
    /// The run that is taken up.
    fn taken_up(&self) -> Option<&Interrupted> {
        self.run.takes_up.as_ref()
    }

    /// Whether the image got to the registry before the run was interrupted.
    pub fn image_is_pushed(&self) -> bool {
        self.taken_up().is_some_and(|interrupted| interrupted.image_is_pushed)
    }

    /// Whether a hook script has run for this deployment.
    pub fn script_has_run(&self, name: &str) -> bool {
        let ran = |interrupted: &Interrupted| interrupted.scripts.iter().any(|script| script == name);
        ONCE.contains(&name) && self.taken_up().is_some_and(ran)
    }

    /// Whether the boot of a role on a host is done: its container runs, alone, and is the one that the interrupted run started.
    pub fn is_booted(&self, host: &str, role: &Role) -> bool {
        let Some(interrupted) = self.taken_up() else { return false };
        let is_meant = |(on, of, _): &&(String, String, bool)| on == host && *of == role.name;
        let Some((_, _, ended)) = interrupted.boots.iter().find(is_meant) else { return false };
        let running: Vec<&Container> = self.facts.running(self.run, host, &role.name).collect();
        let [container] = running.as_slice() else { return false };
        let is_new = match &interrupted.before {
            Some(before) => !knows(before, host, &container.id),
            None => *ended,
        };
        is_new && container.name == self.container_name(role)
    }

    /// Removes what the interrupted run started on a host and left half done, once it has made room.
    pub fn remove_leftover(&self, host: &str, role: &Role, answer: &BootAnswer) -> Option<Step> {
        let before = self.taken_up()?.before.as_ref()?;
        let name = self.container_name(role);
        let leftover = self.facts.host(host).container(&name)?;
        if knows(before, host, &leftover.id) {
            return None;
        }
        let renamed = answer.start.steps.iter().find_map(|step| match &step.action {
            Action::RenameContainer { name: from, to } if *from == name => Some(to.clone()),
            _ => None,
        })?;
        let title = format!("remove {renamed}, which the interrupted run left");
        Some(Step::new(title, Action::RemoveContainer { name: renamed }).may_fail().within(60))
    }

    /// The container of the version being deployed.
    pub fn container_name(&self, role: &Role) -> String {
        format!("{}-{}", self.run.configuration.container_prefix(&role.name), self.run.version)
    }
}

fn knows(before: &Facts, host: &str, id: &str) -> bool {
    before.host(host).containers.iter().any(|container| container.id == id)
}

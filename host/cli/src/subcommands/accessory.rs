//! `sextant accessory`.

use commands::reading;
use plan::{AccessoryAct, Intent};

use super::change::{carry_out, simple};
use super::look::{self, Question};
use super::{confirm, unknown};
use crate::arguments::{AccessoryChange, AccessoryCommand, Options};
use crate::failure::Failure;
use crate::invocation::Request;
use crate::project::Project;

/// Subcommands of the group that this version does not carry out.
const NOT_YET: [&str; 12] = [
    "reboot",
    "start",
    "stop",
    "restart",
    "exec",
    "logs",
    "upgrade",
    "upload",
    "directories",
    "pull-image",
    "remove-container",
    "remove-image",
];

pub fn run(options: &Options, command: AccessoryCommand) -> Result<u8, Failure> {
    match command {
        AccessoryCommand::Change(change) => {
            if let AccessoryChange::Remove { name, confirmation } = &change {
                let question =
                    format!("This will remove all containers, images and data directories for {name}. Are you sure?");
                if !confirm(&question, confirmation.confirmed, options) {
                    return Ok(0);
                }
            }
            carry_out(options, request(&change))
        }
        AccessoryCommand::Details { name } => details(options, &name),
        AccessoryCommand::Other(words) => Err(unknown("accessory", &words, &NOT_YET)),
    }
}

/// What a change asks for.
pub fn request(change: &AccessoryChange) -> Request {
    match change {
        AccessoryChange::Boot { name } => {
            simple(Intent::Accessory(AccessoryAct::Boot, which(name)), &["accessory", "boot"])
        }
        AccessoryChange::Remove { name, .. } => {
            simple(Intent::Accessory(AccessoryAct::Remove, which(name)), &["accessory", "remove"])
        }
    }
}

fn which(name: &str) -> Option<String> {
    (name != "all").then(|| name.to_string())
}

fn details(options: &Options, name: &str) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let accessories = &project.configuration.accessories;
    let wanted: Vec<_> = accessories.iter().filter(|accessory| name == "all" || accessory.name == name).collect();
    if wanted.is_empty() && name != "all" {
        let known: Vec<&str> = accessories.iter().map(|accessory| accessory.name.as_str()).collect();
        return Err(Failure::message(format!("No accessory by the name of '{name}' (options: {})", known.join(", "))));
    }
    let mut questions = Vec::new();
    for accessory in wanted {
        let hosts = accessory.hosts.iter().filter(|host| project.selection.accessory_hosts.contains(host));
        questions.extend(hosts.map(|host| Question {
            heading: format!("Accessory {} Host", accessory.name),
            host: host.clone(),
            command: reading::labelled(&accessory.service_name),
        }));
    }
    look::ask(options, &project, questions)
}

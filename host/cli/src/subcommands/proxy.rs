//! `sextant proxy`.

use commands::{proxy, reading};
use plan::Intent;

use super::change::{carry_out, simple};
use super::look::{self, Question};
use super::{confirm, unknown};
use crate::arguments::{Options, ProxyChange, ProxyCommand};
use crate::failure::Failure;
use crate::invocation::Request;
use crate::project::Project;

/// Subcommands of the group that this version does not carry out.
const NOT_YET: [&str; 9] = [
    "start",
    "stop",
    "restart",
    "logs",
    "boot-config",
    "upgrade",
    "remove-container",
    "remove-image",
    "remove-proxy-directory",
];

pub fn run(options: &Options, command: ProxyCommand) -> Result<u8, Failure> {
    match command {
        ProxyCommand::Change(change) => {
            if let ProxyChange::Reboot { confirmation, .. } = &change
                && !confirm(
                    "This will cause a brief outage on each host. Are you sure?",
                    confirmation.confirmed,
                    options,
                )
            {
                return Ok(0);
            }
            carry_out(options, request(&change))
        }
        ProxyCommand::Details => {
            let project = Project::read(options)?;
            let question = |host: &String| Question::new("Proxy Host", host, reading::named(proxy::CONTAINER));
            let questions = project.selection.proxy_hosts.iter().map(question).collect();
            look::ask(options, &project, questions)
        }
        ProxyCommand::Other(words) => Err(unknown("proxy", &words, &NOT_YET)),
    }
}

/// What a change asks for.
pub fn request(change: &ProxyChange) -> Request {
    match change {
        ProxyChange::Boot => simple(Intent::ProxyBoot, &["proxy", "boot"]),
        ProxyChange::Reboot { rolling, .. } => simple(Intent::ProxyReboot { rolling: *rolling }, &["proxy", "reboot"]),
        ProxyChange::Remove { force } => simple(Intent::ProxyRemove { force: *force }, &["proxy", "remove"]),
    }
}

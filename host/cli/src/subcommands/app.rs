//! `sextant app`.

use std::collections::BTreeSet;

use commands::{Command, reading};
use configuration::Role;
use plan::Intent;

use super::change::{carry_out, simple};
use super::{exec, unknown};
use crate::arguments::{AppChange, AppCommand, LogArguments, Options};
use crate::console::{print, say};
use crate::failure::Failure;
use crate::invocation::{Request, Version};
use crate::project::{Project, Substitution};
use crate::visit::{self, Question, Visit};

pub fn run(options: &Options, command: AppCommand) -> Result<u8, Failure> {
    match command {
        AppCommand::Change(AppChange::StaleContainers { stop: false }) => stale_containers(options),
        AppCommand::Change(change) => carry_out(options, request(&change)),
        AppCommand::Details => {
            let project = Project::read(options)?;
            visit::ask(options, &project, details(&project))
        }
        AppCommand::Version => version(options),
        AppCommand::Containers => per_host(options, |project| {
            let destination = project.configuration.destination.as_deref().unwrap_or_default();
            reading::containers(&project.configuration.service, destination)
        }),
        AppCommand::Images => per_host(options, |project| reading::images(&project.configuration.repository())),
        AppCommand::Logs(arguments) => logs(options, arguments),
        AppCommand::Exec(arguments) => exec::app(options, &arguments),
        AppCommand::Other(words) => Err(unknown("app", &words)),
    }
}

/// What a change asks for.
pub fn request(change: &AppChange) -> Request {
    let of = |intent: Intent, word: &str| simple(intent, &["app", word]);
    match change {
        AppChange::Boot => Request { version: Some(Version::Latest), ..of(Intent::AppBoot, "boot") },
        AppChange::Start => of(Intent::AppStart, "start"),
        AppChange::Stop => of(Intent::AppStop, "stop"),
        AppChange::StaleContainers { .. } => of(Intent::AppStopStale, "stale_containers"),
        AppChange::Live => of(Intent::AppLive, "live"),
        AppChange::Maintenance { drain_timeout, message } => {
            let intent = Intent::AppMaintenance { drain_timeout: *drain_timeout, message: message.clone() };
            of(intent, "maintenance")
        }
        AppChange::Remove => of(Intent::AppRemove, "remove"),
        AppChange::RemoveContainer { version } => {
            of(Intent::AppRemoveContainer { version: version.clone() }, "remove_container")
        }
        AppChange::RemoveContainers => of(Intent::AppRemoveContainers, "remove_containers"),
        AppChange::RemoveImages => of(Intent::AppRemoveImages, "remove_images"),
        AppChange::RemoveAppDirectories => of(Intent::AppRemoveDirectories, "remove_app_directories"),
    }
}

/// Asks every app host about each of its roles.
pub fn details(project: &Project) -> Vec<Question> {
    per_role(project, |role| reading::details(names(project, role).role()))
}

/// The names by which docker knows a role.
pub struct Names {
    service: String,
    destination: String,
    role: String,
    prefix: String,
    latest_image: String,
}

impl Names {
    /// As the grammar takes them.
    pub fn role(&self) -> reading::Role<'_> {
        reading::Role {
            service: &self.service,
            destination: &self.destination,
            role: &self.role,
            prefix: &self.prefix,
            latest_image: &self.latest_image,
        }
    }
}

/// The names of a role.
pub fn names(project: &Project, role: &Role) -> Names {
    let configuration = &project.configuration;
    Names {
        service: configuration.service.clone(),
        destination: configuration.destination.clone().unwrap_or_default(),
        role: role.name.clone(),
        prefix: configuration.container_prefix(&role.name),
        latest_image: configuration.latest_image(),
    }
}

/// The selected roles of a host.
pub fn roles_on<'a>(project: &'a Project, host: &str) -> Vec<&'a Role> {
    let names = project.selection.roles_on(host);
    names.iter().filter_map(|name| project.configuration.roles.iter().find(|role| role.name == *name)).collect()
}

/// The primary host and the first role on it.
pub fn primary_role(project: &Project) -> Result<(String, &Role), Failure> {
    let host = primary_host(project)?;
    match roles_on(project, &host).into_iter().next() {
        Some(role) => Ok((host, role)),
        None => Err(Failure::message(format!("no role is selected on {host}"))),
    }
}

/// The primary host.
pub fn primary_host(project: &Project) -> Result<String, Failure> {
    project.selection.primary_host.clone().ok_or_else(|| Failure::message("no host is selected"))
}

fn per_host(options: &Options, command: impl Fn(&Project) -> Command) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let question = |host: &String| Question::new("App Host", host, command(&project));
    visit::ask(options, &project, project.selection.app_hosts.iter().map(question).collect())
}

fn per_role(project: &Project, command: impl Fn(&Role) -> Command) -> Vec<Question> {
    let questions = |host: &String| {
        let of_role = |role| Question::new("App Host", host, command(role));
        roles_on(project, host).into_iter().map(of_role).collect::<Vec<_>>()
    };
    project.selection.app_hosts.iter().flat_map(questions).collect()
}

/// The version of the first role of each host.
fn version(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let mut questions = Vec::new();
    for host in &project.selection.app_hosts {
        let first = roles_on(&project, host).into_iter().next();
        let current = |role| reading::current_version(names(&project, role).role());
        questions.extend(first.map(|role| Question::new("App Host", host, current(role))));
    }
    visit::ask(options, &project, questions)
}

/// Tells which containers run beside the current one.
fn stale_containers(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let visit = Visit::begin(options, &project, Substitution::NamesOnly)?;
    for host in &project.selection.app_hosts {
        for role in roles_on(&project, host) {
            let names = names(&project, role);
            let questions = [reading::versions(names.role()), reading::current_version(names.role())]
                .map(|command| Question::new("App Host", host, command));
            let answers: Vec<String> =
                visit.ask(&questions).into_iter().map(|answer| Ok(answer?.stdout)).collect::<Result<_, Failure>>()?;
            let [running, current] = answers.as_slice() else { continue };
            let running: BTreeSet<&str> = running.lines().filter(|version| *version != current.trim()).collect();
            for version in running {
                print(&format!(
                    "App Host: {host}\nDetected stale container for role {} with version {version} \
                     (use `sextant app stale_containers --stop` to stop)\n",
                    role.name
                ));
            }
        }
    }
    Ok(0)
}

fn logs(options: &Options, arguments: LogArguments) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let id = arguments.container_id.as_deref();
    let wanted = arguments.tail.wanted();
    if wanted.follow {
        let (host, role) = primary_role(&project)?;
        say(&format!("Following logs on {host}..."));
        let visit = Visit::unannounced(options, &project, Substitution::NamesOnly)?;
        return visit.interactive(&host, &reading::logs(names(&project, role).role(), id, &wanted).line);
    }
    let command = |role: &Role| {
        let logs = reading::logs(names(&project, role).role(), id, &wanted);
        Command::new(format!("{} || echo 'Nothing found'", logs.line))
    };
    visit::ask(options, &project, per_role(&project, command))
}

//! `sextant accessory`.

use commands::docker::Container;
use commands::reading::{self, Attached};
use configuration::Accessory;
use plan::{AccessoryAct, Intent};

use super::change::{carry_out, simple};
use super::exec::{attached, compatible, joined, log_in};
use super::{confirm, unknown};
use crate::arguments::{AccessoryChange, AccessoryCommand, AccessoryExec, LogTail, Options};
use crate::console::say;
use crate::failure::Failure;
use crate::invocation::Request;
use crate::project::{Project, Substitution};
use crate::visit::{self, Question, Visit};

pub fn run(options: &Options, command: AccessoryCommand) -> Result<u8, Failure> {
    match command {
        AccessoryCommand::Change(change) => {
            let question = match &change {
                AccessoryChange::Remove { name, confirmation } => Some((
                    format!("This will remove all containers, images and data directories for {name}. Are you sure?"),
                    confirmation,
                )),
                AccessoryChange::Upgrade { confirmation, .. } => {
                    Some(("This will restart all accessories".to_string(), confirmation))
                }
                _ => None,
            };
            match question {
                Some((question, confirmation)) if !confirm(&question, confirmation.confirmed, options) => Ok(0),
                _ => carry_out(options, request(&change)),
            }
        }
        AccessoryCommand::Details { name } => {
            let project = Project::read(options)?;
            let questions = details(&project, &name)?;
            visit::ask(options, &project, questions)
        }
        AccessoryCommand::Exec(arguments) => exec(options, &arguments),
        AccessoryCommand::Logs { name, tail } => logs(options, &name, &tail),
        AccessoryCommand::Other(words) => Err(unknown("accessory", &words)),
    }
}

/// What a change asks for.
pub fn request(change: &AccessoryChange) -> Request {
    let of = |act: AccessoryAct, name: Option<&str>, word: &str| {
        simple(Intent::Accessory(act, name.map(str::to_string)), &["accessory", word])
    };
    match change {
        AccessoryChange::Boot { name } => of(AccessoryAct::Boot, which(name), "boot"),
        AccessoryChange::Reboot { name } => of(AccessoryAct::Reboot, which(name), "reboot"),
        AccessoryChange::Start { name } => of(AccessoryAct::Start, Some(name), "start"),
        AccessoryChange::Stop { name } => of(AccessoryAct::Stop, Some(name), "stop"),
        AccessoryChange::Restart { name } => of(AccessoryAct::Restart, Some(name), "restart"),
        AccessoryChange::Remove { name, .. } => of(AccessoryAct::Remove, which(name), "remove"),
        AccessoryChange::Upgrade { name, rolling, .. } => {
            of(AccessoryAct::Upgrade { rolling: *rolling }, which(name), "upgrade")
        }
        AccessoryChange::Upload { name } => of(AccessoryAct::Upload, Some(name), "upload"),
        AccessoryChange::Directories { name } => of(AccessoryAct::Directories, Some(name), "directories"),
        AccessoryChange::PullImage { name } => of(AccessoryAct::PullImage, Some(name), "pull_image"),
        AccessoryChange::RemoveContainer { name } => of(AccessoryAct::RemoveContainer, Some(name), "remove_container"),
        AccessoryChange::RemoveImage { name } => of(AccessoryAct::RemoveImage, Some(name), "remove_image"),
        AccessoryChange::RemoveServiceDirectory { name } => {
            of(AccessoryAct::RemoveServiceDirectory, Some(name), "remove_service_directory")
        }
    }
}

fn which(name: &str) -> Option<&str> {
    (name != "all").then_some(name)
}

/// Asks the hosts of an accessory, or of all, what runs of it.
pub fn details(project: &Project, name: &str) -> Result<Vec<Question>, Failure> {
    let accessories = named(project, which(name))?;
    let questions = |accessory: &Accessory| {
        let heading = format!("Accessory {} Host", accessory.name);
        let question = |host: &String| Question::new(&heading, host, reading::labelled(&accessory.service_name));
        hosts(project, accessory).iter().map(question).collect::<Vec<_>>()
    };
    Ok(accessories.into_iter().flat_map(questions).collect())
}

fn named<'a>(project: &'a Project, name: Option<&str>) -> Result<Vec<&'a Accessory>, Failure> {
    plan::accessories(&project.configuration, name).map_err(|error| Failure::message(error.to_string()))
}

fn one<'a>(project: &'a Project, name: &str) -> Result<&'a Accessory, Failure> {
    let found = named(project, Some(name))?;
    found.into_iter().next().ok_or_else(|| Failure::message(format!("No accessory by the name of '{name}'")))
}

/// The selected hosts of an accessory.
fn hosts(project: &Project, accessory: &Accessory) -> Vec<String> {
    let selected = &project.selection.accessory_hosts;
    accessory.hosts.iter().filter(|host| selected.contains(host)).cloned().collect()
}

fn first_host(accessory: &Accessory) -> Result<&str, Failure> {
    let host = accessory.hosts.first().map(String::as_str);
    host.ok_or_else(|| Failure::message(format!("accessory {} has no host", accessory.name)))
}

fn exec(options: &Options, arguments: &AccessoryExec) -> Result<u8, Failure> {
    let AccessoryExec { name, interactive, reuse, raw, .. } = arguments;
    if *raw {
        compatible("Raw", &[("interactive", *interactive)])?;
    }
    let command = joined(&arguments.command)?;
    let project = Project::read(options)?;
    let accessory = one(&project, name)?;
    let substitution = if *reuse { Substitution::NamesOnly } else { Substitution::Run };
    let visit = Visit::begin(options, &project, substitution)?;
    let tell = |text: String| {
        if !raw && !options.quiet {
            say(&text);
        }
    };
    let from = if *reuse { "existing container" } else { "new container" };
    let line = line(&project, accessory, *reuse, attached(*interactive), &command);
    let run = visit.run()?;
    let login = if *reuse { Vec::new() } else { visit.login(&run)? };
    if *interactive {
        let host = first_host(accessory)?;
        tell(format!("Launching interactive command via SSH from {from}..."));
        log_in(&visit, host, login)?;
        return visit.interactive(host, &line.line);
    }
    tell(format!("Launching command from {from}..."));
    let audit = plan::audit(&run, None, &format!("Executed cmd '{command}' on {name} accessory"));
    let before: Vec<_> = login.into_iter().chain([plan::lower::command(&audit)]).collect();
    let question = |host: &String| Question { before: before.clone(), ..Question::new("App Host", host, line.clone()) };
    let questions: Vec<Question> = hosts(&project, accessory).iter().map(question).collect();
    if *raw { visit.show_raw(&questions) } else { visit.show(&questions) }
}

fn line(project: &Project, accessory: &Accessory, reuse: bool, attached: Attached, command: &str) -> commands::Command {
    if reuse {
        return reading::execute_in(&accessory.service_name, &[], attached, command);
    }
    let container = Container {
        image: accessory.image.clone(),
        network: Some(accessory.network.clone()),
        environment: accessory.environment.clear.clone().into_iter().collect(),
        environment_files: vec![project.configuration.accessory_environment_file(&accessory.name)],
        volumes: accessory.mounts(),
        flags: accessory.options.clone(),
        ..Container::default()
    };
    reading::execute_new(&container, &[], attached, false, command)
}

fn logs(options: &Options, name: &str, tail: &LogTail) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let accessory = one(&project, name)?;
    let wanted = tail.wanted_of_a_container();
    if wanted.follow {
        let host = first_host(accessory)?;
        let visit = Visit::unannounced(options, &project, Substitution::NamesOnly)?;
        say(&format!("Following logs on {host}..."));
        return visit.interactive(host, &reading::logs_of(&accessory.service_name, &wanted).line);
    }
    let visit = Visit::begin(options, &project, Substitution::NamesOnly)?;
    let command = reading::logs_of(&accessory.service_name, &wanted);
    let question = |host: &String| Question::new("", host, command.clone());
    let questions: Vec<Question> = hosts(&project, accessory).iter().map(question).collect();
    visit.show(&questions)
}

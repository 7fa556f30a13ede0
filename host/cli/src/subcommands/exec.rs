//! The user's own commands in containers of the app, and what they share with those in accessories and on hosts.

use std::io::IsTerminal;

use commands::Command;
use commands::docker::Container;
use commands::reading::{self, Attached};
use configuration::{ConfigurationError, Role};

use super::app::{names, primary_role, roles_on};
use crate::arguments::{Exec, Options};
use crate::console::say;
use crate::failure::Failure;
use crate::project::{Project, Substitution};
use crate::visit::{Question, Visit};

/// `app exec`.
pub fn app(options: &Options, arguments: &Exec) -> Result<u8, Failure> {
    let Exec { interactive, reuse, detach, raw, .. } = *arguments;
    if detach {
        compatible("Detach", &[("interactive", interactive), ("reuse", reuse)])?;
    }
    let command = joined(&arguments.command)?;
    if raw {
        compatible("Raw", &[("interactive", interactive), ("detach", detach)])?;
    }
    let tell = |text: &str| {
        if !raw && !options.quiet {
            say(text);
        }
    };
    let project = Project::read(options)?;
    let visit = Visit::begin(options, &project, if reuse { Substitution::NamesOnly } else { Substitution::Run })?;
    let version = match (&options.version, reuse) {
        (Some(version), _) => version.clone(),
        (None, true) => {
            tell("Get current version of running container...");
            running_version(&project, &visit)?
        }
        (None, false) => {
            tell("Get most recent version available as an image...");
            project.configuration.latest_tag()
        }
    };
    let exec =
        AppExec { project: &project, arguments, environment: environment(&arguments.environment)?, version, command };
    let (version, existing) = (&exec.version, if reuse { "existing container" } else { "new container" });
    let run = visit.run()?;
    let login = if reuse { Vec::new() } else { visit.login(&run)? };
    if interactive {
        let (host, role) = primary_role(&project)?;
        tell(&format!("Launching interactive command with version {version} via SSH from {existing} on {host}..."));
        log_in(&visit, &host, login)?;
        return visit.interactive(&host, &exec.line(&host, role).line);
    }
    tell(&format!("Launching command with version {version} from {existing}..."));
    let mut questions = Vec::new();
    for host in &project.selection.app_hosts {
        for role in roles_on(&project, host) {
            let message = format!("Executed cmd '{}' on app version {version}", exec.command);
            let audit = plan::audit(&run, reuse.then_some(role.name.as_str()), &message);
            let before = login.iter().cloned().chain([plan::lower::command(&audit)]).collect();
            questions.push(Question { before, ..Question::new("App Host", host, exec.line(host, role)) });
        }
    }
    if raw { visit.show_raw(&questions) } else { visit.show(&questions) }
}

/// Fails when an option stands beside others that it cannot go with.
pub fn compatible(option: &str, others: &[(&str, bool)]) -> Result<(), Failure> {
    let given: Vec<&str> = others.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if given.is_empty() {
        return Ok(());
    }
    Err(argument(format!("{option} is not compatible with {}", given.join(" or "))))
}

/// The user's command as one line, each word without the blanks around it.
pub fn joined(words: &[String]) -> Result<String, Failure> {
    let words: Vec<&str> = words.iter().map(|word| word.trim()).collect();
    let line = words.join(" ");
    if words.is_empty() {
        return Err(argument("No command provided. You must specify a command to execute.".to_string()));
    }
    Ok(line)
}

/// What an interactive command is given: the terminal where there is one.
pub fn attached(interactive: bool) -> Attached {
    match interactive {
        false => Attached::Not,
        true if std::io::stdin().is_terminal() => Attached::Terminal,
        true => Attached::Input,
    }
}

/// Logs a host in before a command that takes over the terminal.
pub fn log_in(visit: &Visit<'_>, host: &str, login: Vec<Command>) -> Result<(), Failure> {
    let questions: Vec<Question> = login.into_iter().map(|command| Question::new("", host, command)).collect();
    for answer in visit.ask(&questions) {
        let outcome = answer?;
        if !outcome.succeeded() {
            let hint = "check `registry` in the configuration and the password in .kamal/secrets";
            let text = format!("{host} cannot log in to the registry: {}", outcome.stderr.trim());
            return Err(Failure::with_hint(text, hint));
        }
    }
    Ok(())
}

fn argument(message: String) -> Failure {
    Failure::Configuration { error: ConfigurationError::argument(message), sources: Vec::new() }
}

/// A command for every role.
struct AppExec<'a> {
    project: &'a Project,
    arguments: &'a Exec,
    environment: Vec<(String, Option<String>)>,
    version: String,
    command: String,
}

impl AppExec<'_> {
    fn line(&self, host: &str, role: &Role) -> Command {
        let attached = attached(self.arguments.interactive);
        if self.arguments.reuse {
            let prefix = self.project.configuration.container_prefix(&role.name);
            let container = format!("{prefix}-{}", self.version);
            return reading::execute_in(&container, &self.environment, attached, &self.command);
        }
        let container = self.new_container(host, role);
        reading::execute_new(&container, &self.environment, attached, self.arguments.detach, &self.command)
    }

    fn new_container(&self, host: &str, role: &Role) -> Container {
        let configuration = &self.project.configuration;
        let prefix = configuration.container_prefix(&role.name);
        let mark = plan::digest(&format!("{host} {} {}", role.name, jiff::Timestamp::now().as_nanosecond()));
        let clear = role.environments.get(host).map(|environment| environment.clear.clone()).unwrap_or_default();
        Container {
            name: format!("{prefix}-exec-{}-{}", self.version, &mark[..6]),
            image: configuration.absolute_image(&self.version),
            network: Some("kamal".to_string()),
            environment: clear.into_iter().collect(),
            environment_files: vec![configuration.host_environment_file(&role.name)],
            log_driver: role.logging.driver.clone(),
            log_options: role.logging.options.clone().into_iter().collect(),
            volumes: role.volumes.clone(),
            flags: role.options.clone(),
            ..Container::default()
        }
    }
}

/// The version that runs on the primary host.
fn running_version(project: &Project, visit: &Visit<'_>) -> Result<String, Failure> {
    let (host, role) = primary_role(project)?;
    let question = Question::new("", &host, reading::current_version(names(project, role).role()));
    let mut version = String::new();
    for answer in visit.ask(&[question]) {
        version = answer?.stdout.trim().to_string();
    }
    if version.is_empty() {
        return Err(Failure::with_hint(
            format!("no container of {} runs on {host}", role.name),
            "`sextant app boot` starts one",
        ));
    }
    Ok(version)
}

fn environment(pairs: &[String]) -> Result<Vec<(String, Option<String>)>, Failure> {
    let pair = |text: &String| match text.split_once(':') {
        Some((name, value)) => Ok((name.to_string(), Some(value.to_string()))),
        None => Err(Failure::with_hint(format!("--env {text} is no pair"), "write it as NAME:VALUE")),
    };
    pairs.iter().map(pair).collect()
}

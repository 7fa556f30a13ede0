//! `sextant app`.

use commands::docker::Container;
use commands::{Command, reading};
use configuration::Role;
use plan::{Intent, Username};

use super::change::{carry_out, simple};
use super::look::{self, Question};
use super::unknown;
use crate::arguments::{AppChange, AppCommand, Exec, LogArguments, Options};
use crate::failure::Failure;
use crate::invocation::{self, Request, Version};
use crate::project::{Project, Substitution};
use crate::report::{print_raw, say};

/// Subcommands of the group that this version does not carry out.
const NOT_YET: [&str; 7] = [
    "stale-containers",
    "live",
    "maintenance",
    "remove-container",
    "remove-containers",
    "remove-images",
    "remove-app-directories",
];

pub fn run(options: &Options, command: AppCommand) -> Result<u8, Failure> {
    match command {
        AppCommand::Change(change) => carry_out(options, request(&change)),
        AppCommand::Details => per_role(options, |project, role| reading::details(names(project, role).role())),
        AppCommand::Version => version(options),
        AppCommand::Containers => per_host(options, |project| {
            let destination = project.configuration.destination.as_deref().unwrap_or_default();
            reading::containers(&project.configuration.service, destination)
        }),
        AppCommand::Images => per_host(options, |project| reading::images(&project.configuration.repository())),
        AppCommand::Logs(arguments) => logs(options, arguments),
        AppCommand::Exec(arguments) => exec(options, &arguments),
        AppCommand::Other(words) => Err(unknown("app", &words, &NOT_YET)),
    }
}

/// What a change asks for.
pub fn request(change: &AppChange) -> Request {
    match change {
        AppChange::Boot => Request { version: Some(Version::Latest), ..simple(Intent::AppBoot, &["app", "boot"]) },
        AppChange::Start => simple(Intent::AppStart, &["app", "start"]),
        AppChange::Stop => simple(Intent::AppStop, &["app", "stop"]),
        AppChange::Remove => simple(Intent::AppRemove, &["app", "remove"]),
    }
}

/// The names by which docker knows a role.
struct Names {
    service: String,
    destination: String,
    role: String,
    prefix: String,
    latest_image: String,
}

impl Names {
    fn role(&self) -> reading::Role<'_> {
        reading::Role {
            service: &self.service,
            destination: &self.destination,
            role: &self.role,
            prefix: &self.prefix,
            latest_image: &self.latest_image,
        }
    }
}

fn names(project: &Project, role: &Role) -> Names {
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
fn roles_on<'a>(project: &'a Project, host: &str) -> Vec<&'a Role> {
    let names = project.selection.roles_on(host);
    names.iter().filter_map(|name| project.configuration.roles.iter().find(|role| role.name == *name)).collect()
}

fn question(host: &str, command: Command) -> Question {
    Question { heading: "App Host".to_string(), host: host.to_string(), command }
}

fn per_host(options: &Options, command: impl Fn(&Project) -> Command) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let questions = project.selection.app_hosts.iter().map(|host| question(host, command(&project))).collect();
    look::ask(options, &project, questions)
}

fn per_role(options: &Options, command: impl Fn(&Project, &Role) -> Command) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let mut questions = Vec::new();
    for host in &project.selection.app_hosts {
        questions.extend(roles_on(&project, host).into_iter().map(|role| question(host, command(&project, role))));
    }
    look::ask(options, &project, questions)
}

/// The version of the first role of each host.
fn version(options: &Options) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let mut questions = Vec::new();
    for host in &project.selection.app_hosts {
        let first = roles_on(&project, host).into_iter().next();
        questions.extend(first.map(|role| question(host, reading::current_version(names(&project, role).role()))));
    }
    look::ask(options, &project, questions)
}

fn logs(options: &Options, arguments: LogArguments) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let chosen = arguments.since.is_some() || arguments.grep.is_some();
    let usual = if arguments.follow { 10 } else { 100 };
    let wanted = reading::Logs {
        since: arguments.since.filter(|_| !arguments.follow),
        lines: arguments.lines.or((!chosen).then_some(usual)),
        grep: arguments.grep,
        grep_options: arguments.grep_options,
        timestamps: !arguments.skip_timestamps,
        follow: arguments.follow,
    };
    let id = arguments.container_id.as_deref();
    if arguments.follow {
        let host = primary_host(&project)?;
        let Some(role) = roles_on(&project, &host).into_iter().next() else {
            return Err(Failure::message(format!("no role is selected on {host}")));
        };
        say(&format!("Following logs on {host}..."));
        return interactive(&project, &host, &reading::logs(names(&project, role).role(), id, &wanted).line);
    }
    let mut questions = Vec::new();
    for host in &project.selection.app_hosts {
        let lines = roles_on(&project, host).into_iter().map(|role| {
            let command = reading::logs(names(&project, role).role(), id, &wanted);
            question(host, Command::new(format!("{} || echo 'Nothing found'", command.line)))
        });
        questions.extend(lines);
    }
    look::ask(options, &project, questions)
}

fn exec(options: &Options, arguments: &Exec) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let words: Vec<&str> = arguments.command.iter().map(|word| word.trim()).collect();
    let command = words.join(" ");
    let environment = environment(&arguments.environment)?;
    let version = match (&options.version, arguments.reuse) {
        (Some(version), _) => version.clone(),
        (None, true) => running_version(options, &project)?,
        (None, false) => project.configuration.latest_tag(),
    };
    let line = |host: &str, role: &Role| {
        let prefix = project.configuration.container_prefix(&role.name);
        if arguments.reuse {
            let container = format!("{prefix}-{version}");
            return reading::execute_in(&container, &environment, arguments.interactive, &command);
        }
        let container = new_container(&project, role, host, &version);
        reading::execute_new(&container, &environment, arguments.interactive, arguments.detach, &command)
    };
    if arguments.interactive {
        invocation::connect(&project, options)?;
        let host = primary_host(&project)?;
        let Some(role) = roles_on(&project, &host).into_iter().next() else {
            return Err(Failure::message(format!("no role is selected on {host}")));
        };
        return interactive(&project, &host, &line(&host, role).line);
    }
    let mut questions = Vec::new();
    for host in &project.selection.app_hosts {
        questions.extend(
            roles_on(&project, host)
                .into_iter()
                .map(|role| question(host, with_login(&project, arguments, line(host, role)))),
        );
    }
    if !arguments.raw {
        return look::ask_with_secrets(options, &project, questions);
    }
    let mut code = 0;
    for answer in look::answers(options, &project, &questions, Substitution::Run)? {
        let outcome = answer?;
        print_raw(&outcome.stdout);
        if !outcome.succeeded() {
            say(outcome.stderr.trim_end());
            code = 1;
        }
    }
    Ok(code)
}

/// A new container may need its image pulled, so the host logs in first.
fn with_login(project: &Project, arguments: &Exec, command: Command) -> Command {
    let Some(credentials) = project.configuration.registry.credentials.as_ref().filter(|_| !arguments.reuse) else {
        return command;
    };
    let username = match &credentials.username {
        configuration::Text::Clear(name) => Username::Clear(name.clone()),
        configuration::Text::Secret(name) => Username::Secret(name.clone()),
    };
    let server = project.configuration.registry.server.clone();
    let mut login =
        plan::lower::action(&plan::Action::Login { server, username, password: credentials.password.clone() });
    login.line = format!("{} > /dev/null && {} < /dev/null", login.line, command.line);
    login
}

fn new_container(project: &Project, role: &Role, host: &str, version: &str) -> Container {
    let configuration = &project.configuration;
    let prefix = configuration.container_prefix(&role.name);
    let mark = plan::digest(&format!("{host} {} {}", role.name, jiff::Timestamp::now().as_nanosecond()));
    let clear = role.environments.get(host).map(|environment| environment.clear.clone()).unwrap_or_default();
    Container {
        name: format!("{prefix}-exec-{version}-{}", &mark[..6]),
        image: configuration.absolute_image(version),
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

/// The version that runs on the primary host.
fn running_version(options: &Options, project: &Project) -> Result<String, Failure> {
    let host = primary_host(project)?;
    let Some(role) = roles_on(project, &host).into_iter().next() else {
        return Err(Failure::message(format!("no role is selected on {host}")));
    };
    let questions = [question(&host, reading::current_version(names(project, role).role()))];
    let answers = look::answers(options, project, &questions, Substitution::NamesOnly)?;
    let outcome = answers.into_iter().next().unwrap_or_else(|| Ok(transport::Outcome::default()))?;
    let version = outcome.stdout.trim().to_string();
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

fn primary_host(project: &Project) -> Result<String, Failure> {
    project.selection.primary_host.clone().ok_or_else(|| Failure::message("no host is selected"))
}

/// Hands the terminal to a line on a host.
fn interactive(project: &Project, host: &str, line: &str) -> Result<u8, Failure> {
    let secrets = project.secrets(Substitution::NamesOnly)?;
    invocation::runtime()?.block_on(async {
        let machines = invocation::machines(project, &secrets);
        // A terminal's Ctrl-C reaches the line itself; what reaches this program alone ends the waiting.
        let interrupts = invocation::interrupts();
        let host = commands::Machine::Host(host.to_string());
        tokio::select! {
            code = machines.interactive(&host, line) => Ok(u8::try_from(code?).unwrap_or(1)),
            _ = interrupts.reached(transport::Interrupt::Gentle) => Ok(130),
        }
    })
}

//! Lines that show what is on a host, and the user's own commands in the app's containers.

use crate::Command;
use crate::docker::Container;
use crate::quoting::{argumentize, literal, optionize, single_quoted, value};

/// Names the containers of one role.
#[derive(Debug, Clone, Copy)]
pub struct Role<'a> {
    /// The service.
    pub service: &'a str,
    /// The destination, empty for none.
    pub destination: &'a str,
    /// The role.
    pub role: &'a str,
    /// Container name without version.
    pub prefix: &'a str,
    /// The image tagged latest.
    pub latest_image: &'a str,
}

/// What `docker logs` is asked for.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// Only lines since this time.
    pub since: Option<String>,
    /// Only so many last lines.
    pub lines: Option<u64>,
    /// Only lines that match.
    pub grep: Option<String>,
    /// More options for grep, verbatim.
    pub grep_options: Option<String>,
    /// Whether each line begins with its time.
    pub timestamps: bool,
    /// Whether to wait for more.
    pub follow: bool,
}

/// What the user's command gets to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attached {
    /// Nothing.
    Not,
    /// The operator's standard input.
    Input,
    /// The operator's terminal.
    Terminal,
}

impl Attached {
    fn words(self) -> Option<String> {
        match self {
            Self::Not => None,
            Self::Input => Some("-i".to_string()),
            Self::Terminal => Some("-it".to_string()),
        }
    }
}

/// The role's containers that run.
pub fn details(role: Role<'_>) -> Command {
    Command::new(format!("docker ps {}", filters(role)))
}

/// Every container of the service and destination.
pub fn containers(service: &str, destination: &str) -> Command {
    Command::new(format!(
        "docker container ls --all --filter label=service={service} --filter label=destination={destination}"
    ))
}

/// Images of a repository.
pub fn images(repository: &str) -> Command {
    Command::new(format!("docker image ls {}", literal(repository)))
}

/// The version of the role's current container, nothing if none runs.
pub fn current_version(role: Role<'_>) -> Command {
    let prefix = role.prefix;
    Command::new(format!(
        "{} | while read line; do echo ${{line#{prefix}-}}; done",
        current(role, "--format '{{.Names}}'")
    ))
}

/// Log lines of the role's current container, or of the container with an id.
pub fn logs(role: Role<'_>, container_id: Option<&str>, wanted: &Logs) -> Command {
    let id = match container_id {
        Some(id) => format!("echo {}", literal(id)),
        None => current(role, "--quiet"),
    };
    Command::new(format!("{id} | xargs docker logs{}", log_options(wanted)))
}

/// The container of a name that runs.
pub fn named(name: &str) -> Command {
    Command::new(format!("docker ps --filter 'name=^{name}$'"))
}

/// Containers that carry a service label.
pub fn labelled(service: &str) -> Command {
    Command::new(format!("docker ps --filter label=service={service}"))
}

/// Log lines of the container of that name.
pub fn logs_of(name: &str, wanted: &Logs) -> Command {
    let since = wanted.since.iter().map(|since| format!(" --since {}", literal(since)));
    let lines = wanted.lines.iter().map(|lines| format!(" --tail {lines}"));
    let times = wanted.timestamps.then(|| " --timestamps".to_string());
    let options: String = if wanted.follow {
        times.into_iter().chain(lines).chain([" --follow".to_string()]).collect()
    } else {
        since.chain(lines).chain(times).collect()
    };
    Command::new(format!("docker logs {}{options} 2>&1{}", literal(name), filter(wanted)))
}

/// The versions of the role's containers that run, one a line.
pub fn versions(role: Role<'_>) -> Command {
    let prefix = role.prefix;
    Command::new(format!(
        "docker ps {} --format \"{{{{.Names}}}}\" | while read line; do echo ${{line#{prefix}-}}; done",
        filters(role)
    ))
}

/// The last lines of the audit log.
pub fn audit_log(path: &str) -> Command {
    Command::new(format!("tail -n 50 {}", literal(path)))
}

/// Runs the user's command in a container that runs.
pub fn execute_in(
    container: &str,
    environment: &[(String, Option<String>)],
    attached: Attached,
    command: &str,
) -> Command {
    let mut words = vec!["docker exec".to_string()];
    words.extend(attached.words());
    words.extend(argumentize("--env", environment.iter().map(|(name, text)| (name, text))));
    words.push(literal(container));
    words.push(command.to_string());
    Command::new(words.join(" "))
}

/// Runs the user's command in a new container that is removed afterwards, unless it is detached. docker names a container without name.
pub fn execute_new(
    container: &Container,
    environment: &[(String, Option<String>)],
    attached: Attached,
    detach: bool,
    command: &str,
) -> Command {
    let mut words = vec!["docker run".to_string()];
    words.extend(attached.words());
    words.push(if detach { "--detach" } else { "--rm" }.to_string());
    if !container.name.is_empty() {
        words.push(format!("--name {}", literal(&container.name)));
    }
    words.extend(container.network.iter().map(|network| format!("--network {}", literal(network))));
    words.extend(argumentize("--env", container.environment.iter().map(|(name, text)| (name, text))));
    words.extend(container.environment_files.iter().map(|path| format!("--env-file {}", literal(path))));
    words.extend(argumentize("--env", environment.iter().map(|(name, text)| (name, text))));
    words.extend(container.log_driver.iter().map(|driver| format!("--log-driver {}", value(driver))));
    words.extend(argumentize("--log-opt", container.log_options.iter().map(|(name, text)| (name, text))));
    words.extend(container.volumes.iter().map(|volume| format!("--volume {volume}")));
    words.extend(optionize(&container.flags));
    words.push(literal(&container.image));
    words.push(command.to_string());
    Command::new(words.join(" "))
}

fn filters(role: Role<'_>) -> String {
    format!(
        "--filter label=service={} --filter label=destination={} --filter label=role={}",
        role.service, role.destination, role.role
    )
}

/// Kamal's rule: the newest running container of the image tagged latest, else the newest running one.
fn current(role: Role<'_>, output: &str) -> String {
    let running = format!("{} --filter status=running --filter status=restarting", filters(role));
    let latest = role.latest_image;
    let script = format!(
        "docker ps --latest {output} {running} \
         --filter ancestor=$(docker image ls --filter reference={latest} --format '{{{{.ID}}}}') ; \
         docker ps --latest {output} {running}"
    );
    format!("sh -c {} | head -1", single_quoted(&script))
}

fn log_options(wanted: &Logs) -> String {
    let mut options = String::new();
    if wanted.timestamps {
        options.push_str(" --timestamps");
    }
    if let Some(since) = &wanted.since {
        options.push_str(&format!(" --since {}", literal(since)));
    }
    if let Some(lines) = wanted.lines {
        options.push_str(&format!(" --tail {lines}"));
    }
    if wanted.follow {
        options.push_str(" --follow");
    }
    options.push_str(" 2>&1");
    options + &filter(wanted)
}

fn filter(wanted: &Logs) -> String {
    let Some(pattern) = &wanted.grep else { return String::new() };
    let more = wanted.grep_options.as_ref().map(|more| format!(" {more}")).unwrap_or_default();
    format!(" | grep {}{more}", single_quoted(pattern))
}

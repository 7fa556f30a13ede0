//! Lines for docker: images, containers, registries.

use serde::{Deserialize, Serialize};

use crate::quoting::{argumentize, assignment, literal, optionize, single_quoted, value};
use crate::{Command, Fragment};

/// Everything `docker run` is told about a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// The image it runs.
    pub image: String,
    /// Restart policy.
    pub restart: Option<String>,
    /// docker network.
    pub network: Option<String>,
    /// Host name inside the container.
    pub hostname: Option<String>,
    /// Clear variables; no value lets the variable through from the host's environment.
    pub environment: Vec<(String, Option<String>)>,
    /// Files with variables on the host.
    pub environment_files: Vec<String>,
    /// Log driver.
    pub log_driver: Option<String>,
    /// Options of the log driver.
    pub log_options: Vec<(String, Option<String>)>,
    /// Published ports.
    pub publish: Vec<String>,
    /// Volumes, verbatim: `$PWD` is the ssh user's home.
    pub volumes: Vec<String>,
    /// Labels; no value is a bare label.
    pub labels: Vec<(String, Option<String>)>,
    /// Other options without dashes; no value is a bare flag.
    pub flags: Vec<(String, Option<String>)>,
    /// Words after the image, split by the host's shell.
    pub command: Option<String>,
}

/// `docker login`, with the password on its standard input.
pub fn login(server: Option<&str>, username: Fragment, password: &str) -> Command {
    let server = server.map(|server| format!(" {}", literal(server))).unwrap_or_default();
    let password = vec![Fragment::Secret(password.to_string())];
    match username {
        Fragment::Text(name) => {
            Command::new(format!("docker login{server} -u {} --password-stdin", value(&name))).with_input(password)
        }
        // A secret must not stand in an argument, but docker takes the name from nowhere else: a variable holds it, and only docker's
        // own argument shows it. Kamal treats the name the same way.
        secret => Command::new(format!("docker login{server} -u \"$SEXTANT_USERNAME\" --password-stdin"))
            .with_input(password)
            .with_variable("SEXTANT_USERNAME", vec![secret]),
    }
}

/// `docker logout`.
pub fn logout(server: Option<&str>) -> Command {
    Command::new(words(&["docker logout".to_string(), server.map(literal).unwrap_or_default()]))
}

/// `docker pull`.
pub fn pull(image: &str) -> Command {
    Command::new(format!("docker pull {}", literal(image)))
}

/// `docker image pull`, as Kamal pulls what is not the app's.
pub fn pull_accessory_image(image: &str) -> Command {
    Command::new(format!("docker image pull {}", literal(image)))
}

/// `docker push`.
pub fn push(image: &str) -> Command {
    Command::new(format!("docker push {}", literal(image)))
}

/// `docker tag`.
pub fn tag(image: &str, name: &str) -> Command {
    Command::new(format!("docker tag {} {}", literal(image), literal(name)))
}

/// `docker image rm --force`.
pub fn remove_image(image: &str) -> Command {
    Command::new(format!("docker image rm --force {}", literal(image)))
}

/// Fails unless the image carries the label `service` that pruning relies on.
pub fn require_service_label(image: &str, service: &str) -> Command {
    let (quoted, service) = (literal(image), literal(service));
    Command::new(format!(
        "docker inspect -f '{{{{ .Config.Labels.service }}}}' {quoted} | grep -x {service} || \
         (echo {} >&2 && exit 1)",
        value(&format!("Image {image} is missing the 'service' label"))
    ))
}

/// Starts a container of the app, detached.
pub fn run_app(container: &Container) -> Command {
    let mut line = vec!["docker run --detach".to_string()];
    line.extend(container.restart.iter().map(|policy| format!("--restart {policy}")));
    line.push(format!("--name {}", literal(&container.name)));
    line.extend(container.network.iter().map(|network| format!("--network {}", literal(network))));
    line.extend(container.hostname.iter().map(|hostname| format!("--hostname {}", literal(hostname))));
    line.extend(container.publish.iter().map(|port| format!("--publish {port}")));
    line.extend(environment(container));
    line.extend(logging(container));
    line.extend(tail(container));
    Command::new(words(&line))
}

/// Starts a container of an accessory, detached. Kamal gives the same options in another order.
pub fn run_accessory(container: &Container) -> Command {
    let mut line = vec![format!("docker run --name {} --detach", literal(&container.name))];
    line.extend(container.restart.iter().map(|policy| format!("--restart {policy}")));
    line.extend(container.network.iter().map(|network| format!("--network {}", literal(network))));
    line.extend(logging(container));
    line.extend(container.publish.iter().map(|port| format!("--publish {port}")));
    line.extend(environment(container));
    line.extend(tail(container));
    Command::new(words(&line))
}

/// `docker start` for a container by name.
pub fn start(name: &str) -> Command {
    Command::new(format!("docker start {}", literal(name)))
}

/// `docker container start` for an accessory.
pub fn start_accessory(name: &str) -> Command {
    Command::new(format!("docker container start {}", literal(name)))
}

/// `docker container stop` for an accessory.
pub fn stop_accessory(name: &str) -> Command {
    Command::new(format!("docker container stop {}", literal(name)))
}

/// Stops a container by id where it is known, else by name; does nothing when no container has the name.
pub fn stop(name: &str, id: Option<&str>, timeout: Option<u64>) -> Command {
    let wait = timeout.map(|seconds| format!(" -t {seconds}")).unwrap_or_default();
    Command::new(match id {
        Some(id) => format!("docker stop{wait} {}", literal(id)),
        None => format!("{} | xargs -r docker stop{wait}", id_of(name)),
    })
}

/// `docker rename`.
pub fn rename(name: &str, to: &str) -> Command {
    Command::new(format!("docker rename {} {}", literal(name), literal(to)))
}

/// Removes a container that does not run.
pub fn remove(name: &str) -> Command {
    Command::new(format!("{} | xargs -r docker container rm", id_of(name)))
}

/// Removes every stopped container that carries all of the labels.
pub fn prune_containers(labels: &[(String, String)]) -> Command {
    let filters: Vec<String> = labels.iter().map(|(key, text)| format!("--filter label={key}={text}")).collect();
    Command::new(format!("docker container prune --force {}", filters.join(" ")))
}

/// Removes every image that carries the label and that no container uses.
pub fn prune_all_images(key: &str, text: &str) -> Command {
    Command::new(format!("docker image prune --all --force --filter label={key}={text}"))
}

/// The last log lines and the health record of a container.
pub fn logs_and_health(name: &str) -> Command {
    let id = id_of(name);
    Command::new(format!(
        "{id} | xargs -r docker logs --timestamps --tail 50 2>&1; \
         {id} | xargs -r docker inspect --format '{{{{json .State.Health}}}}'"
    ))
}

/// Waits until a container is healthy or, without a health check, runs and still runs `readiness_delay` seconds later.
///
/// Looks every second; after `timeout` seconds it fails with Kamal's message and the last status.
pub fn await_healthy(name: &str, readiness_delay: u64, timeout: u64) -> Command {
    let status = format!(
        "{} | xargs docker inspect --format \
         '{{{{if .State.Health}}}}{{{{.State.Health.Status}}}}{{{{else}}}}{{{{.State.Status}}}}{{{{end}}}}'",
        id_of(name)
    );
    Command::new(format!(
        "waited=0; while :; do \
         status=$({status}) || exit 1; \
         if [ \"$status\" = running ] && [ {readiness_delay} -gt 0 ]; then sleep {readiness_delay}; status=$({status}) || exit 1; fi; \
         case \"$status\" in running|healthy) echo \"Container is healthy!\"; break;; esac; \
         if [ \"$waited\" -ge {timeout} ]; then echo \"container not ready after {timeout} seconds ($status)\" >&2; exit 1; fi; \
         sleep 1; waited=$((waited + 1)); done"
    ))
}

/// Creates docker's network unless it is there.
pub fn create_network(name: &str) -> Command {
    let name = literal(name);
    Command::new(format!("docker network create {name} || docker network inspect {name} > /dev/null"))
}

/// The line that prints the id of the container of that name, running or not.
pub fn id_of(name: &str) -> String {
    format!("docker container ls --all --filter {} --quiet", single_quoted(&format!("name=^{name}$")))
}

fn environment(container: &Container) -> Vec<String> {
    let mut words: Vec<String> = container
        .environment
        .iter()
        .map(|(name, text)| format!("--env {}", assignment(name, text.as_deref())))
        .collect();
    words.extend(container.environment_files.iter().map(|path| format!("--env-file {}", literal(path))));
    words
}

fn logging(container: &Container) -> Vec<String> {
    let driver = container.log_driver.iter().map(|driver| format!("--log-driver {}", value(driver)));
    driver.chain(argumentize("--log-opt", pairs(&container.log_options))).collect()
}

/// Volumes, labels, options, image and command: what every container ends with.
fn tail(container: &Container) -> Vec<String> {
    let mut words: Vec<String> = container.volumes.iter().map(|volume| format!("--volume {volume}")).collect();
    words.extend(argumentize("--label", pairs(&container.labels)));
    words.extend(optionize(&container.flags));
    words.push(literal(&container.image));
    words.extend(container.command.clone());
    words
}

fn pairs(list: &[(String, Option<String>)]) -> impl Iterator<Item = (&String, &Option<String>)> {
    list.iter().map(|(key, text)| (key, text))
}

fn words(list: &[String]) -> String {
    list.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}

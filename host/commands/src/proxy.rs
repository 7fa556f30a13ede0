//! Lines for kamal-proxy.

use serde::{Deserialize, Serialize};

use crate::Command;
use crate::docker::id_of;
use crate::quoting::{literal, optionize, optionize_joined, single_quoted};

/// Name of the proxy's container.
pub const CONTAINER: &str = "kamal-proxy";

/// The oldest version of kamal-proxy that works, also the one that is started.
pub const MINIMUM_VERSION: &str = "v0.9.2";

const START: &str = "docker container start kamal-proxy";

/// What `docker run` is told about the proxy's container beyond what is always so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyContainer {
    /// The image with its tag.
    pub image: String,
    /// Published ports.
    pub publish: Vec<String>,
    /// Size at which docker starts a new log file.
    pub log_max_size: Option<String>,
    /// Port for metrics.
    pub metrics_port: Option<u64>,
    /// Whether the proxy logs in detail.
    pub debug: bool,
    /// Other options without dashes; no value is a bare flag.
    pub options: Vec<(String, Option<String>)>,
}

/// Routes requests for a service to a port of a container; returns once the container is healthy.
pub fn deploy(service: &str, container: &str, port: u64, options: &[(String, Option<String>)]) -> Command {
    let options = optionize_joined(options).join(" ");
    Command::new(format!(
        "id=$({}); if [ -z \"$id\" ]; then echo {} >&2; exit 1; fi; \
         docker exec {CONTAINER} kamal-proxy deploy {} --target=\"$id:{port}\" {options}",
        id_of(container),
        single_quoted(&format!("Failed to get endpoint for {container}, did the container boot?")),
        literal(service),
    ))
}

/// Stops routing requests for a service.
pub fn remove(service: &str) -> Command {
    Command::new(format!("docker exec {CONTAINER} kamal-proxy remove {}", literal(service)))
}

/// Lets requests for a service through again.
pub fn resume(service: &str) -> Command {
    Command::new(format!("docker exec {CONTAINER} kamal-proxy resume {}", literal(service)))
}

/// Lets the proxy answer requests for a service by itself, with a message for visitors.
pub fn hold_back(service: &str, drain_timeout: u64, message: Option<&str>) -> Command {
    let mut options = vec![("drain-timeout".to_string(), Some(format!("{drain_timeout}s")))];
    options.extend(message.map(|message| ("message".to_string(), Some(message.to_string()))));
    let options = optionize_joined(&options).join(" ");
    Command::new(format!("docker exec {CONTAINER} kamal-proxy stop {} {options}", literal(service)))
}

/// Starts the proxy's container, making it if need be.
pub fn boot(container: Option<&ProxyContainer>) -> Command {
    Command::new(format!("{START} || {}", run_line(container)))
}

/// Makes and starts the proxy's container.
pub fn run(container: Option<&ProxyContainer>) -> Command {
    Command::new(run_line(container))
}

/// Starts the proxy's stopped container.
pub fn start() -> Command {
    Command::new(START)
}

/// Stops the proxy's container.
pub fn stop() -> Command {
    Command::new(format!("docker container stop {CONTAINER}"))
}

/// Removes the proxy's stopped container.
pub fn remove_container() -> Command {
    Command::new("docker container prune --force --filter label=org.opencontainers.image.title=kamal-proxy")
}

/// Removes the proxy's image.
pub fn remove_image() -> Command {
    Command::new("docker image prune --all --force --filter label=org.opencontainers.image.title=kamal-proxy")
}

/// Removes what Kamal 1 had in the proxy's place.
pub fn remove_traefik() -> Command {
    let label = "--filter label=org.opencontainers.image.title=Traefik";
    Command::new(format!(
        "docker container stop traefik; docker container prune --force {label} && docker image prune --all --force {label}"
    ))
}

/// Prints the host's name and what the files on it make of the proxy's container: options, image and command.
pub fn boot_configuration(host: &str) -> Command {
    Command::new(format!("echo {} {}", literal(&format!("Host {host}:")), settings_on_the_host()))
}

/// Removes the error pages of other versions.
pub fn clean_error_pages(directory: &str, version: &str) -> Command {
    Command::new(format!(
        "find {} -mindepth 1 -maxdepth 1 ! -name {} -exec rm -rf {{}} +",
        literal(directory),
        literal(version)
    ))
}

fn run_line(container: Option<&ProxyContainer>) -> String {
    let fixed = format!(
        "docker run --name {CONTAINER} --network kamal --detach --restart unless-stopped \
         --volume kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy \
         --volume $PWD/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config"
    );
    let Some(container) = container else { return format!("echo {} | xargs {fixed}", settings_on_the_host()) };
    let mut words = vec![fixed];
    words.extend(container.publish.iter().map(|port| format!("--publish {}", literal(port))));
    words.extend(container.log_max_size.iter().map(|size| format!("--log-opt max-size={}", literal(size))));
    words.extend(container.metrics_port.iter().map(|port| format!("--expose={port}")));
    words.extend(optionize(&container.options));
    words.push(format!("{} kamal-proxy run", literal(&container.image)));
    words.extend(container.debug.then(|| "--debug".to_string()));
    words.extend(container.metrics_port.iter().map(|port| format!("--metrics-port \"{port}\"")));
    words.join(" ")
}

/// Words for `docker run` that the host's shell reads from files, where `proxy boot_config` has left some.
fn settings_on_the_host() -> String {
    let setting = |file: &str, default: &str| format!("$(cat .kamal/proxy/{file} 2> /dev/null || echo \"{default}\")");
    format!(
        "{} {}:{} {}",
        setting("options", "--publish 80:80 --publish 443:443 --log-opt max-size=10m"),
        setting("image", "basecamp/kamal-proxy"),
        setting("image_version", MINIMUM_VERSION),
        setting("run_command", ""),
    )
}

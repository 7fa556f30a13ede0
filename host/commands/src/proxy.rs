//! Lines for kamal-proxy.

use crate::Command;
use crate::docker::id_of;
use crate::quoting::{literal, optionize_joined};

/// Name of the proxy's container.
pub const CONTAINER: &str = "kamal-proxy";

/// The oldest version of kamal-proxy that works, also the one that is started.
pub const MINIMUM_VERSION: &str = "v0.9.2";

/// Routes requests for a service to a port of a container; returns once the container is healthy.
pub fn deploy(service: &str, container: &str, port: u64, options: &[(String, Option<String>)]) -> Command {
    let options = optionize_joined(options).join(" ");
    Command::new(format!(
        "id=$({}); if [ -z \"$id\" ]; then echo 'Failed to get endpoint for {container}, did the container boot?' >&2; exit 1; fi; \
         docker exec {CONTAINER} kamal-proxy deploy {} --target=\"$id:{port}\" {options}",
        id_of(container),
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

/// Starts the proxy's container, making it if need be, with the settings that `kamal proxy boot_config` may have left on the host.
pub fn boot() -> Command {
    Command::new(format!("docker container start {CONTAINER} || {}", run_line()))
}

/// Makes and starts the proxy's container.
pub fn run() -> Command {
    Command::new(run_line())
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

fn run_line() -> String {
    let setting = |file: &str, default: &str| format!("$(cat .kamal/proxy/{file} 2> /dev/null || echo \"{default}\")");
    format!(
        "echo {} {}:{} {} | xargs docker run --name {CONTAINER} --network kamal --detach --restart unless-stopped \
         --volume kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy \
         --volume $PWD/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config",
        setting("options", "--publish 80:80 --publish 443:443 --log-opt max-size=10m"),
        setting("image", "basecamp/kamal-proxy"),
        setting("image_version", MINIMUM_VERSION),
        setting("run_command", ""),
    )
}

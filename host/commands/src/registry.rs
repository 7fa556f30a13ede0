//! Lines about the registry on the operator's machine.

use crate::Command;

/// Kamal's name for its container.
pub const CONTAINER: &str = "kamal-docker-registry";

/// The image it is started from.
pub const IMAGE: &str = "registry:3";

/// Starts the registry on a port of this machine, making its container if need be.
pub fn start(port: u16) -> Command {
    Command::new(format!(
        "docker start {CONTAINER} || docker run --detach -p 127.0.0.1:{port}:5000 --name {CONTAINER} {IMAGE}"
    ))
}

/// Stops the registry and removes its container, with what it holds.
pub fn remove() -> Command {
    Command::new(format!("docker stop {CONTAINER} && docker rm {CONTAINER}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_kamals() {
        let run = "docker run --detach -p 127.0.0.1:5555:5000 --name kamal-docker-registry registry:3";
        assert_eq!(start(5555).line, format!("docker start kamal-docker-registry || {run}"));
        assert_eq!(remove().line, "docker stop kamal-docker-registry && docker rm kamal-docker-registry");
    }
}

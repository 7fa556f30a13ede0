//! Lines that only look: what a host is asked before anything is planned.

use crate::Command;
use crate::quoting::literal;

/// Every container, newest first, as one JSON object a line: `id`, `name`, `image`, `image_id`, `state`, `labels`.
pub fn containers() -> Command {
    Command::new(
        "ids=$(docker ps --all --quiet --no-trunc) || exit; [ -z \"$ids\" ] || docker inspect --format \
         '{\"id\":{{json .Id}},\"name\":{{json .Name}},\"image\":{{json .Config.Image}},\"image_id\":{{json .Image}},\
         \"state\":{{json .State.Status}},\"labels\":{{json .Config.Labels}}}' $ids",
    )
}

/// The images of these names that are there, as one JSON object a line: `id`, `tags`, `labels`. Missing ones are left out.
pub fn images(names: &[String]) -> Command {
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    Command::new(format!(
        "docker image inspect --format \
         '{{\"id\":{{{{json .Id}}}},\"tags\":{{{{json .RepoTags}}}},\"labels\":{{{{json .Config.Labels}}}}}}' {} 2> /dev/null || true",
        names.join(" ")
    ))
}

/// Prints the network's name if it is there.
pub fn network(name: &str) -> Command {
    Command::new(format!("docker network ls --filter 'name=^{name}$' --format '{{{{.Name}}}}'"))
}

/// The apps that have a directory on the host, one a line: service, with its destination behind a dash.
pub fn apps() -> Command {
    Command::new("ls .kamal/apps 2> /dev/null || true")
}

//! Lines that remove what is no longer needed, service-wide, as Kamal does.

use crate::Command;

/// Removes stopped containers of the service but the newest `retain`.
pub fn containers(service: &str, retain: u64) -> Command {
    Command::new(format!(
        "docker ps -q -a --filter label=service={service} --filter status=created --filter status=exited --filter status=dead \
         | tail -n +{} | while read container_id; do docker rm $container_id; done",
        retain + 1
    ))
}

/// Removes dangling images of the service, then tagged ones that no container was started from, but the latest.
pub fn images(service: &str, repository: &str, latest_image: &str) -> Command {
    Command::new(format!(
        "docker image prune --force --filter label=service={service} && \
         docker image ls --filter label=service={service} --format '{{{{.ID}}}} {{{{.Repository}}}}:{{{{.Tag}}}}' \
         | grep -v -w \"$(docker container ls -a --format '{{{{.Image}}}}\\|' --filter label=service={service} | tr -d '\\n')\
         {latest_image}\\|{repository}:<none>\" | while read image tag; do docker rmi $tag; done"
    ))
}

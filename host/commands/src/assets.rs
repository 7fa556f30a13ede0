//! Lines for assets: files of the image that containers of two versions share while one replaces the other.
//!
//! Below one directory, `extracted` holds what each version brought, `volumes` what its containers mount.

use crate::Command;
use crate::quoting::{literal, single_quoted};

/// Copies a folder out of an image, by way of a container that is never started.
pub fn extract(container: &str, image: &str, path: &str, directory: &str, name: &str) -> Command {
    let extracted = literal(&format!("{directory}/extracted/{name}"));
    let (source, container) = (literal(&format!("{container}:{path}/.")), literal(container));
    Command::new(format!(
        "mkdir -p {extracted} && docker container rm {container} 2> /dev/null || true && \
         docker container create --name {container} {} && docker container cp -L {source} {extracted} && \
         docker container rm {container}",
        literal(image)
    ))
}

/// Fills a version's volume; with a version before it, each of the two volumes gets what the other one has and it has not.
pub fn sync(directory: &str, name: &str, previous: Option<&str>) -> Command {
    let extracted = |name: &str| literal(&format!("{directory}/extracted/{name}"));
    let volume = |name: &str| literal(&format!("{directory}/volumes/{name}"));
    let mut line = format!("mkdir -p {0} ; cp -rnT {1} {0}", volume(name), extracted(name));
    if let Some(previous) = previous {
        line.push_str(&format!(
            " ; cp -rnT {} {} || true ; cp -rnT {} {} || true",
            extracted(name),
            volume(previous),
            extracted(previous),
            volume(name)
        ));
    }
    Command::new(line)
}

/// Removes what other versions of a role left.
pub fn clean(directory: &str, role: &str, name: &str) -> Command {
    let (pattern, name) = (single_quoted(&format!("{role}-*")), literal(name));
    let find = |folder: &str| {
        let folder = literal(&format!("{directory}/{folder}"));
        format!("find {folder} -maxdepth 1 -name {pattern} ! -name {name} -exec rm -rf \"{{}}\" +")
    };
    Command::new(format!("{} ; {}", find("extracted"), find("volumes")))
}

//! Which options of `docker run` make a container master of its host.

/// Options that share a part of the host when their value is `host`.
const SHARED: [&str; 7] = ["pid", "network", "net", "ipc", "uts", "userns", "cgroupns"];

/// Paths of the host that hold docker's socket, or everything.
const DOORS: [&str; 7] = ["/", "/run", "/run/docker.sock", "/run/containerd", "/var", "/proc", "/sys"];

/// What is wrong with an option, if something is.
pub fn of(name: &str, value: Option<&str>) -> Option<String> {
    let value = value.map(|value| value.trim_matches(['"', '\'', ' ']));
    let text = value.unwrap_or_default();
    match name {
        "privileged" if !matches!(value, Some("false" | "0" | "f" | "F" | "FALSE" | "False")) => {
            Some("a privileged container is master of its host".to_string())
        }
        "cap-add" => Some(format!("the capability {text} is more than a container needs")),
        name if SHARED.contains(&name) && (text == "host" || text.starts_with("name=host")) => {
            Some(format!("a container with `--{name} {text}` sees what its host does"))
        }
        "security-opt" if text.contains("unconfined") || text.contains("disable") => {
            Some(format!("`--security-opt {text}` takes a guard away"))
        }
        "device" | "device-cgroup-rule" => Some(format!("the device {text} is its host's")),
        "volumes-from" => Some(format!("the volumes of {text} cannot be judged")),
        "volume" if text.split(':').next().is_some_and(opens) && text.contains(':') => {
            Some(format!("the volume {text} gives the container its host"))
        }
        "mount" if text.split(',').filter_map(source).any(opens) => {
            Some(format!("the mount {text} gives the container its host"))
        }
        _ => None,
    }
}

/// The source that a part of a mount names.
fn source(part: &str) -> Option<&str> {
    let (key, path) = part.split_once('=')?;
    matches!(key.trim().to_ascii_lowercase().as_str(), "source" | "src").then_some(path)
}

/// Whether a path of the host leads to its docker, or holds a path that does.
fn opens(path: &str) -> bool {
    if !path.starts_with('/') {
        return false;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    // On most systems /var/run is a link to /run.
    let plain = format!("/{}", parts.join("/"));
    let plain = match plain.strip_prefix("/var/run") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/run{rest}"),
        _ => plain,
    };
    DOORS.contains(&plain.as_str()) || plain.starts_with("/run/containerd/") || plain.starts_with("/var/lib/docker")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_that_open_the_host() {
        let check = |path: &str, expected: bool| assert_eq!(opens(path), expected, "{path}");
        check("/", true);
        check("//", true);
        check("/srv/..", true);
        check("/var/run/docker.sock", true);
        check("/run/./docker.sock", true);
        check("/var/run", true);
        check("/var/lib/docker/volumes", true);
        check("/var/log/shop", false);
        check("/srv/shop", false);
        check("data", false);
        check("$PWD/data", false);
    }

    #[test]
    fn options_that_open_the_host() {
        let check = |name: &str, value: Option<&str>, expected: bool| {
            assert_eq!(of(name, value).is_some(), expected, "{name} {value:?}");
        };
        check("privileged", None, true);
        check("privileged", Some("true"), true);
        check("privileged", Some("false"), false);
        check("cap-add", Some("SYS_ADMIN"), true);
        check("cap-drop", Some("ALL"), false);
        check("network", Some("host"), true);
        check("network", Some("kamal"), false);
        check("pid", Some("\"host\""), true);
        check("security-opt", Some("seccomp=unconfined"), true);
        check("security-opt", Some("no-new-privileges"), false);
        check("volume", Some("/:/host:ro"), true);
        check("volume", Some("/data"), false);
        check("mount", Some("type=bind,src=/,dst=/host"), true);
        check("mount", Some("type=volume,src=data,dst=/data"), false);
        check("memory", Some("512m"), false);
    }
}

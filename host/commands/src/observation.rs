//! Lines that only look: what a host is asked before anything is planned.

use std::fmt::Write;

use crate::Command;
use crate::quoting::literal;

/// The most bytes that a template may have: the line is one argument of a program.
const LONGEST_TEMPLATE: usize = 60_000;

/// A variable's name, of what docker tells as `NAME=value`.
const NAME_ALONE: &str = r#"{{json (index (split . "=") 0)}}"#;

/// Of which containers the settings are asked for, and which values of variables are known already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closer {
    /// Values of the label `service`.
    pub services: Vec<String>,
    /// Variables as `NAME=value` that stand in the configuration in the clear.
    pub clear: Vec<String>,
}

/// Every container, newest first, as one JSON object a line: `id`, `name`, `image`, `image_id`, `state`, `labels`.
pub fn containers() -> Command {
    Command::new(
        "ids=$(docker ps --all --quiet --no-trunc) || exit; [ -z \"$ids\" ] || docker inspect --format \
         '{\"id\":{{json .Id}},\"name\":{{json .Name}},\"image\":{{json .Config.Image}},\"image_id\":{{json .Image}},\
         \"state\":{{json .State.Status}},\"labels\":{{json .Config.Labels}}}' $ids",
    )
}

/// What else is known of containers, as one JSON object a line: `id`, `ports` and, for those that are looked at closer, `settings`. A
/// docker that tells it in another way tells nothing.
///
/// Of the environment only names come over. A value comes only where it is the very one that the configuration has in the clear: all
/// others may be secrets.
pub fn container_details(closer: &Closer) -> Command {
    let template = template(closer, if compares_values(closer) { &closer.clear } else { &[] });
    Command::new(format!(
        "ids=$(docker ps --all --quiet --no-trunc 2> /dev/null) || exit 0; [ -z \"$ids\" ] || \
         docker inspect --format '{template}' $ids 2> /dev/null || true"
    ))
}

/// Whether the values in the clear are few enough to be compared.
pub fn compares_values(closer: &Closer) -> bool {
    template(closer, &closer.clear).len() <= LONGEST_TEMPLATE
}

// `.ID` is what docker's own types call it; by the names of its JSON, fields that are not set would be errors.
fn template(closer: &Closer, clear: &[String]) -> String {
    let mut template = "{\"id\":{{json .ID}},\"ports\":{{json .HostConfig.PortBindings}}".to_string();
    if !closer.services.is_empty() {
        let services: String = closer.services.iter().map(|service| format!(" {}", text(service))).collect();
        let _ = write!(
            template,
            "{{{{if eq (index .Config.Labels \"service\"){services}}}}},\"settings\":{{{}}}{{{{end}}}}",
            settings(clear)
        );
    }
    template + "}"
}

/// What a container was started with, as fields of a JSON object.
fn settings(clear: &[String]) -> String {
    let variable = match clear {
        [] => NAME_ALONE.to_string(),
        known => {
            let known: String = known.iter().map(|variable| format!(" {}", text(variable))).collect();
            format!("{{{{if eq .{known}}}}}{{{{json .}}}}{{{{else}}}}{NAME_ALONE}{{{{end}}}}")
        }
    };
    let fields = [
        ("command", "Config.Cmd"),
        ("user", "Config.User"),
        ("binds", "HostConfig.Binds"),
        ("restart", "HostConfig.RestartPolicy"),
        ("log", "HostConfig.LogConfig"),
        ("network", "HostConfig.NetworkMode"),
        ("memory", "HostConfig.Memory"),
        ("nano_cpus", "HostConfig.NanoCPUs"),
        ("cap_add", "HostConfig.CapAdd"),
        ("cap_drop", "HostConfig.CapDrop"),
        ("privileged", "HostConfig.Privileged"),
        ("read_only", "HostConfig.ReadonlyRootfs"),
        ("init", "HostConfig.Init"),
        ("shm_size", "HostConfig.ShmSize"),
        ("extra_hosts", "HostConfig.ExtraHosts"),
    ];
    let fields: String = fields.iter().map(|(name, path)| format!(",\"{name}\":{{{{json .{path}}}}}")).collect();
    format!("\"environment\":[{{{{range .Config.Env}}}}{variable},{{{{end}}}}\"\"]{fields}")
}

/// A text for a template of docker's: it ends neither the template nor the shell's quotes around it.
fn text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' | '{' | '}' | '%' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            ' '..='~' => quoted.push(character),
            other => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(other));
            }
        }
    }
    quoted + "\""
}

/// The images of these names that are there, and those that apps and accessories run from, as one JSON object a line: `id`, `tags`,
/// `labels`. Missing ones are left out.
pub fn images(names: &[String]) -> Command {
    Command::new(format!(
        "docker image inspect --format \
         '{{\"id\":{{{{json .Id}}}},\"tags\":{{{{json .RepoTags}}}},\"labels\":{{{{json .Config.Labels}}}}}}' {} 2> /dev/null || true",
        of_images(names)
    ))
}

/// What else is known of the same images: `id`, `architecture`, `size`, `command`, and `environment` with names alone.
pub fn image_details(names: &[String]) -> Command {
    Command::new(format!(
        "docker image inspect --format '{{\"id\":{{{{json .ID}}}},\"architecture\":{{{{json .Architecture}}}},\
         \"size\":{{{{json .Size}}}},\"command\":{{{{json .Config.Cmd}}}},\
         \"environment\":[{{{{range .Config.Env}}}}{NAME_ALONE},{{{{end}}}}\"\"]}}' {} 2> /dev/null || true",
        of_images(names)
    ))
}

fn of_images(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    format!("{} $(docker ps --no-trunc --filter label=service --format '{{{{.Image}}}}')", names.join(" "))
}

/// Prints the network's name if it is there.
pub fn network(name: &str) -> Command {
    Command::new(format!("docker network ls --filter 'name=^{name}$' --format '{{{{.Name}}}}'"))
}

/// The apps that have a directory on the host, one a line: service, with its destination behind a dash.
pub fn apps() -> Command {
    Command::new("ls .kamal/apps 2> /dev/null || true")
}

/// What docker's server says of itself, `VERSION|ARCHITECTURE|proxied|FOLDER`, then the line of `df -Pk` about the folder where it keeps
/// its data. Nothing where either cannot be told.
pub fn engine() -> Command {
    Command::new(
        "told=$(docker info --format '{{.ServerVersion}}|{{.Architecture}}|{{if .HTTPSProxy}}proxied{{end}}|{{.DockerRootDir}}' \
         2> /dev/null) || exit 0; printf '%s\\n' \"$told\"; df -Pk \"${told##*|}\" 2> /dev/null | tail -n 1",
    )
}

/// The host's clock, in seconds since 1970-01-01 UTC.
pub fn clock() -> Command {
    Command::new("date +%s 2> /dev/null || true")
}

/// Which of these TCP ports something listens on, in hexadecimal behind the address as the kernel has it, one a line, then `.`: no line at
/// all is no answer.
pub fn listeners(ports: &[u16]) -> Command {
    let wanted: Vec<String> = ports.iter().map(|port| format!("{port:04X}")).collect();
    Command::new(format!(
        "for family in tcp tcp6; do [ ! -r /proc/net/$family ] || \
         awk '$4 == \"0A\" && $2 ~ /:({})$/ {{ print $2 }}' /proc/net/$family || exit 0; done 2> /dev/null; echo .",
        wanted.join("|")
    ))
}

/// The files in the proxy's own folder.
pub fn proxy_settings() -> Command {
    Command::new("ls .kamal/proxy 2> /dev/null || true")
}

/// Whether a registry takes connections: `reachable` or `unreachable`. Nothing where the host has no means to try.
pub fn reaches(host: &str, port: u16) -> Command {
    let place = format!("/dev/tcp/{host}/{port}");
    Command::new(format!(
        "if command -v timeout && command -v bash; then timeout 3 bash -c {} && echo reachable || echo unreachable; fi 2> /dev/null",
        literal(&format!(": < {}", literal(&place)))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_neither_the_template_nor_the_quotes_around_it() {
        let check = |value: &str, expected: &str| assert_eq!(text(value), expected);
        check("A=1 b", r#""A=1 b""#);
        check("A='{{.}}'", r#""A=\u0027\u007b\u007b.\u007d\u007d\u0027""#);
        check("A=\"\\\n", r#""A=\u0022\u005c\U0000000a""#);
        check("A=ä", r#""A=\U000000e4""#);
    }

    #[test]
    fn only_names_of_variables_are_asked_for_but_for_values_that_are_known() {
        let closer = |clear: &[&str]| Closer {
            services: vec!["app".into(), "app-db".into()],
            clear: clear.iter().map(|text| (*text).to_string()).collect(),
        };
        let names = r#"{{if eq (index .Config.Labels "service") "app" "app-db"}},"settings":{"environment":[{{range .Config.Env}}{{json (index (split . "=") 0)}},{{end}}""]"#;
        assert!(container_details(&closer(&[])).line.contains(names));
        let known = r#"{{range .Config.Env}}{{if eq . "A=1" "B=2"}}{{json .}}{{else}}{{json (index (split . "=") 0)}}{{end}},{{end}}"#;
        assert!(container_details(&closer(&["A=1", "B=2"])).line.contains(known));
        let long = format!("A={}", "x".repeat(LONGEST_TEMPLATE));
        assert!(container_details(&closer(&[&long])).line.contains(names), "what does not fit is not compared");
    }
}

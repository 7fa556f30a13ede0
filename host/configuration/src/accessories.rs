//! Builds the accessories and finds the hosts they run on.

use indexmap::IndexMap;

use crate::arguments::{text, texts, values};
use crate::error::ConfigurationError;
use crate::model::{Accessory, Directory, File};
use crate::node::{Node, Value};
use crate::proxy::{self, Timeouts};
use crate::registry::Literals;
use crate::roles::{environment, logging, restart_policy, run_options};
use crate::{registry, servers};

/// All accessories, in the order of the file.
pub(crate) fn build(
    document: &Node,
    service: &str,
    timeouts: Timeouts,
    literals: &mut Literals,
) -> Result<Vec<Accessory>, ConfigurationError> {
    let named = document.get("accessories").and_then(Node::as_map).into_iter().flatten();
    named.map(|(name, entry)| accessory(document, service, name, &entry.node, timeouts, literals)).collect()
}

/// The hosts an accessory names by itself, by role or by tag, each once.
pub(crate) fn hosts(document: &Node, node: &Node) -> Vec<String> {
    let role = |name: &String| servers::hosts(document, name).into_iter().map(|host| host.name).collect::<Vec<_>>();
    let tag = |name: &String| servers::hosts_with_tag(document, name);
    let one = |key: &str| text(Some(node), key).into_iter().collect::<Vec<_>>();
    let many = |key: &str| texts(node.get(key));
    let found: Vec<String> = if node.get("host").is_some() {
        one("host")
    } else if let Some(listed) = node.get("hosts") {
        listed.as_list().unwrap_or_default().iter().map(host).collect()
    } else {
        let by_role = one("role").into_iter().chain(many("roles")).flat_map(|name| role(&name));
        let by_tag = one("tag").into_iter().chain(many("tags")).flat_map(|name| tag(&name));
        by_role.chain(by_tag).collect()
    };
    let mut hosts = Vec::new();
    for host in found {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

fn accessory(
    document: &Node,
    service: &str,
    name: &str,
    node: &Node,
    timeouts: Timeouts,
    literals: &mut Literals,
) -> Result<Accessory, ConfigurationError> {
    let own = Some(node);
    let path = format!("accessories/{name}");
    let filled = |key: &str| node.get(key).filter(|value| !value.is_blank());
    let service_name = text(own, "service").unwrap_or_else(|| format!("{service}-{name}"));
    let registry = filled("registry").map(|node| registry::build(node, &format!("{path}/registry"), literals));
    let server = registry.as_ref().and_then(|registry| registry.server.clone());
    let proxy = match filled("proxy") {
        Some(node) => Some(proxy::build(node, timeouts, &format!("{path}/proxy"))?),
        None => None,
    };
    Ok(Accessory {
        name: name.to_owned(),
        image: server.into_iter().chain(text(own, "image")).collect::<Vec<_>>().join("/"),
        registry,
        hosts: hosts(document, node),
        command: text(own, "cmd"),
        port: filled("port").map(|port| published_port(&port.to_ruby_string())),
        environment: environment(node.get("env").into_iter()),
        volumes: texts(node.get("volumes")),
        files: files(node, &service_name),
        directories: directories(node, &service_name),
        labels: values(node.get("labels").and_then(Node::as_map)),
        options: run_options(own),
        restart: restart_policy(own),
        network: text(own, "network").unwrap_or_else(|| "kamal".to_owned()),
        logging: logging(document.get("logging"), None),
        proxy,
        service_name,
    })
}

fn published_port(port: &str) -> String {
    if port.contains(':') { port.to_owned() } else { format!("{port}:{port}") }
}

/// Keyed by the path in the project: one that is listed twice counts once, as it was written last.
fn files(node: &Node, service_name: &str) -> Vec<File> {
    let listed = node.get("files").and_then(Node::as_list).unwrap_or_default();
    let files: IndexMap<_, _> = listed
        .iter()
        .map(|item| {
            let mounted = Mounted::read(item);
            let file = File {
                host_path: format!("{service_name}{}", mounted.remote),
                container_path: mounted.remote,
                options: mounted.options,
                mode: mounted.mode.unwrap_or_else(|| "755".to_owned()),
                owner: mounted.owner,
                source: mounted.local,
            };
            (file.source.clone(), file)
        })
        .collect();
    files.into_values().collect()
}

/// Keyed by the path on the host: one that is listed twice counts once, as it was written last.
fn directories(node: &Node, service_name: &str) -> Vec<Directory> {
    let listed = node.get("directories").and_then(Node::as_list).unwrap_or_default();
    let directories: IndexMap<_, _> = listed
        .iter()
        .map(|item| {
            let Mounted { local, remote, options, mode, owner } = Mounted::read(item);
            let below = || format!("{}/{local}", service_name.trim_end_matches('/'));
            let host_path = if local.starts_with('/') { local.clone() } else { below() };
            (host_path.clone(), Directory { host_path, container_path: remote, options, mode, owner })
        })
        .collect();
    directories.into_values().collect()
}

/// What is mounted where: `local:remote[:options]`, or the same as a map.
struct Mounted {
    local: String,
    remote: String,
    options: Option<String>,
    mode: Option<String>,
    owner: Option<String>,
}

impl Mounted {
    fn read(node: &Node) -> Self {
        let written = node.to_ruby_string();
        let mut parts = written.splitn(3, ':').map(str::to_owned);
        let (local, remote, options) = match node.value {
            Value::Map(_) => (text(Some(node), "local"), text(Some(node), "remote"), text(Some(node), "options")),
            _ => (parts.next(), parts.next(), parts.next()),
        };
        let own = node.as_map().map(|_| node);
        Self {
            local: local.unwrap_or_default(),
            remote: remote.unwrap_or_default(),
            options,
            mode: text(own, "mode"),
            owner: text(own, "owner"),
        }
    }
}

fn host(node: &Node) -> String {
    match node.as_map().and_then(|map| map.first()) {
        Some((host, _)) => host.clone(),
        None => node.to_ruby_string(),
    }
}

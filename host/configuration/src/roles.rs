//! Builds the roles and the environments of their hosts.

use indexmap::IndexMap;

use crate::arguments::{number, options, text, texts, values};
use crate::error::ConfigurationError;
use crate::merge::merge;
use crate::model::{Assets, Environment, Logging, Role};
use crate::node::Node;
use crate::proxy::{self, Timeouts};
use crate::rules::effective_proxy;
use crate::servers;

/// All roles, in alphabetical order.
pub(crate) fn build(document: &Node, timeouts: Timeouts) -> Result<Vec<Role>, ConfigurationError> {
    servers::role_names(document).into_iter().map(|name| role(document, name, timeouts)).collect()
}

fn role(document: &Node, name: String, timeouts: Timeouts) -> Result<Role, ConfigurationError> {
    let own = servers::role_node(document, &name);
    let path = format!("servers/{name}");
    let proxy = match effective_proxy(document, &name) {
        Some(node) => Some(proxy::build(&node, timeouts, "proxy")?),
        None => None,
    };
    let stop_timeout = match number(own, "stop_timeout", &format!("{path}/stop_timeout"))? {
        Some(seconds) => Some(seconds),
        None => number(Some(document), "stop_timeout", "stop_timeout")?,
    };
    let mut labels = values(document.get("labels").and_then(Node::as_map));
    labels.extend(values(own.and_then(|own| own.get("labels")).and_then(Node::as_map)));
    let hosts = servers::hosts(document, &name);
    let own_environment = own.and_then(|own| own.get("env"));
    let tags = document.pointer("/env/tags");
    let environments = hosts
        .iter()
        .map(|host| {
            let tagged = host.tags.iter().filter_map(|tag| tags?.get(tag));
            let layers = [document.get("env"), own_environment].into_iter().flatten().chain(tagged);
            (host.name.clone(), environment(layers))
        })
        .collect();
    Ok(Role {
        command: text(own, "cmd"),
        options: run_options(own),
        restart: restart_policy(own),
        labels,
        volumes: texts(document.get("volumes")),
        logging: logging(document.get("logging"), own.and_then(|own| own.get("logging"))),
        stop_timeout: stop_timeout.or(if proxy.is_some() { None } else { Some(timeouts.drain) }),
        assets: proxy.as_ref().and_then(|_| assets(document, own)),
        proxy,
        environments,
        hosts,
        name,
    })
}

/// `asset_path`, the role's or the root's: a path in the container, with mount options behind a colon.
fn assets(document: &Node, own: Option<&Node>) -> Option<Assets> {
    let filled = |section: Option<&Node>| text(section, "asset_path").filter(|path| !path.trim().is_empty());
    let written = filled(own).or_else(|| filled(Some(document)))?;
    Some(match written.split_once(':') {
        Some((path, options)) => Assets { path: path.to_owned(), options: Some(options.to_owned()) },
        None => Assets { path: written, options: None },
    })
}

/// Merges environments in order: later clear variables win, secrets are collected.
pub(crate) fn environment<'n>(layers: impl Iterator<Item = &'n Node>) -> Environment {
    let mut environment = Environment::default();
    let mut secrets: Vec<String> = Vec::new();
    for layer in layers {
        let is_sorted = ["clear", "secret", "tags"].iter().any(|key| layer.get(key).is_some());
        let clear = if is_sorted { layer.get("clear") } else { Some(layer) };
        environment.clear.extend(values(clear.and_then(Node::as_map)));
        for secret in texts(layer.get("secret").filter(|_| is_sorted)) {
            if !secrets.contains(&secret) {
                secrets.push(secret);
            }
        }
    }
    environment.secret = secrets.iter().map(|entry| secret(entry)).collect();
    environment
}

/// docker's log driver: a role's settings over the root's.
pub(crate) fn logging(root: Option<&Node>, own: Option<&Node>) -> Logging {
    let merged = match (root, own) {
        (Some(root), Some(own)) => Some(merge(root.clone(), own.clone())),
        (root, own) => root.or(own).cloned(),
    };
    let filled = |key: &str| merged.as_ref()?.get(key).filter(|node| !node.is_blank());
    let driver = filled("driver").map(Node::to_ruby_string);
    let options = values(filled("options").and_then(Node::as_map));
    if driver.is_none() && options.is_empty() {
        let size = ("max-size".to_owned(), Some("10m".to_owned()));
        return Logging { driver: None, options: IndexMap::from([size]) };
    }
    Logging { driver, options }
}

/// Flags for `docker run`, without the restart policy.
pub(crate) fn run_options(own: Option<&Node>) -> Vec<(String, Option<String>)> {
    let mut flags = options(own.and_then(|own| own.get("options")).and_then(Node::as_map));
    flags.retain(|(name, _)| name != "restart");
    flags
}

/// The restart policy among the options.
pub(crate) fn restart_policy(own: Option<&Node>) -> String {
    let policy = own.and_then(|own| own.pointer("/options/restart"));
    policy.map_or_else(|| "unless-stopped".to_owned(), Node::to_ruby_string)
}

/// `NAME` or `NAME:OTHER`: the variable's name and the secret's.
fn secret(entry: &str) -> (String, String) {
    let mut parts = entry.split(':');
    let name = parts.next().unwrap_or_default();
    let secret = parts.next().filter(|other| !other.is_empty()).unwrap_or(name);
    (name.to_owned(), secret.to_owned())
}

//! Builds the settings that are the project's own: boot and ssh.

use crate::arguments::{number, text, texts};
use crate::error::ConfigurationError;
use crate::model::{Boot, Limit, Ssh};
use crate::node::{Node, Value};
use crate::validate::error;

/// `boot`.
pub(crate) fn boot(document: &Node) -> Result<Boot, ConfigurationError> {
    let node = document.get("boot");
    let limit = match node.and_then(|node| node.get("limit")) {
        Some(limit) => Some(boot_limit(limit)?),
        None => None,
    };
    Ok(Boot {
        limit,
        wait: number(node, "wait", "boot/wait")?,
        parallel_roles: node.and_then(|node| node.get("parallel_roles")).is_some_and(Node::is_truthy),
    })
}

/// `ssh`.
pub(crate) fn ssh(document: &Node) -> Result<Ssh, ConfigurationError> {
    let node = document.get("ssh");
    let get = |key: &str| node.and_then(|node| node.get(key));
    let port = match get("port") {
        None => 22,
        Some(port) => match port.to_ruby_string().parse::<u16>() {
            Ok(port) if port > 0 => u64::from(port),
            _ => return Err(error("ssh/port", "should be a port number").at(&port.origin)),
        },
    };
    let proxy = text(node, "proxy").filter(|proxy| !proxy.is_empty());
    Ok(Ssh {
        user: text(node, "user").unwrap_or_else(|| "root".to_owned()),
        port,
        proxy: proxy.map(|proxy| if proxy.contains('@') { proxy } else { format!("root@{proxy}") }),
        proxy_command: text(node, "proxy_command").filter(|command| !command.is_empty()),
        keys: texts(get("keys")),
        keys_only: get("keys_only").is_some_and(Node::is_truthy),
        config: get("config").and_then(ssh_config),
        forward_agent: get("forward_agent").is_none_or(Node::is_truthy),
    })
}

/// A number of hosts or a share of them. Kamal lets other texts through and fails when it boots.
fn boot_limit(node: &Node) -> Result<Limit, ConfigurationError> {
    let written = node.to_ruby_string();
    let wrong = || error("boot/limit", "should be a number of hosts or a percentage").at(&node.origin);
    match (&node.value, written.strip_suffix('%')) {
        (_, Some(percent)) => percent.trim().parse().map(Limit::Percent).map_err(|_| wrong()),
        (Value::Int(hosts), None) if *hosts > 0 => Ok(Limit::Hosts(hosts.unsigned_abs())),
        _ => Err(wrong()),
    }
}

/// `true` reads ssh's own files, `false` none.
fn ssh_config(node: &Node) -> Option<Vec<String>> {
    match &node.value {
        Value::Bool(true) => None,
        Value::Bool(false) => Some(Vec::new()),
        Value::List(_) => Some(texts(Some(node))),
        _ => Some(vec![node.to_ruby_string()]),
    }
}

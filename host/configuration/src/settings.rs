//! Builds the settings that are the project's own: boot and ssh.

use crate::arguments::{number, text, texts};
use crate::error::ConfigurationError;
use crate::model::{Boot, HookOutput, HooksOutput, Limit, OutputLoggers, Ssh, SshKit, SshLogLevel};
use crate::node::{Node, Value};
use crate::registry::Literals;
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

/// `ssh`; keys that stand in the file go into `literals`.
pub(crate) fn ssh(document: &Node, literals: &mut Literals) -> Result<Ssh, ConfigurationError> {
    let node = document.get("ssh");
    let get = |key: &str| node.and_then(|node| node.get(key));
    let proxy = text(node, "proxy").filter(|proxy| !proxy.is_empty());
    Ok(Ssh {
        user: text(node, "user").unwrap_or_else(|| "root".to_owned()),
        port: text(node, "port").unwrap_or_else(|| "22".to_owned()),
        proxy: proxy.map(|proxy| if proxy.contains('@') { proxy } else { format!("root@{proxy}") }),
        proxy_command: text(node, "proxy_command").filter(|command| !command.is_empty()),
        keys: texts(get("keys")),
        key_data: key_data(get("key_data"), literals),
        log_level: log_level(get("log_level")),
        keys_only: get("keys_only").is_some_and(Node::is_truthy),
        config: get("config").and_then(ssh_config),
        forward_agent: get("forward_agent").is_none_or(Node::is_truthy),
    })
}

/// Names of secrets. An entry that no secret can be named like is a key itself: it is kept under its path.
fn key_data(node: Option<&Node>, literals: &mut Literals) -> Vec<String> {
    let name_or_path = |(index, text): (usize, String)| {
        if is_name(&text) {
            return text;
        }
        let path = format!("ssh/key_data/{index}");
        literals.insert(path.clone(), text.into());
        path
    };
    texts(node).into_iter().enumerate().map(name_or_path).collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter))
}

/// Unknown levels say nothing, as in Kamal.
fn log_level(node: Option<&Node>) -> SshLogLevel {
    match node.map(Node::to_ruby_string).as_deref() {
        Some("debug") => SshLogLevel::Everything,
        Some("info" | "warn") => SshLogLevel::Warnings,
        _ => SshLogLevel::Nothing,
    }
}

/// `sshkit`.
pub(crate) fn sshkit(document: &Node) -> Result<SshKit, ConfigurationError> {
    let node = document.get("sshkit");
    let number = |key: &str, otherwise: u64| Ok(number(node, key, &format!("sshkit/{key}"))?.unwrap_or(otherwise));
    Ok(SshKit {
        max_concurrent_starts: number("max_concurrent_starts", 30)?,
        pool_idle_timeout: number("pool_idle_timeout", 900)?,
        dns_retries: number("dns_retries", 3)?,
    })
}

/// `hooks_output`, whose values have been checked.
pub(crate) fn hooks_output(document: &Node) -> HooksOutput {
    let level = |node: &Node| match node.to_ruby_string().as_str() {
        "quiet" => Some(HookOutput::Quiet),
        "verbose" => Some(HookOutput::Verbose),
        _ => None,
    };
    let Some(node) = document.get("hooks_output") else { return HooksOutput::default() };
    match node.as_map() {
        Some(map) => {
            let levels = map.iter().filter_map(|(script, entry)| Some((script.clone(), level(&entry.node)?)));
            HooksOutput { all: None, by_script: levels.collect() }
        }
        None => HooksOutput { all: level(node), ..HooksOutput::default() },
    }
}

/// `output`, whose loggers have been checked to be complete.
pub(crate) fn output(document: &Node) -> OutputLoggers {
    let setting = |path: &str| document.pointer(path).filter(|node| !node.is_blank()).map(Node::to_ruby_string);
    OutputLoggers { file: setting("/output/file/path"), otel: setting("/output/otel/endpoint") }
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

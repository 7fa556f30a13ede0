//! Reads `servers`: which roles there are and which hosts stand in them, in every shape Kamal takes.

use indexmap::IndexMap;

use crate::model::Host;
use crate::node::{Node, Value};

/// The role of a plain list of servers, and the primary role unless another is named.
pub(crate) const DEFAULT_ROLE: &str = "web";

/// Names of all roles in alphabetical order; none when there is no `servers`.
pub(crate) fn role_names(document: &Node) -> Vec<String> {
    match document.get("servers").map(|servers| &servers.value) {
        Some(Value::List(_)) => vec![DEFAULT_ROLE.to_owned()],
        Some(Value::Map(roles)) => {
            let mut names: Vec<_> = roles.keys().cloned().collect();
            names.sort();
            names
        }
        _ => Vec::new(),
    }
}

/// What stands under a role's name; nothing when the servers are a plain list.
pub(crate) fn role_node<'n>(document: &'n Node, name: &str) -> Option<&'n Node> {
    document.get("servers")?.get(name)
}

/// The role that `primary_role` names.
pub(crate) fn primary_role(document: &Node) -> String {
    let named = document.get("primary_role").filter(|role| role.is_truthy());
    named.map_or_else(|| DEFAULT_ROLE.to_owned(), Node::to_ruby_string)
}

/// The hosts of a role in the order of the file. A host that is listed twice counts once, with its last tags; what is neither text
/// nor map is dropped, as Kamal does.
pub(crate) fn hosts(document: &Node, name: &str) -> Vec<Host> {
    let Some(servers) = document.get("servers") else { return Vec::new() };
    let items = match &servers.value {
        Value::List(items) => Some(items.as_slice()),
        _ => servers.get(name).and_then(|role| role.as_list().or_else(|| role.get("hosts")?.as_list())),
    };
    let mut hosts: IndexMap<String, Vec<String>> = IndexMap::new();
    for item in items.unwrap_or_default() {
        match &item.value {
            Value::String(host) => {
                hosts.insert(host.clone(), Vec::new());
            }
            Value::Map(map) => {
                if let Some((host, entry)) = map.first() {
                    hosts.insert(host.clone(), tags(&entry.node));
                }
            }
            _ => {}
        }
    }
    hosts.into_iter().map(|(name, tags)| Host { name, tags }).collect()
}

/// Hosts that an accessory's tag means. Kamal looks only into roles that are plain lists, and takes a tag that is written as one
/// text for a match when it merely contains the tag.
pub(crate) fn hosts_with_tag(document: &Node, tag: &str) -> Vec<String> {
    let Some(roles) = document.get("servers").and_then(Node::as_map) else { return Vec::new() };
    let items = roles.values().filter_map(|entry| entry.node.as_list()).flatten();
    let tagged = items.filter_map(|item| item.as_map()?.first()).filter(|(_, entry)| match &entry.node.value {
        Value::List(tags) => tags.iter().any(|item| item.to_ruby_string() == tag),
        _ => entry.node.to_ruby_string().contains(tag),
    });
    tagged.map(|(host, _)| host.clone()).collect()
}

/// Whether a proxy stands before a role: the primary one unless it says `false`, the others if they say so.
pub(crate) fn has_proxy(document: &Node, name: &str) -> bool {
    let proxy = role_node(document, name).and_then(|role| role.get("proxy"));
    if name == primary_role(document) {
        proxy.is_none_or(|proxy| proxy.value != Value::Bool(false))
    } else {
        proxy.is_some_and(Node::is_truthy)
    }
}

fn tags(node: &Node) -> Vec<String> {
    match &node.value {
        Value::List(tags) => tags.iter().map(Node::to_ruby_string).collect(),
        _ => vec![node.to_ruby_string()],
    }
}

//! Every effective value of a configuration, with where it came from.

use crate::model::Configuration;
use crate::node::{Node, Origin, Value};
use crate::validate::join;

/// One effective value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The keys that lead to it, joined by `/`; items of a list by their number.
    pub path: String,
    /// The value as JSON. Secrets are names; a password that stands in the file is `[REDACTED]`.
    pub value: String,
    /// Where it was written; nothing for a default.
    pub origin: Option<Origin>,
}

/// Defaults of single keys, as JSON.
const DEFAULTS: [(&str, &str); 25] = [
    ("allow_empty_roles", "false"),
    ("builder/dockerfile", "\"Dockerfile\""),
    ("builder/driver", "\"docker-container\""),
    ("builder/local", "true"),
    ("boot/parallel_roles", "false"),
    ("deploy_timeout", "30"),
    ("drain_timeout", "30"),
    ("hooks_path", "\".kamal/hooks\""),
    ("primary_role", "\"web\""),
    ("proxy/app_port", "80"),
    ("proxy/buffering/requests", "true"),
    ("proxy/buffering/responses", "true"),
    ("proxy/logging/request_headers", "[\"Cache-Control\",\"Last-Modified\",\"User-Agent\"]"),
    ("proxy/ssl", "false"),
    ("readiness_delay", "7"),
    ("require_destination", "false"),
    ("retain_containers", "5"),
    ("secrets_path", "\".kamal/secrets\""),
    ("ssh/forward_agent", "true"),
    ("ssh/log_level", "\"fatal\""),
    ("ssh/port", "22"),
    ("ssh/user", "\"root\""),
    ("sshkit/dns_retries", "3"),
    ("sshkit/max_concurrent_starts", "30"),
    ("sshkit/pool_idle_timeout", "900"),
];

impl Configuration {
    /// Every value that is in effect: those of the files in their order, then the defaults in alphabetical order.
    pub fn origins(&self) -> Vec<Effective> {
        let mut written = Vec::new();
        walk(&self.document, "", &mut written);
        let mut defaults: Vec<Effective> = DEFAULTS
            .iter()
            .filter(|(path, _)| !is_written(&self.document, path))
            .map(|(path, value)| default((*path).to_owned(), (*value).to_owned()))
            .collect();
        if !is_written(&self.document, "image") {
            defaults.push(default("image".to_owned(), text(&self.image)));
        }
        if !is_written(&self.document, "logging") {
            defaults.push(default("logging/options/max-size".to_owned(), text("10m")));
        }
        for role in &self.roles {
            let path = format!("servers/{}/options/restart", role.name);
            if self.document.pointer(&format!("/{path}")).is_none() {
                defaults.push(default(path, text(&role.restart)));
            }
        }
        for accessory in &self.accessories {
            let own = [
                ("service", &accessory.service_name),
                ("network", &accessory.network),
                ("options/restart", &accessory.restart),
            ];
            for (key, value) in own {
                let path = format!("accessories/{}/{key}", accessory.name);
                if !is_written(&self.document, &path) {
                    defaults.push(default(path, text(value)));
                }
            }
        }
        defaults.sort_by(|left, right| left.path.cmp(&right.path));
        written.extend(defaults);
        written
    }
}

fn default(path: String, value: String) -> Effective {
    Effective { path, value, origin: None }
}

fn text(text: &str) -> String {
    crate::node::json_string(text)
}

/// Whether the document has the key, or ends the way to it with a value of its own such as `proxy: false`.
fn is_written(document: &Node, path: &str) -> bool {
    let mut node = document;
    for key in path.split('/') {
        match node.get(key) {
            Some(inner) if inner.as_map().is_some() => node = inner,
            Some(_) => return true,
            None => return false,
        }
    }
    true
}

/// The values below a node. Empty lists and maps are values too.
fn walk(node: &Node, path: &str, found: &mut Vec<Effective>) {
    match &node.value {
        Value::Map(map) if !map.is_empty() => {
            map.iter().for_each(|(key, entry)| walk(&entry.node, &join(path, key), found));
        }
        Value::List(items) if !items.is_empty() => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(index, item)| walk(item, &join(path, &index.to_string()), found));
        }
        _ if path.is_empty() => {}
        _ => found.push(Effective { path: path.to_owned(), value: node.to_json(), origin: Some(node.origin.clone()) }),
    }
}

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
const DEFAULTS: [(&str, &str); 19] = [
    ("allow_empty_roles", "false"),
    ("builder/dockerfile", "\"Dockerfile\""),
    ("builder/local", "true"),
    ("boot/parallel_roles", "false"),
    ("deploy_timeout", "30"),
    ("drain_timeout", "30"),
    ("hooks_path", "\".kamal/hooks\""),
    ("primary_role", "\"web\""),
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

/// Defaults below `proxy`, the project's, a role's or an accessory's.
const PROXY_DEFAULTS: [(&str, &str); 5] = [
    ("app_port", "80"),
    ("buffering/requests", "true"),
    ("buffering/responses", "true"),
    ("logging/request_headers", "[\"Cache-Control\",\"Last-Modified\",\"User-Agent\"]"),
    ("ssl", "false"),
];

/// Defaults below `proxy/run`, where there is one.
const RUN_DEFAULTS: [(&str, &str); 5] = [
    ("debug", "false"),
    ("log_max_size", "\"10m\""),
    ("publish", "true"),
    ("repository", "\"basecamp/kamal-proxy\""),
    ("version", "\"v0.9.2\""),
];

/// Defaults below `proxy/run` while its ports are published.
const PORT_DEFAULTS: [(&str, &str); 2] = [("http_port", "80"), ("https_port", "443")];

impl Configuration {
    /// Every value that is in effect: those of the files in their order, then the defaults in alphabetical order. What a role takes over
    /// from the project stands where the project has it.
    pub fn origins(&self) -> Vec<Effective> {
        let mut written = Vec::new();
        walk(&self.document, "", &mut written);
        let mut defaults = self.defaults();
        defaults.retain(|default| !is_written(&self.document, &default.path));
        defaults.sort_by(|left, right| left.path.cmp(&right.path));
        written.extend(defaults);
        written
    }

    /// The defaults of keys, written or not.
    fn defaults(&self) -> Vec<Effective> {
        let mut defaults: Vec<Effective> =
            DEFAULTS.iter().map(|(path, value)| default((*path).to_owned(), (*value).to_owned())).collect();
        defaults.push(default("image".to_owned(), text(&self.image)));
        if self.document.get("logging").is_none() {
            defaults.push(default("logging/options/max-size".to_owned(), text("10m")));
        }
        if self.document.pointer("/builder/pack").is_none() {
            defaults.push(default("builder/driver".to_owned(), text("docker-container")));
        }
        if self.document.pointer("/builder/cache/type").is_some_and(|kind| kind.as_str() == Some("registry")) {
            defaults.push(default("builder/cache/image".to_owned(), text(&format!("{}-build-cache", self.image))));
        }
        self.proxy_defaults("", &mut defaults);
        for role in &self.roles {
            let path = format!("servers/{}", role.name);
            defaults.push(default(format!("{path}/options/restart"), text(&role.restart)));
            self.run_defaults(&format!("{path}/proxy/run"), &mut defaults);
        }
        for accessory in &self.accessories {
            let path = format!("accessories/{}", accessory.name);
            let own = [
                ("service", &accessory.service_name),
                ("network", &accessory.network),
                ("options/restart", &accessory.restart),
            ];
            defaults.extend(own.map(|(key, value)| default(format!("{path}/{key}"), text(value))));
            if accessory.proxy.is_some() {
                self.proxy_defaults(&format!("{path}/"), &mut defaults);
            }
            let files = self.document.pointer(&format!("/{path}/files")).and_then(Node::as_list).unwrap_or_default();
            for (index, _) in files.iter().enumerate().filter(|(_, file)| file.as_map().is_some()) {
                defaults.push(default(format!("{path}/files/{index}/mode"), text("755")));
            }
        }
        defaults
    }

    fn proxy_defaults(&self, place: &str, defaults: &mut Vec<Effective>) {
        let path = format!("{place}proxy");
        let own = PROXY_DEFAULTS.iter().map(|(key, value)| default(format!("{path}/{key}"), (*value).to_owned()));
        defaults.extend(own);
        self.run_defaults(&format!("{path}/run"), defaults);
    }

    /// `path` leads to a `proxy/run`, if there is one.
    fn run_defaults(&self, path: &str, defaults: &mut Vec<Effective>) {
        let Some(run) = self.document.pointer(&format!("/{path}")).filter(|run| run.as_map().is_some()) else { return };
        let publishes = run.get("publish").is_none_or(|publish| publish.to_json() == "true");
        let ports = PORT_DEFAULTS.iter().filter(|_| publishes);
        let own = RUN_DEFAULTS.iter().chain(ports);
        defaults.extend(own.map(|(key, value)| default(format!("{path}/{key}"), (*value).to_owned())));
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
        let item = || key.parse().ok().and_then(|index: usize| node.as_list()?.get(index));
        match node.get(key).or_else(item) {
            Some(inner) if inner.as_map().is_some() || inner.as_list().is_some() => node = inner,
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

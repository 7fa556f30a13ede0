//! Reads `x-plugins`, Sextant's own section. Kamal ignores it, as it does every root key that starts with `x-`.

use crate::arguments::texts;
use crate::error::ConfigurationError;
use crate::model::{Plugin, PluginLimits, PolicyMode};
use crate::node::{Entry, Node, Origin};
use crate::schema::{Key, Kind};
use crate::validate::{error, hash, section, unknown_keys};
use crate::{units, yaml};

/// The root key.
const SECTION: &str = "x-plugins";

const PLUGIN: &[Key] = &[
    Key { name: "source", kind: Kind::Text },
    Key { name: "digest", kind: Kind::Text },
    Key { name: "key", kind: Kind::Text },
    Key {
        name: "match",
        kind: Kind::Section(&[Key { name: "registry", kind: Kind::Text }, Key { name: "adapter", kind: Kind::Text }]),
    },
    Key {
        name: "grants",
        kind: Kind::Section(&[
            Key { name: "secrets", kind: Kind::Texts },
            Key { name: "reveal", kind: Kind::Texts },
            Key { name: "network", kind: Kind::Texts },
            Key { name: "programs", kind: Kind::Texts },
            Key { name: "variables", kind: Kind::Texts },
            Key { name: "files", kind: Kind::Texts },
        ]),
    },
    Key {
        name: "limits",
        kind: Kind::Section(&[
            Key { name: "memory", kind: Kind::Text },
            Key { name: "time", kind: Kind::Text },
            Key { name: "output", kind: Kind::Text },
            Key { name: "steps", kind: Kind::Text },
            Key { name: "calls", kind: Kind::Text },
        ]),
    },
    Key { name: "with", kind: Kind::Hash },
    Key { name: "mode", kind: Kind::Text },
    Key { name: "override", kind: Kind::Boolean },
];

/// What an entry of a folder of policies may say. A policy is given nothing, and takes over nothing.
const OF_A_POLICY: [&str; 7] = ["source", "digest", "key", "limits", "with", "mode", "override"];

/// Every key of an entry, for the test of its documentation; those within a key behind it: `source`, `grants`, `grants/secrets`.
#[cfg(test)]
pub(crate) fn keys() -> Vec<String> {
    let within = |key: &Key| match key.kind {
        Kind::Section(inner) => inner.iter().map(|inner| format!("{}/{}", key.name, inner.name)).collect(),
        _ => Vec::new(),
    };
    PLUGIN.iter().flat_map(|key| [vec![key.name.to_string()], within(key)].concat()).collect()
}

/// The plugins in the order of the file.
pub(crate) fn build(document: &Node) -> Result<Vec<Plugin>, ConfigurationError> {
    let Some(node) = document.get(SECTION) else { return Ok(Vec::new()) };
    let entries = hash(node, SECTION)?.iter();
    entries.map(|(name, entry)| plugin(name, &entry.node, &format!("{SECTION}/{name}"))).collect()
}

/// The policies of a folder outside of the project, as its `policies.yml` lists them: entries as in `x-plugins`, at the root.
///
/// # Errors
/// When the text is no YAML, or an entry says what a policy's cannot.
pub fn policies(path: &str, text: &str) -> Result<Vec<Plugin>, ConfigurationError> {
    let document = yaml::parse(path, text)?;
    if document.is_null() {
        return Ok(Vec::new());
    }
    let entries = hash(&document, "")?;
    let policy = |name: &str, entry: &Entry| {
        if let Some(map) = entry.node.as_map() {
            unknown_keys(map, name, |key| OF_A_POLICY.contains(&key), || OF_A_POLICY.into_iter())?;
        }
        plugin(name, &entry.node, name)
    };
    entries.iter().map(|(name, entry)| policy(name, entry)).collect()
}

/// The entry of a plugin of which nothing is known but where its component is.
pub fn bare_plugin(name: &str, source: &str) -> Plugin {
    Plugin {
        name: name.to_owned(),
        source: source.to_owned(),
        digest: None,
        key: None,
        registry_pattern: None,
        adapter: name.to_owned(),
        secrets: Vec::new(),
        reveal: Vec::new(),
        network: Vec::new(),
        programs: Vec::new(),
        variables: Vec::new(),
        files: Vec::new(),
        limits: PluginLimits::default(),
        mode: None,
        may_override: false,
        folder: None,
        settings: Node::empty_map(Origin::start_of(source)),
    }
}

fn plugin(name: &str, node: &Node, path: &str) -> Result<Plugin, ConfigurationError> {
    section(node, PLUGIN, path)?;
    let source = node.get("source").filter(|source| !source.is_blank());
    let Some(source) = source else {
        return Err(error(&format!("{path}/source"), "is required").at(&node.origin));
    };
    check_source(source, path)?;
    if let Some(digest) = node.get("digest").filter(|digest| !is_digest(&digest.to_ruby_string())) {
        let wrong = error(&format!("{path}/digest"), "is no digest").at(&digest.origin);
        return Err(wrong.with_hint("write `sha256:` and 64 hexadecimal digits; `sextant plugin list` shows them"));
    }
    let granted = |key: &str| texts(node.pointer(&format!("/grants/{key}")));
    Ok(Plugin {
        name: name.to_owned(),
        source: source.to_ruby_string(),
        digest: node.get("digest").map(Node::to_ruby_string),
        key: node.get("key").map(Node::to_ruby_string),
        registry_pattern: node.pointer("/match/registry").map(Node::to_ruby_string),
        adapter: node.pointer("/match/adapter").map_or_else(|| name.to_owned(), Node::to_ruby_string),
        secrets: granted("secrets"),
        reveal: granted("reveal"),
        network: granted("network"),
        programs: granted("programs"),
        variables: granted("variables"),
        files: granted("files"),
        limits: limits(node, path)?,
        mode: mode(node, path)?,
        may_override: node.get("override").is_some_and(Node::is_truthy),
        folder: None,
        settings: node.get("with").cloned().unwrap_or_else(|| Node::empty_map(node.origin.clone())),
    })
}

fn mode(node: &Node, path: &str) -> Result<Option<PolicyMode>, ConfigurationError> {
    let Some(given) = node.get("mode").filter(|given| !given.is_null()) else { return Ok(None) };
    let modes = [PolicyMode::Monitor, PolicyMode::Warn, PolicyMode::Enforce];
    let named = modes.into_iter().find(|mode| mode.name() == given.to_ruby_string());
    let wrong = || error(&format!("{path}/mode"), "should be `monitor`, `warn` or `enforce`").at(&given.origin);
    named.map(Some).ok_or_else(wrong)
}

/// A source is a path, or an address whose scheme is one of two.
fn check_source(source: &Node, path: &str) -> Result<(), ConfigurationError> {
    let text = source.as_str().unwrap_or("://");
    if !text.contains("://") || text.starts_with("https://") || text.starts_with("oci://") {
        return Ok(());
    }
    let wrong = error(&format!("{path}/source"), "is neither a path nor an address").at(&source.origin);
    Err(wrong
        .with_hint("name a path such as `plugins/mine.wasm`, `https://…/mine.wasm` or `oci://registry/repository:tag`"))
}

fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.chars().all(|digit| matches!(digit, '0'..='9' | 'a'..='f'))
}

fn limits(node: &Node, path: &str) -> Result<PluginLimits, ConfigurationError> {
    Ok(PluginLimits {
        memory: limit(node, path, "memory", "an amount such as `64MiB`", units::bytes)?,
        time: limit(node, path, "time", "a time such as `2s`", units::time)?,
        output: limit(node, path, "output", "an amount such as `1MiB`", units::bytes)?,
        steps: limit(node, path, "steps", "a number such as `1000`", units::count)?,
        calls: limit(node, path, "calls", "a number such as `10000`", units::count)?,
    })
}

fn limit<T>(
    node: &Node,
    path: &str,
    key: &str,
    expected: &str,
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>, ConfigurationError> {
    let Some(given) = node.pointer(&format!("/limits/{key}")).filter(|given| !given.is_blank()) else {
        return Ok(None);
    };
    let wrong = || error(&format!("{path}/limits/{key}"), &format!("should be {expected}")).at(&given.origin);
    read(&given.to_ruby_string()).map(Some).ok_or_else(wrong)
}

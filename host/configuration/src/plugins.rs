//! Reads `x-plugins`, Sextant's own section. Kamal ignores it, as it does every root key that starts with `x-`.

use crate::arguments::texts;
use crate::error::ConfigurationError;
use crate::model::Plugin;
use crate::node::Node;
use crate::schema::{Key, Kind};
use crate::validate::{error, hash, section};

/// The root key.
const SECTION: &str = "x-plugins";

const PLUGIN: &[Key] = &[
    Key { name: "source", kind: Kind::Text },
    Key {
        name: "match",
        kind: Kind::Section(&[Key { name: "registry", kind: Kind::Text }, Key { name: "adapter", kind: Kind::Text }]),
    },
    Key {
        name: "grants",
        kind: Kind::Section(&[
            Key { name: "programs", kind: Kind::Texts },
            Key { name: "secrets", kind: Kind::Texts },
            Key { name: "reveal", kind: Kind::Texts },
            Key { name: "variables", kind: Kind::Texts },
            Key { name: "network", kind: Kind::Texts },
            Key { name: "files", kind: Kind::Texts },
        ]),
    },
    Key { name: "with", kind: Kind::Hash },
];

/// The plugins in the order of the file.
pub(crate) fn build(document: &Node) -> Result<Vec<Plugin>, ConfigurationError> {
    let Some(node) = document.get(SECTION) else { return Ok(Vec::new()) };
    hash(node, SECTION)?.iter().map(|(name, entry)| plugin(name, &entry.node)).collect()
}

fn plugin(name: &str, node: &Node) -> Result<Plugin, ConfigurationError> {
    let path = format!("{SECTION}/{name}");
    section(node, PLUGIN, &path)?;
    let source = node.get("source").filter(|source| !source.is_blank());
    let Some(source) = source else {
        return Err(error(&format!("{path}/source"), "is required").at(&node.origin));
    };
    if source.as_str().is_none_or(|source| source.contains("://")) {
        let wrong = error(&format!("{path}/source"), "only a path works").at(&source.origin);
        return Err(
            wrong.with_hint("put the component into the project and name its path, such as `plugins/mine.wasm`")
        );
    }
    Ok(Plugin {
        name: name.to_owned(),
        source: source.to_ruby_string(),
        registry_pattern: node.pointer("/match/registry").map(Node::to_ruby_string),
        adapter: node.pointer("/match/adapter").map_or_else(|| name.to_owned(), Node::to_ruby_string),
        programs: texts(node.pointer("/grants/programs")),
        secrets: texts(node.pointer("/grants/secrets")),
        variables: texts(node.pointer("/grants/variables")),
        reveal: texts(node.pointer("/grants/reveal")),
        network: texts(node.pointer("/grants/network")),
        files: texts(node.pointer("/grants/files")),
        settings: node.get("with").cloned().unwrap_or_else(|| Node::empty_map(node.origin.clone())),
    })
}

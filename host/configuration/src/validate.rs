//! Checks a section against the keys of its schema and says what is wrong in Kamal's words.
//!
//! The first error wins. A path is the keys joined by `/`, empty at the root.

use crate::error::ConfigurationError;
use crate::hints;
use crate::node::{Entry, Map, Node, Value};
use crate::schema::{Key, Kind, PATH};

type Checked = Result<(), ConfigurationError>;

/// Checks that `node` is a map with known keys only and that every value has its key's type. The root also takes `x-` keys.
pub(crate) fn section(node: &Node, keys: &'static [Key], path: &str) -> Checked {
    let map = hash(node, path)?;
    let is_extension = |name: &str| path.is_empty() && name.starts_with("x-");
    let is_known = |name: &str| is_extension(name) || keys.iter().any(|key| key.name == name);
    unknown_keys(map, path, is_known, || keys.iter().map(|key| key.name))?;
    for (name, entry) in map {
        if let Some(key) = keys.iter().find(|key| key.name == name) {
            value(&entry.node, key.kind, &join(path, name))?;
        }
    }
    Ok(())
}

/// Refuses keys that nobody knows, all of them in one message.
pub(crate) fn unknown_keys<'k, Names: Iterator<Item = &'k str>>(
    map: &Map,
    path: &str,
    is_known: impl Fn(&str) -> bool,
    known: impl Fn() -> Names,
) -> Checked {
    // Below the root a symbol is another key than the text of its name.
    let is_unknown = |name: &str, entry: &Entry| !is_known(name) || (entry.is_symbol && !path.is_empty());
    let unknown: Vec<_> = map.iter().filter(|(name, entry)| is_unknown(name, entry)).collect();
    let Some((name, entry)) = unknown.first() else { return Ok(()) };
    let names: Vec<_> = unknown.iter().map(|(name, _)| name.as_str()).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    let mut wrong = error(path, &format!("unknown key{plural}: {}", names.join(", "))).at(&entry.key);
    wrong.hint = if entry.is_symbol && is_known(name) {
        Some(format!("write it without the colon before it: `{name}:`"))
    } else {
        hints::unknown_key(path, name, known())
    };
    Err(wrong)
}

/// The map that `node` must be.
pub(crate) fn hash<'n>(node: &'n Node, path: &str) -> Result<&'n Map, ConfigurationError> {
    node.as_map().ok_or_else(|| wrong_type(node, path, "a hash"))
}

/// Checks a map of texts.
pub(crate) fn texts_by_key(node: &Node, path: &str) -> Checked {
    hash(node, path)?.iter().try_for_each(|(name, entry)| text(&entry.node, &join(path, name)))
}

/// Checks a list of texts.
pub(crate) fn texts(node: &Node, path: &str) -> Checked {
    list(node, path)?.iter().enumerate().try_for_each(|(index, item)| text(item, &join(path, &index.to_string())))
}

/// Checks a list of hosts: texts, or maps from one host to its tags.
pub(crate) fn hosts(node: &Node, path: &str) -> Checked {
    for (index, item) in list(node, path)?.iter().enumerate() {
        let path = join(path, &index.to_string());
        let Some(map) = item.as_map() else {
            if !is_text(item) {
                return Err(wrong_type(item, &path, "a string or a hash"));
            }
            continue;
        };
        let Some((host, entry)) = map.first().filter(|_| map.len() == 1) else {
            return Err(error(&path, "multiple hosts found").at(&item.origin));
        };
        let path = join(&path, host);
        match &entry.node.value {
            Value::List(_) => texts(&entry.node, &path)?,
            _ if is_text(&entry.node) => {}
            _ => return Err(wrong_type(&entry.node, &path, "a string or an array")),
        }
    }
    Ok(())
}

/// An error about `path`.
pub(crate) fn error(path: &str, text: &str) -> ConfigurationError {
    let message = if path.is_empty() { text.to_owned() } else { format!("{path}: {text}") };
    ConfigurationError::configuration(message)
}

/// A path one key longer. Kamal leaves blank keys out, but for names of roles, accessories and aliases.
pub(crate) fn join(path: &str, key: &str) -> String {
    match (path.is_empty(), key.trim().is_empty()) {
        (_, true) => path.to_owned(),
        (true, _) => key.to_owned(),
        (false, _) => format!("{path}/{key}"),
    }
}

fn value(node: &Node, kind: Kind, path: &str) -> Checked {
    let is_boolean = matches!(node.value, Value::Bool(_));
    let is_list = matches!(node.value, Value::List(_));
    let is_hash = matches!(node.value, Value::Map(_));
    let fits = |fits: bool, expected: &str| if fits { Ok(()) } else { Err(wrong_type(node, path, expected)) };
    match kind {
        Kind::Text => text(node, path),
        Kind::Integer => fits(matches!(node.value, Value::Int(_)), "an integer"),
        Kind::Boolean => fits(is_boolean, "a boolean"),
        Kind::Hash => fits(is_hash, "a hash"),
        Kind::ListOrHash => fits(is_list || is_hash, "an array or a hash"),
        Kind::BooleanOrHash => fits(is_boolean || is_hash, "a boolean or a hash"),
        Kind::Proxy => fits(is_boolean || is_hash, "a hash"),
        Kind::Texts => texts(node, path),
        Kind::TextOrTexts => match node.as_list() {
            Some(items) => fits(items.iter().all(is_text), "an array or a string"),
            None => fits(is_text(node), "an array or a string"),
        },
        Kind::Labels => texts_by_key(node, path),
        Kind::Hosts => hosts(node, path),
        Kind::Paths => paths(node, path),
        Kind::SshConfig if is_list => texts(node, path),
        Kind::SshConfig => {
            let is_string = matches!(node.value, Value::String(_));
            fits(is_boolean || is_string, "a boolean or a string or an array")
        }
        Kind::HooksOutput => match node.as_map() {
            Some(levels) => levels.iter().try_for_each(|(hook, level)| {
                let path = join(path, hook);
                if is_text(&level.node) { Ok(()) } else { Err(wrong_type(&level.node, &path, "a string or a symbol")) }
            }),
            None => fits(is_text(node), "a string or a symbol"),
        },
        Kind::Section(keys) => section(node, keys, path),
    }
}

fn paths(node: &Node, path: &str) -> Checked {
    for (index, item) in list(node, path)?.iter().enumerate() {
        let path = join(path, &index.to_string());
        match item.as_map() {
            Some(map) => {
                for name in PATH {
                    if let Some(entry) = map.get(name) {
                        text(&entry.node, &join(&path, name))?;
                    }
                }
            }
            None if is_text(item) => {}
            None => return Err(wrong_type(item, &path, "a string or a hash")),
        }
    }
    Ok(())
}

fn text(node: &Node, path: &str) -> Checked {
    if is_text(node) { Ok(()) } else { Err(wrong_type(node, path, "a string")) }
}

fn list<'n>(node: &'n Node, path: &str) -> Result<&'n [Node], ConfigurationError> {
    node.as_list().ok_or_else(|| wrong_type(node, path, "an array"))
}

/// Strings, symbols, numbers and booleans pass for text; dates and nothing do not.
fn is_text(node: &Node) -> bool {
    !matches!(node.value, Value::Null | Value::Date(_) | Value::List(_) | Value::Map(_))
}

fn wrong_type(node: &Node, path: &str, expected: &str) -> ConfigurationError {
    let mut wrong = error(path, &format!("should be {expected}")).at(&node.origin);
    wrong.hint = hints::wrong_type(path, node, expected);
    wrong
}

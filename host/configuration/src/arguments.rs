//! Turns maps of the document into arguments for docker: which flags there are and what they are set to.
//!
//! Quoting is not done here.

use indexmap::IndexMap;

use crate::error::ConfigurationError;
use crate::node::{Map, Node, Value};
use crate::validate::error;

/// One entry per flag: `true` and `nil` are bare, `false` is the text `false`, a list repeats the flag.
pub(crate) fn options(map: Option<&Map>) -> Vec<(String, Option<String>)> {
    let flag = |name: &str, value: &Node| (name.to_owned(), option(value));
    let mut flags = Vec::new();
    for (name, entry) in map.into_iter().flatten() {
        match &entry.node.value {
            Value::List(items) => flags.extend(items.iter().map(|item| flag(name, item))),
            // Ruby walks a map as pairs and prints each pair as a list.
            Value::Map(pairs) => flags.extend(pairs.iter().map(|(key, value)| {
                let key = Node { value: Value::String(key.clone()), origin: value.key.clone() };
                let pair = Node { value: Value::List(vec![key, value.node.clone()]), origin: value.key.clone() };
                flag(name, &pair)
            })),
            _ => flags.push(flag(name, &entry.node)),
        }
    }
    flags
}

/// Values by name, as environment variables, labels and log options have them: `None` where Rails calls the value blank.
/// `false` is the text `false`.
pub(crate) fn values(map: Option<&Map>) -> IndexMap<String, Option<String>> {
    map.into_iter().flatten().map(|(name, entry)| (name.clone(), value(&entry.node))).collect()
}

/// The texts of a list.
pub(crate) fn texts(node: Option<&Node>) -> Vec<String> {
    node.and_then(Node::as_list).unwrap_or_default().iter().map(Node::to_ruby_string).collect()
}

/// The text of a key, if it is there.
pub(crate) fn text(section: Option<&Node>, key: &str) -> Option<String> {
    section?.get(key).filter(|node| !node.is_null()).map(Node::to_ruby_string)
}

/// A count or a number of seconds, if it is there.
pub(crate) fn number(section: Option<&Node>, key: &str, path: &str) -> Result<Option<u64>, ConfigurationError> {
    let Some(node) = section.and_then(|section| section.get(key)) else { return Ok(None) };
    match node.value {
        Value::Int(number) => match u64::try_from(number) {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(error(path, "should not be negative").at(&node.origin)),
        },
        _ => Ok(None),
    }
}

/// Ruby's `split(",")`: empty parts at the end are left out.
pub(crate) fn split_at_commas(text: &str) -> Vec<String> {
    let mut parts: Vec<_> = text.split(',').map(str::to_owned).collect();
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    parts
}

fn option(node: &Node) -> Option<String> {
    match node.value {
        Value::Bool(true) | Value::Null => None,
        _ => Some(node.to_ruby_string()),
    }
}

fn value(node: &Node) -> Option<String> {
    if node.is_blank() && node.value != Value::Bool(false) { None } else { Some(node.to_ruby_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn flags_of_every_kind() {
        let node = yaml::parse("x", "{a: x, b: true, c: false, d: , e: [1, y], f: {k: v}, h: []}").unwrap();
        let flags: Vec<_> = options(node.as_map())
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(flags, ["a=x", "b=-", "c=false", "d=-", "e=1", "e=y", "f=[\"k\", \"v\"]"]);
    }

    #[test]
    fn values_of_every_kind() {
        let node = yaml::parse("x", "{A: x, B: , C: '', D: no, E: yes, F: 0, G: ' ', H: [1, 2], I: 1.50}").unwrap();
        let values: Vec<_> = values(node.as_map())
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("-")))
            .collect();
        assert_eq!(values, ["A=x", "B=-", "C=-", "D=false", "E=true", "F=0", "G=-", "H=[1, 2]", "I=1.5"]);
    }
}

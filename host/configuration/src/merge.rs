//! Lays one document over another, as Kamal lays a destination's file over the base.

use crate::node::{Node, Value};

/// The base with the overlay over it: maps merge key by key, everything else is replaced, `nil` included.
///
/// Every value keeps the place it came from; a merged map keeps the base's.
pub fn merge(base: Node, overlay: Node) -> Node {
    let Node { value: Value::Map(mut merged), origin } = base else { return overlay };
    let keys = match overlay.value {
        Value::Map(keys) => keys,
        value => return Node { value, origin: overlay.origin },
    };
    for (key, entry) in keys {
        match merged.get_mut(&key) {
            None => {
                merged.insert(key, entry);
            }
            Some(present) if present.node.as_map().is_some() && entry.node.as_map().is_some() => {
                let below = std::mem::replace(&mut present.node, Node { value: Value::Null, origin: origin.clone() });
                present.node = merge(below, entry.node);
            }
            Some(present) => *present = entry,
        }
    }
    Node { value: Value::Map(merged), origin }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn check(base: &str, overlay: &str, expected: &str) {
        let merged = merge(yaml::parse("base", base).unwrap(), yaml::parse("overlay", overlay).unwrap());
        assert_eq!(merged.to_json(), expected);
    }

    #[test]
    fn maps_merge_and_the_rest_is_replaced() {
        check("a: {x: 1, y: [1, 2]}\nb: 2", "a: {y: [3]}\nb:", r#"{"a":{"x":1,"y":[3]},"b":null}"#);
        check("a: [1]", "a: {b: 1}", r#"{"a":{"b":1}}"#);
        check("a: {b: 1}", "a: x\nc: 3", r#"{"a":"x","c":3}"#);
    }

    #[test]
    fn origins_are_kept() {
        let base = yaml::parse("base", "a:\n  x: 1\n  y: 2\n").unwrap();
        let merged = merge(base, yaml::parse("overlay", "a:\n  y: 3\n").unwrap());
        let origin = |pointer| {
            let origin = &merged.pointer(pointer).unwrap().origin;
            format!("{}:{}:{}", origin.file, origin.line, origin.column)
        };
        assert_eq!(origin("/a/x"), "base:2:6");
        assert_eq!(origin("/a/y"), "overlay:2:6");
    }
}

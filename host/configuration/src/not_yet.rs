//! Keys that Kamal carries out and this version does not. Such a key is an error, never silently ignored.
//!
//! Checked last, so that a file Kamal would refuse gets Kamal's own message first.

use crate::error::ConfigurationError;
use crate::node::Node;
use crate::validate::join;

/// This version, as messages name it.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

/// A key that is not carried out: its path (`*` is any name), when it has an effect at all, and what it is called.
struct Missing {
    path: &'static str,
    has_effect: fn(&Node) -> bool,
    what: What,
}

enum What {
    Key,
    Several(&'static str),
}

const fn missing(path: &'static str, has_effect: fn(&Node) -> bool, what: What) -> Missing {
    Missing { path, has_effect, what }
}

const CERTIFICATES: What = What::Several("custom certificates");

const MISSING: &[Missing] = &[
    missing("asset_path", is_filled, What::Key),
    missing("servers/*/asset_path", is_filled, What::Key),
    missing("error_pages_path", is_filled, What::Key),
    missing("proxy/ssl", is_map, CERTIFICATES),
    missing("servers/*/proxy/ssl", is_map, CERTIFICATES),
    missing("accessories/*/proxy/ssl", is_map, CERTIFICATES),
    missing("proxy/run", is_given, What::Key),
    missing("servers/*/proxy/run", is_given, What::Key),
    missing("accessories/*/proxy/run", is_given, What::Key),
];

/// Refuses the first key that is not carried out yet; the hint names the others.
pub(crate) fn check(document: &Node) -> Result<(), ConfigurationError> {
    let mut found = Vec::new();
    for missing in MISSING {
        let steps: Vec<_> = missing.path.split('/').collect();
        visit(document, &steps, "", &mut |path, node| {
            if (missing.has_effect)(node) {
                found.push((path.to_owned(), node.origin.clone(), &missing.what));
            }
        });
    }
    let Some((path, origin, what)) = found.first() else { return Ok(()) };
    let text = match what {
        What::Key => format!("Kamal knows this key, Sextant {VERSION} does not carry it out yet"),
        What::Several(things) => format!("Kamal knows {things}, Sextant {VERSION} does not carry them out yet"),
    };
    let mut error = ConfigurationError::configuration(format!("{path}: {text}")).at(origin);
    let others: Vec<_> = found.iter().skip(1).map(|(path, ..)| format!("`{path}`")).collect();
    if !others.is_empty() {
        error = error.with_hint(format!("not carried out yet either: {}", others.join(", ")));
    }
    Err(error)
}

fn visit(node: &Node, steps: &[&str], path: &str, found: &mut impl FnMut(&str, &Node)) {
    let Some((step, rest)) = steps.split_first() else { return found(path, node) };
    for (name, entry) in node.as_map().into_iter().flatten() {
        if *step == "*" || *step == name {
            visit(&entry.node, rest, &join(path, name), found);
        }
    }
}

fn is_given(_: &Node) -> bool {
    true
}

fn is_filled(node: &Node) -> bool {
    !node.is_blank()
}

fn is_map(node: &Node) -> bool {
    node.as_map().is_some()
}

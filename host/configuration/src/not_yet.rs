//! Keys that Kamal carries out and this version does not. Such a key is an error, never silently ignored.
//!
//! Checked last, so that a file Kamal would refuse gets Kamal's own message first.

use crate::error::ConfigurationError;
use crate::node::{Node, Value};
use crate::sections::is_local_server;
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
    Value,
    Several(&'static str),
}

const fn missing(path: &'static str, has_effect: fn(&Node) -> bool, what: What) -> Missing {
    Missing { path, has_effect, what }
}

const TEMPLATES: What = What::Several("files that are ERB templates");
const LOCAL_REGISTRIES: What = What::Several("local registries");

const MISSING: &[Missing] = &[
    missing("registry/server", is_local_server, LOCAL_REGISTRIES),
    missing("accessories/*/files", has_template, TEMPLATES),
    missing("accessories/*/registry/server", is_local_server, LOCAL_REGISTRIES),
    missing("builder/remote", is_filled, What::Key),
    missing("builder/local", is_false, What::Value),
    missing("builder/driver", is_other_driver, What::Value),
    missing("builder/pack", is_filled, What::Key),
    missing("builder/cache", has_type, What::Key),
    missing("builder/ssh", is_filled, What::Key),
    missing("builder/provenance", is_given, What::Key),
    missing("builder/sbom", is_given, What::Key),
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
        What::Value => format!("Kamal knows this value, Sextant {VERSION} does not carry it out yet"),
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

fn is_false(node: &Node) -> bool {
    node.value == Value::Bool(false)
}

fn is_other_driver(node: &Node) -> bool {
    !node.is_blank() && !matches!(node.to_ruby_string().as_str(), "docker" | "docker-container")
}

fn has_type(cache: &Node) -> bool {
    cache.get("type").is_some_and(Node::is_truthy)
}

fn has_template(files: &Node) -> bool {
    let source = |file: &Node| match file.get("local") {
        Some(local) => local.to_ruby_string(),
        None => file.to_ruby_string().split(':').next().unwrap_or_default().to_owned(),
    };
    files.as_list().unwrap_or_default().iter().any(|file| source(file).ends_with("erb"))
}

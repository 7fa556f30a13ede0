//! Builds registries, and moves passwords that stand in the file itself out of the document.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use crate::arguments::text;
use crate::model::{Credentials, Registry, Text};
use crate::node::{Node, Value};
use crate::sections::is_local_registry;

/// Secrets of the file itself, by the path at which they stood.
pub(crate) type Literals = BTreeMap<String, SecretString>;

/// What stands where a password was.
const REDACTED: &str = "[REDACTED]";

/// A registry; a password in the clear goes into `literals` under its path, such as `registry/password`.
pub(crate) fn build(node: &Node, path: &str, literals: &mut Literals) -> Registry {
    let server = text(Some(node), "server");
    let named = |key: &str| node.get(key)?.as_list()?.first().map(Node::to_ruby_string);
    let credentials = (!is_local_registry(node)).then(|| {
        let username = named("username").map(Text::Secret);
        let password = named("password").unwrap_or_else(|| {
            let name = format!("{path}/password");
            literals.insert(name.clone(), text(Some(node), "password").unwrap_or_default().into());
            name
        });
        Credentials {
            username: username.unwrap_or_else(|| Text::Clear(text(Some(node), "username").unwrap_or_default())),
            password,
        }
    });
    Registry { server, credentials }
}

impl Registry {
    /// The server to log in to; Docker Hub where it is absent or blank.
    pub fn login_server(&self) -> Option<&str> {
        self.server.as_deref().filter(|server| !server.trim().is_empty())
    }

    /// The port of a registry on the operator's machine, which needs no login: `localhost:5555`.
    pub fn local_port(&self) -> Option<u16> {
        let server = self.server.as_deref().filter(|_| self.credentials.is_none())?;
        server.rsplit_once(':')?.1.parse().ok()
    }
}

/// Replaces passwords and private keys in the clear: wherever a key is named `password`, below `ssh`, and in extensions from which one
/// was taken by an alias.
pub(crate) fn redact(document: &mut Node, literals: &Literals) {
    if let Value::Map(map) = &mut document.value {
        for (name, entry) in map {
            redact_under(name, &mut entry.node, literals, name.starts_with("x-") || name == "ssh");
        }
    }
}

fn redact_under(name: &str, node: &mut Node, literals: &Literals, may_hold_literals: bool) {
    match &mut node.value {
        Value::Map(map) => {
            for (name, entry) in map {
                redact_under(name, &mut entry.node, literals, may_hold_literals);
            }
        }
        Value::List(items) => {
            for item in items {
                redact_under("", item, literals, may_hold_literals);
            }
        }
        Value::Null | Value::Bool(_) => {}
        _ => {
            let text = node.to_ruby_string();
            let is_literal = || literals.values().any(|literal| literal.expose_secret() == text);
            if name == "password" || (may_hold_literals && is_literal()) {
                node.value = Value::String(REDACTED.to_owned());
            }
        }
    }
}

//! Checks every section of the merged document, in the order in which Kamal does.
//!
//! Types and unknown keys come from `schema`; here are the rules that stay within one section.

use crate::error::ConfigurationError;
use crate::node::{Map, Node, Value};
use crate::schema::{self, ACCESSORY, BOOT, BUILDER, LOGGING, OUTPUT, PROXY, REGISTRY, ROLE, ROOT, SSH, SSHKIT};
use crate::servers;
use crate::validate::{error, hash, hosts, join, section, texts, texts_by_key, unknown_keys};

type Checked = Result<(), ConfigurationError>;

/// Checks the whole document, section by section. The first error wins.
pub(crate) fn check(document: &Node) -> Checked {
    section(document, ROOT, "")?;
    if let Some(list) = document.get("servers").filter(|servers| servers.as_list().is_some()) {
        hosts(list, "servers")?;
    }
    for name in servers::role_names(document) {
        role(document, &name)?;
    }
    match document.get("registry") {
        Some(given) => registry(given, "registry")?,
        None => registry(&Node::empty_map(document.origin.clone()), "registry")?,
    }
    each(document.get("accessories"), |name, node| accessory(document, name, node))?;
    each(document.get("aliases"), alias)?;
    optional(document.get("boot"), |node| section(node, BOOT, "boot"))?;
    match document.get("builder") {
        Some(given) => builder(given)?,
        None => builder(&Node::empty_map(document.origin.clone()))?,
    }
    optional(document.get("env"), |node| environment(node, "env"))?;
    optional(document.get("logging"), |node| section(node, LOGGING, "logging"))?;
    optional(document.get("output"), output)?;
    optional(document.get("proxy"), |node| proxy(node, "proxy"))?;
    optional(document.get("ssh"), |node| section(node, SSH, "ssh"))?;
    optional(document.get("sshkit"), |node| section(node, SSHKIT, "sshkit"))
}

/// Checks a proxy section. Also called for a role's section merged over the root's.
pub(crate) fn proxy(node: &Node, path: &str) -> Checked {
    section(node, PROXY, path)?;
    let present = |key: &str| node.get(key).filter(|value| !value.is_blank());
    let wrong = |key: &str, text: &str| Err(error(path, text).at_node(node.get(key)));
    if present("host").is_none() && present("hosts").is_none() && node.get("ssl").is_some_and(Node::is_truthy) {
        let hint = "name the host that the certificate is for beside it: `host: app.example.com`";
        return wrong("ssl", "Must set a host to enable automatic SSL").map_err(|error| error.with_hint(hint));
    }
    if node.get("host").is_some() && node.get("hosts").is_some() {
        return wrong("hosts", "Specify one of 'host' or 'hosts', not both");
    }
    if let Some(ssl) = node.get("ssl") {
        let present = |key: &str| ssl.get(key).is_some_and(|value| !value.is_blank());
        match (present("certificate_pem"), present("private_key_pem")) {
            (true, false) => {
                return wrong("ssl", "Missing private_key_pem setting (required when certificate_pem is present)");
            }
            (false, true) => {
                return wrong("ssl", "Missing certificate_pem setting (required when private_key_pem is present)");
            }
            _ => {}
        }
    }
    if let Some(run) = node.get("run")
        && run.get("publish").is_some_and(|publish| publish.value == Value::Bool(false))
        && ["http_port", "https_port", "bind_ips"].iter().any(|key| run.get(key).is_some_and(|value| !value.is_blank()))
    {
        return wrong("run", "Cannot set http_port, https_port or bind_ips when publish is false");
    }
    Ok(())
}

fn role(document: &Node, name: &str) -> Checked {
    let path = format!("servers/{name}");
    let Some(node) = servers::role_node(document, name) else { return Ok(()) };
    match node.value {
        Value::List(_) => return hosts(node, &path),
        Value::Map(_) => section(node, ROLE, &path)?,
        _ => {
            let mut wrong = error(&path, "should be an array or a hash").at(&node.origin);
            wrong.hint = node.is_null().then(|| "a role without hosts is written `[]`".to_owned());
            return Err(wrong);
        }
    }
    reserved_labels(node, &path)?;
    restart_policy(node, &path)?;
    optional(node.get("env"), |env| environment(env, &join(&path, "env")))?;
    optional(node.get("logging"), |logging| section(logging, LOGGING, &join(&path, "logging")))?;
    match node.get("proxy") {
        Some(own) if own.as_map().is_some() => proxy(own, &join(&path, "proxy")),
        _ => Ok(()),
    }
}

fn registry(node: &Node, path: &str) -> Checked {
    let mut rest: Map = hash(node, path)?.clone();
    for key in schema::CREDENTIALS {
        rest.shift_remove(key);
    }
    let known = || REGISTRY.iter().map(|key| key.name).chain(schema::CREDENTIALS);
    unknown_keys(&rest, path, |name| known().any(|key| key == name), known)?;
    section(&Node { value: Value::Map(rest), origin: node.origin.clone() }, REGISTRY, path)?;
    if is_local_registry(node) {
        return Ok(());
    }
    for key in schema::CREDENTIALS {
        let path = join(path, key);
        let value = node.get(key).filter(|value| !value.is_blank());
        let Some(value) = value else { return Err(error(&path, "is required").at(&node.origin)) };
        let is_secret = |items: &[Node]| items.len() == 1 && items[0].as_str().is_some();
        if value.as_str().is_none() && !value.as_list().is_some_and(is_secret) {
            let text = "should be a string or an array with one string (for secret lookup)";
            return Err(error(&path, text).at(&value.origin));
        }
    }
    Ok(())
}

/// Whether Kamal takes the registry for one on the operator's machine.
pub(crate) fn is_local_registry(registry: &Node) -> bool {
    registry.get("server").is_some_and(is_local_server)
}

/// Whether a server's name says that it is on the operator's machine: `localhost:5555`, but not bare `localhost`.
pub(crate) fn is_local_server(server: &Node) -> bool {
    let server = server.to_ruby_string();
    server.lines().any(|line| line.starts_with("localhost:") || line.starts_with("localhost$"))
}

fn accessory(document: &Node, name: &str, node: &Node) -> Checked {
    let path = format!("accessories/{name}");
    section(node, ACCESSORY, &path)?;
    let places = schema::PLACES.iter().filter(|place| node.get(place).is_some()).count();
    if places != 1 {
        let text = "specify one of `host`, `hosts`, `role`, `roles`, `tag` or `tags`";
        return Err(error(&path, text).at(&node.origin));
    }
    reserved_labels(node, &path)?;
    restart_policy(node, &path)?;
    known_roles(document, node, &path)?;
    optional(node.get("env"), |env| environment(env, &join(&path, "env")))?;
    let filled = |key: &str| node.get(key).filter(|value| !value.is_blank());
    optional(filled("proxy"), |own| proxy(own, &join(&path, "proxy")))?;
    optional(filled("registry"), |own| registry(own, &join(&path, "registry")))?;
    mounts(node, &path, "files")?;
    mounts(node, &path, "directories")
}

/// What an accessory mounts names both ends, as `local:remote` or in a map.
fn mounts(accessory: &Node, path: &str, key: &str) -> Checked {
    let mounts = accessory.get(key).and_then(Node::as_list).unwrap_or_default();
    for (index, mount) in mounts.iter().enumerate() {
        let path = format!("{path}/{key}/{index}");
        let has = |end: &str| mount.get(end).is_some_and(|end| !end.is_blank());
        if mount.as_map().is_some() && !(has("local") && has("remote")) {
            return Err(error(&path, "local and remote are required").at(&mount.origin));
        }
        if mount.as_map().is_none() && !mount.to_ruby_string().contains(':') {
            return Err(error(&path, "should be local:remote").at(&mount.origin));
        }
    }
    Ok(())
}

fn known_roles(document: &Node, node: &Node, path: &str) -> Checked {
    let known = servers::role_names(document);
    if let Some(roles) = node.get("roles").and_then(Node::as_list) {
        let unknown = roles.iter().filter(|role| !known.contains(&role.to_ruby_string()));
        let unknown: Vec<_> = unknown.map(Node::to_ruby_string).collect();
        if !unknown.is_empty() {
            return Err(error(path, &format!("unknown roles {}", unknown.join(", "))).at_node(node.get("roles")));
        }
    }
    match node.get("role") {
        Some(role) if !known.contains(&role.to_ruby_string()) => {
            let wrong = error(path, &format!("unknown role {}", role.to_ruby_string())).at(&role.origin);
            Err(wrong.with_hint(format!("roles that are there: {}", known.join(", "))))
        }
        _ => Ok(()),
    }
}

fn alias(name: &str, node: &Node) -> Checked {
    let path = format!("aliases/{name}");
    if matches!(node.value, Value::Null | Value::Date(_) | Value::List(_) | Value::Map(_)) {
        return Err(error(&path, "should be a string").at(&node.origin));
    }
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
    if name.is_empty() || !name.chars().all(allowed) {
        let text = format!(
            "Invalid alias name: '{name}'. Must only contain lowercase letters, alphanumeric, hyphens and underscores."
        );
        return Err(error(&path, &text).at(&node.origin));
    }
    if schema::COMMANDS.contains(&name) {
        return Err(error(&path, &format!("Alias '{name}' conflicts with a built-in command.")).at(&node.origin));
    }
    Ok(())
}

fn builder(node: &Node) -> Checked {
    section(node, BUILDER, "builder")?;
    let wrong = |key: &str, text: &str| Err(error("builder", text).at_node(node.get(key).or(Some(node))));
    let kind = node.pointer("/cache/type").filter(|kind| kind.is_truthy());
    if let Some(kind) = kind.map(Node::to_ruby_string).filter(|kind| !matches!(kind.as_str(), "gha" | "registry")) {
        return wrong("cache", &format!("Invalid cache type: {kind}"));
    }
    let arch = node.get("arch").filter(|arch| !arch.is_blank());
    let Some(arch) = arch else {
        return wrong("arch", "Builder arch not set").map_err(|error| {
            error.with_hint("say for which processors to build: `builder: { arch: amd64 }`, `arm64`, or a list of both")
        });
    };
    let several = arch.as_list().is_some_and(|arches| arches.len() > 1);
    if several && node.get("pack").is_some_and(|pack| !pack.is_blank()) {
        return wrong("pack", "buildpacks only support building for one arch");
    }
    let is_false = node.get("local").is_some_and(|local| local.value == Value::Bool(false));
    if is_false && node.get("remote").is_none_or(Node::is_blank) {
        return wrong("local", "Cannot disable local builds, no remote is set");
    }
    Ok(())
}

/// The root's, a role's or an accessory's variables: all clear, or sorted into `clear`, `secret` and (at the root) `tags`.
fn environment(node: &Node, path: &str) -> Checked {
    const SORTED: [&str; 3] = ["clear", "secret", "tags"];
    let map = hash(node, path)?;
    if !SORTED.iter().any(|key| map.contains_key(*key)) {
        return texts_by_key(node, path);
    }
    unknown_keys(map, path, |name| SORTED.contains(&name), || SORTED.into_iter())?;
    optional(node.get("clear"), |clear| texts_by_key(clear, &join(path, "clear")))?;
    optional(node.get("secret"), |secret| texts(secret, &join(path, "secret")))?;
    let Some(tags) = node.get("tags") else { return Ok(()) };
    if path != "env" {
        return Err(error(path, "tags are only allowed in the root env").at(&tags.origin));
    }
    hash(tags, "env/tags")?;
    each(Some(tags), |tag, variables| environment(variables, &join("env/tags", tag)))
}

fn output(node: &Node) -> Checked {
    section(node, OUTPUT, "output")?;
    for (logger, setting, message) in
        [("otel", "endpoint", "OTel endpoint is required"), ("file", "path", "file path is required")]
    {
        if let Some(logger) = node.get(logger)
            && logger.get(setting).is_none_or(Node::is_blank)
        {
            return Err(ConfigurationError::argument(message).at(&logger.origin));
        }
    }
    Ok(())
}

fn reserved_labels(node: &Node, path: &str) -> Checked {
    let Some(labels) = node.get("labels").and_then(Node::as_map) else { return Ok(()) };
    match labels.iter().find(|(name, _)| schema::RESERVED_LABELS.contains(&name.as_str())) {
        None => Ok(()),
        Some((name, entry)) => {
            let text = "invalid label. destination, role, and service are reserved labels";
            let wrong = error(&format!("{path}/labels/{name}"), text).at(&entry.key);
            Err(wrong.with_hint("give the label another name"))
        }
    }
}

fn restart_policy(node: &Node, path: &str) -> Checked {
    let Some(policy) = node.pointer("/options/restart") else { return Ok(()) };
    let wrong = |text: &str| Err(error(&join(path, "options/restart"), text).at(&policy.origin));
    let Some(text) = policy.as_str() else {
        return wrong("should be a string. Use \"no\" to disable restarts");
    };
    let times = text.strip_prefix("on-failure:");
    let is_limited = times.is_some_and(|times| !times.is_empty() && times.bytes().all(|byte| byte.is_ascii_digit()));
    if schema::RESTART_POLICIES.contains(&text) || is_limited {
        return Ok(());
    }
    wrong("should be no, always, unless-stopped, on-failure, or on-failure:N")
}

fn optional(node: Option<&Node>, check: impl FnOnce(&Node) -> Checked) -> Checked {
    node.map_or(Ok(()), check)
}

fn each(node: Option<&Node>, check: impl Fn(&str, &Node) -> Checked) -> Checked {
    let Some(map) = node.and_then(Node::as_map) else { return Ok(()) };
    map.iter().try_for_each(|(name, entry)| check(name, &entry.node))
}

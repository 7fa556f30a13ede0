//! The rules about the project as a whole, checked after every section is sound, in Kamal's order.

use crate::error::ConfigurationError;
use crate::merge::merge;
use crate::node::{Node, Value};
use crate::sections::{self, is_local_registry};
use crate::servers;
use crate::version::{KAMAL_VERSION, Version};

type Checked = Result<(), ConfigurationError>;

/// Checks the whole project; `destination` is what was asked for.
pub(crate) fn check(document: &Node, destination: Option<&str>) -> Checked {
    destination_if_required(document, destination)?;
    required_keys(document)?;
    roles_have_hosts(document)?;
    minimum_version(document)?;
    retained_containers(document)?;
    service_name(document)?;
    one_host_for_ssl(document)?;
    unique_hosts_for_ssl(document)?;
    local_registry_with_remote_builder(document)?;
    one_proxy_run_for_each_host(document)?;
    hooks_output(document)
}

/// Refuses hook scripts of Kamal 1; `names` are the files in the hooks folder. Kamal checks this while loading; here the caller
/// does, because the files are its to list.
///
/// # Errors
/// Names the scripts that have to be renamed.
pub fn refuse_traefik_hooks<'n>(names: impl IntoIterator<Item = &'n str>) -> Checked {
    let names: Vec<_> = names.into_iter().collect();
    let old = ["pre-traefik-reboot", "post-traefik-reboot"].into_iter().filter(|name| names.contains(name));
    let found: Vec<_> = old.collect();
    if found.is_empty() {
        return Ok(());
    }
    let message = format!("Found {}, these should be renamed to (pre|post)-proxy-reboot", found.join(", "));
    Err(ConfigurationError::configuration(message))
}

/// The proxy settings of a role: its own over the root's. Nothing when no proxy stands before it.
pub(crate) fn effective_proxy(document: &Node, role: &str) -> Option<Node> {
    if !servers::has_proxy(document, role) {
        return None;
    }
    let map = |node: Option<&Node>| node.filter(|node| node.as_map().is_some()).cloned();
    let empty = || Node::empty_map(document.origin.clone());
    let root = map(document.get("proxy")).unwrap_or_else(empty);
    Some(match map(servers::role_node(document, role).and_then(|role| role.get("proxy"))) {
        Some(own) => merge(root, own),
        None => root,
    })
}

/// The image's name: `image`, or the service's with a registry on the operator's machine.
pub(crate) fn image(document: &Node) -> Option<String> {
    let filled = |key: &str| document.get(key).filter(|node| !node.is_blank()).map(Node::to_ruby_string);
    let local = document.get("registry").is_some_and(is_local_registry);
    filled("image").or_else(|| filled("service").filter(|_| local))
}

fn destination_if_required(document: &Node, destination: Option<&str>) -> Checked {
    let required = document.get("require_destination").filter(|required| required.is_truthy());
    match required {
        Some(required) if destination.is_none() => {
            let hint = "name one with -d; it reads `config/deploy.<destination>.yml`";
            Err(ConfigurationError::argument("You must specify a destination").at(&required.origin).with_hint(hint))
        }
        _ => Ok(()),
    }
}

fn required_keys(document: &Node) -> Checked {
    let missing = |key: &str| {
        let message = format!("Missing required configuration for {key}");
        Err(ConfigurationError::configuration(message).at_node(document.get(key).or(Some(document))))
    };
    if document.get("service").is_none_or(Node::is_blank) {
        return missing("service");
    }
    if document.get("registry").is_none_or(Node::is_blank) {
        return missing("registry");
    }
    if image(document).is_none() {
        return missing("image");
    }
    Ok(())
}

fn roles_have_hosts(document: &Node) -> Checked {
    let wrong = |message: String| Err(ConfigurationError::configuration(message).at_node(document.get("servers")));
    if document.get("servers").is_none() {
        let has_accessories = document.get("accessories").is_some_and(|accessories| !accessories.is_blank());
        if !has_accessories {
            return wrong("No servers or accessories specified".to_owned());
        }
        return Ok(());
    }
    let names = servers::role_names(document);
    let primary = servers::primary_role(document);
    if !names.contains(&primary) {
        let error = ConfigurationError::configuration(format!("The primary_role {primary} isn't defined"));
        let named = document.get("primary_role").or(document.get("servers"));
        return Err(error.at_node(named).with_hint(format!("roles that are there: {}", names.join(", "))));
    }
    if servers::hosts(document, &primary).is_empty() {
        return wrong(format!("No servers specified for the {primary} primary_role"));
    }
    if document.get("allow_empty_roles").is_some_and(Node::is_truthy) {
        return Ok(());
    }
    match names.iter().find(|name| servers::hosts(document, name).is_empty()) {
        None => Ok(()),
        Some(role) => {
            let message =
                format!("No servers specified for the {role} role. You can ignore this with allow_empty_roles: true");
            Err(ConfigurationError::configuration(message).at_node(servers::role_node(document, role)))
        }
    }
}

fn minimum_version(document: &Node) -> Checked {
    let Some(node) = document.get("minimum_version").filter(|node| node.is_truthy()) else { return Ok(()) };
    let text = node.to_ruby_string();
    let Some(minimum) = Version::parse(&text) else {
        return Err(ConfigurationError::argument(format!("Malformed version number string {text}")).at(&node.origin));
    };
    if Version::parse(KAMAL_VERSION).is_some_and(|current| minimum.compare(&current).is_gt()) {
        let message = format!("Current version is {KAMAL_VERSION}, minimum required is {text}");
        let hint = "use a newer sextant, or lower minimum_version";
        return Err(ConfigurationError::configuration(message).at(&node.origin).with_hint(hint));
    }
    Ok(())
}

fn retained_containers(document: &Node) -> Checked {
    match document.get("retain_containers") {
        Some(node) if matches!(node.value, Value::Int(..1)) => {
            Err(ConfigurationError::configuration("Must retain at least 1 container").at(&node.origin))
        }
        _ => Ok(()),
    }
}

fn service_name(document: &Node) -> Checked {
    let Some(node) = document.get("service") else { return Ok(()) };
    let (Value::String(name) | Value::Symbol(name)) = &node.value else {
        // Kamal crashes here: a bare number or boolean passes for text until it is matched.
        let error = ConfigurationError::configuration("service: should be a string").at(&node.origin);
        return Err(error.with_hint("put the name in quotes"));
    };
    if name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter)) {
        return Ok(());
    }
    let message = "Service name can only include alphanumeric characters, hyphens, and underscores";
    Err(ConfigurationError::configuration(message).at(&node.origin))
}

fn one_host_for_ssl(document: &Node) -> Checked {
    for role in servers::role_names(document) {
        let Some(proxy) = effective_proxy(document, &role) else { continue };
        sections::proxy(&proxy, "proxy")?;
        let hosts = servers::hosts(document, &role).len();
        if let Some(ssl) = ssl(&proxy).filter(|ssl| hosts > 1 && !is_custom_certificate(ssl)) {
            let message = format!(
                "SSL is only supported on a single server unless you provide custom certificates, found {hosts} servers for role {role}"
            );
            return Err(ConfigurationError::configuration(message).at(&ssl.origin));
        }
    }
    Ok(())
}

fn unique_hosts_for_ssl(document: &Node) -> Checked {
    let mut seen: Vec<String> = Vec::new();
    let mut shared: Vec<String> = Vec::new();
    for role in servers::role_names(document) {
        let Some(proxy) = effective_proxy(document, &role).filter(|proxy| ssl(proxy).is_some()) else { continue };
        for host in crate::proxy::hosts(&proxy) {
            if seen.contains(&host) && !shared.contains(&host) {
                shared.push(host);
            } else {
                seen.push(host);
            }
        }
    }
    if shared.is_empty() {
        return Ok(());
    }
    let message = format!("Different roles can't share the same host for SSL: {}", shared.join(", "));
    Err(ConfigurationError::configuration(message).at_node(document.get("proxy")))
}

fn local_registry_with_remote_builder(document: &Node) -> Checked {
    let Some(remote) = document.pointer("/builder/remote").filter(|remote| !remote.is_blank()) else { return Ok(()) };
    if document.get("registry").is_some_and(is_local_registry) && !remote.to_ruby_string().starts_with("ssh://") {
        let message = "Local registry with remote builder requires an SSH URL (e.g., ssh://user@host)";
        return Err(ConfigurationError::configuration(message).at(&remote.origin));
    }
    Ok(())
}

fn one_proxy_run_for_each_host(document: &Node) -> Checked {
    let mut runs: Vec<(String, Node)> = Vec::new();
    let mut add = |host: String, proxy: &Node| -> Checked {
        let Some(run) = proxy.get("run") else { return Ok(()) };
        match runs.iter().find(|(other, _)| *other == host) {
            Some((_, present)) if present != run => {
                let message = format!("Conflicting proxy run configurations for host {host}");
                Err(ConfigurationError::configuration(message).at(&run.origin))
            }
            Some(_) => Ok(()),
            None => {
                runs.push((host, run.clone()));
                Ok(())
            }
        }
    };
    for role in servers::role_names(document) {
        let Some(proxy) = effective_proxy(document, &role) else { continue };
        for host in servers::hosts(document, &role) {
            add(host.name, &proxy)?;
        }
    }
    for entry in document.get("accessories").and_then(Node::as_map).into_iter().flat_map(|map| map.values()) {
        let Some(proxy) = entry.node.get("proxy") else { continue };
        for host in crate::accessories::hosts(document, &entry.node) {
            add(host, proxy)?;
        }
    }
    Ok(())
}

fn hooks_output(document: &Node) -> Checked {
    let Some(node) = document.get("hooks_output") else { return Ok(()) };
    let wrong = |node: &Node| {
        let text = match &node.value {
            Value::String(text) | Value::Symbol(text) => text,
            _ => return None,
        };
        (!matches!(text.as_str(), "quiet" | "verbose")).then(|| text.clone())
    };
    let invalid = |text: &str, of: &str, node: &Node| {
        let message = format!("Invalid hooks_output '{text}'{of}, must be one of: quiet, verbose");
        Err(ConfigurationError::configuration(message).at(&node.origin))
    };
    if let Some(text) = wrong(node) {
        return invalid(&text, "", node);
    }
    for (hook, level) in node.as_map().into_iter().flatten() {
        if let Some(text) = wrong(&level.node) {
            return invalid(&text, &format!(" for hook '{hook}'"), &level.node);
        }
    }
    Ok(())
}

fn ssl(proxy: &Node) -> Option<&Node> {
    proxy.get("ssl").filter(|ssl| ssl.is_truthy())
}

fn is_custom_certificate(ssl: &Node) -> bool {
    ["certificate_pem", "private_key_pem"].iter().all(|key| ssl.get(key).is_some_and(|value| !value.is_blank()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn proxies_of_one_host_may_say_the_same_in_several_places() {
        let check = |run: &str| {
            let accessory =
                "accessories: { db: { roles: [ web ], proxy: { run: { http_port: 8080, bind_ips: [ \"::1\" ] } } } }";
            let text = format!("servers: [ h1 ]\nproxy:\n  run:\n{run}{accessory}\n");
            one_proxy_run_for_each_host(&yaml::parse("deploy.yml", &text).unwrap()).map_err(|error| error.message)
        };
        assert_eq!(check("    bind_ips:\n    - '::1'\n    http_port: 8080\n"), Ok(()));
        let conflict = Err("Conflicting proxy run configurations for host h1".to_owned());
        assert_eq!(check("    bind_ips:\n    - '::1'\n    http_port: 8081\n"), conflict);
        assert_eq!(check("    http_port: 8080\n"), conflict);
    }
}

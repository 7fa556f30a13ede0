//! What Kamal says about a container, in the words of a service.

/// A published port of `docker run` in host mode: the ports of the nodes that run a task lead to it, without the swarm's own network.
pub fn port(text: &str) -> Result<String, String> {
    let wrong = || format!("a service cannot publish `{text}`: write it as `8080:80`");
    let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (published, target) = text.split_once(':').ok_or_else(wrong)?;
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if !is_port(published) || !is_port(target) || !matches!(protocol, "tcp" | "udp") {
        return Err(wrong());
    }
    Ok(format!("mode=host,published={published},target={target},protocol={protocol}"))
}

/// A volume of `docker run` as a mount.
pub fn mount(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, mode) = match parts[..] {
        [source, target] => (source, target, ""),
        [source, target, mode @ ("ro" | "rw")] => (source, target, mode),
        _ => {
            return Err(format!(
                "a service cannot have the volume `{text}`: write it as `name:/path` or `/path:/path`"
            ));
        }
    };
    if text.contains([',', '"', '$', '~']) || !target.starts_with('/') {
        return Err(format!("a service cannot have the volume `{text}`: its paths are absolute and plain"));
    }
    let kind = if source.starts_with('/') { "bind" } else { "volume" };
    let readonly = if mode == "ro" { ",readonly" } else { "" };
    Ok(format!("type={kind},source={source},target={target}{readonly}"))
}

/// An option of `docker run` that a service has too, under its own name.
pub fn option(name: &str, value: Option<&str>) -> Result<(&'static str, String), String> {
    let name = match name {
        "cpus" => "--limit-cpu",
        "memory" => "--limit-memory",
        "user" => "--user",
        "hostname" => "--hostname",
        _ => return Err(format!("a service has no option `{name}`")),
    };
    value.map(|value| (name, value.to_string())).ok_or_else(|| format!("`{name}` needs a value"))
}

/// The words of a command that need no shell to be told apart.
pub fn command(text: &str) -> Result<Vec<String>, String> {
    if text.contains(['"', '\'', '\\', '$', '`', '|', '&', ';', '<', '>', '*', '(']) {
        return Err(format!("a service runs plain words, no shell: `{text}`"));
    }
    Ok(text.split_whitespace().map(str::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_published_on_the_nodes() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(port(text).ok().as_deref(), expected, "{text}");
        check("8080:80", Some("mode=host,published=8080,target=80,protocol=tcp"));
        check("53:53/udp", Some("mode=host,published=53,target=53,protocol=udp"));
        check("80", None);
        check("127.0.0.1:80:80", None);
        check("8080-8081:80", None);
        check("80:80/tcp,mode=ingress", None);
    }

    #[test]
    fn volumes_are_mounts() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(mount(text).ok().as_deref(), expected, "{text}");
        check("data:/data", Some("type=volume,source=data,target=/data"));
        check("/srv/data:/data:ro", Some("type=bind,source=/srv/data,target=/data,readonly"));
        check("$PWD/data:/data", None);
        check("/data", None);
        check("data:/data,x=y", None);
    }

    #[test]
    fn commands_are_plain_words() {
        assert_eq!(command("bin/jobs  --all"), Ok(vec!["bin/jobs".to_string(), "--all".to_string()]));
        assert!(command("sh -c 'echo hi'").is_err());
    }
}

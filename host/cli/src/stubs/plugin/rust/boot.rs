//! Boots a container of a role on a host: starts the new one, waits until it serves, stops the old one.

use sextant_sdk::{Action, Boot, ContainerSpec, Deployment, Facts, Fault, Role, Steps};
use serde::Deserialize;

struct Booter;

/// What a project gives under `with:`; `plugin.toml` describes it.
#[derive(Deserialize)]
struct Settings {
    memory: Option<String>,
}

impl Boot for Booter {
    fn propose(
        deployment: &Deployment,
        facts: &Facts,
        role: &Role,
        host: &str,
        start: &Steps,
        finish: &Steps,
        abort: &Steps,
    ) -> Result<(), Fault> {
        if role.assets().is_some() {
            return Err(Fault::Unsupported("asset_path".to_string()));
        }
        let settings: Settings = deployment.read_settings()?;
        let name = container_name(&role.container_prefix(), &deployment.version());
        if facts.container(host, &name).is_some() {
            let token = deployment.token(&format!("replaced {} {host}", role.name()), 16);
            let replaced = format!("{name}_replaced_{token}");
            start.add(&format!("rename {name} to {replaced}"), Action::rename_container(&name, &replaced));
        }
        let file = role.environment_file();
        start.add("write the secret environment", Action::write_environment_file(&file, &role.secrets(host)));
        let container = container(deployment, role, host, &name, settings.memory.as_deref());
        start.add(&format!("start container {name}"), Action::start_container(container)).time_limit(600);
        start.add(&format!("wait until {name} serves"), ready(role, &name)).time_limit(role.deploy_timeout() + 120);

        if let Some(old) = facts.current(host, &role.name()) {
            let stop = Action::stop_container(&old.name(), Some(&old.id()), role.stop_timeout());
            finish.add(&format!("stop old container {}", old.name()), stop).may_fail();
        }

        abort.add(&format!("show the last log lines of {name}"), Action::show_logs(&name)).may_fail();
        let stop = Action::stop_container(&name, None, role.stop_timeout());
        abort.add(&format!("stop container {name}"), stop).may_fail();
        Ok(())
    }
}

/// As every subcommand expects it: the role's prefix, then the version.
fn container_name(prefix: &str, version: &str) -> String {
    format!("{prefix}-{version}")
}

/// What ends when the container serves: a route through the proxy, or a wait where no proxy stands before the role.
fn ready(role: &Role, name: &str) -> Action {
    let Some(proxy) = role.proxy() else {
        return Action::await_healthy(name, role.readiness_delay(), role.deploy_timeout());
    };
    let mut options: Vec<_> = proxy.hosts().into_iter().map(|host| ("host".to_string(), Some(host))).collect();
    if proxy.tls() {
        options.push(("tls".to_string(), None));
    }
    options.extend(proxy.options());
    Action::route(&role.container_prefix(), name, proxy.app_port(), &options)
}

fn container(deployment: &Deployment, role: &Role, host: &str, name: &str, memory: Option<&str>) -> ContainerSpec {
    let container = ContainerSpec::new(name, &deployment.image());
    container.restart(&role.restart());
    container.network("kamal");
    container.environment("KAMAL_CONTAINER_NAME", Some(name));
    container.environment("KAMAL_VERSION", Some(&deployment.version()));
    container.environment("KAMAL_HOST", Some(host));
    for (variable, value) in role.environment(host) {
        container.environment(&variable, value.as_deref());
    }
    container.environment_file(&role.environment_file());
    if let Some(driver) = role.log_driver() {
        container.log_driver(&driver);
    }
    for (option, value) in role.log_options() {
        container.log_option(&option, value.as_deref());
    }
    for volume in role.volumes() {
        container.volume(&volume);
    }
    container.label("service", Some(&deployment.service()));
    container.label("role", Some(&role.name()));
    container.label("destination", deployment.destination().as_deref());
    for (label, value) in role.labels() {
        container.label(&label, value.as_deref());
    }
    for (option, value) in role.options() {
        container.flag(&option, value.as_deref());
    }
    if let Some(memory) = memory {
        container.flag("memory", Some(memory));
    }
    if let Some(command) = role.command() {
        container.command(&command);
    }
    container
}

sextant_sdk::export!(Booter: boot);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_have_the_names_that_others_expect() {
        assert_eq!(container_name("shop-web-staging", "v1"), "shop-web-staging-v1");
    }
}

//! One container of a role on one host: its name, how it starts, when it serves, what happens to the one before it.

use sextant_sdk::{Action, ContainerSpec, Deployment, Facts, Role, Steps};

/// Longest part of the host's name in a container's host name: Linux allows 64 characters in all.
const HOST_NAME_LIMIT: usize = 51;

/// The container that is to be booted, with what several of its steps name.
pub struct Container<'a> {
    deployment: &'a Deployment,
    role: &'a Role,
    host: &'a str,
    role_name: String,
    /// What all containers of the role share; the proxy knows it as a service.
    prefix: String,
    version: String,
    name: String,
}

impl<'a> Container<'a> {
    /// The container of the version being deployed.
    pub fn new(deployment: &'a Deployment, role: &'a Role, host: &'a str) -> Self {
        let (role_name, prefix, version) = (role.name(), role.container_prefix(), deployment.version());
        let name = format!("{prefix}-{version}");
        Self { deployment, role, host, role_name, prefix, version, name }
    }

    /// Renames a container that already has the name: the version was deployed before.
    pub fn make_room(&self, facts: &Facts, steps: &Steps) {
        if facts.container(self.host, &self.name).is_none() {
            return;
        }
        let replaced = format!("{}_replaced_{}", self.name, self.token("replaced", 16));
        let step =
            steps.add(&format!("rename {} to {replaced}", self.name), Action::rename_container(&self.name, &replaced));
        // The audit log tells versions, as Kamal's does, not container names.
        let prefix = self.name.len() - self.version.len();
        step.audit(&format!("Renaming container {} to {}", self.version, &replaced[prefix..]));
        step.time_limit(60);
    }

    /// Writes the secret environment and starts the container, with the volume of its assets if it has some.
    pub fn start(&self, steps: &Steps, assets: Option<String>) {
        let file = self.role.environment_file();
        let secrets = self.role.secrets(self.host);
        steps
            .add(&format!("write {}", names(&secrets)), Action::write_environment_file(&file, &secrets))
            .time_limit(60);
        let step = steps
            .add(&format!("start container {}", self.name), Action::start_container(self.specification(&file, assets)));
        step.audit(&format!("Booted app version {}", self.version));
        step.time_limit(60 * 10);
    }

    /// Waits until the container serves: behind the proxy once that finds it healthy, else once it keeps running.
    pub fn await_ready(&self, steps: &Steps) {
        let limit = self.role.deploy_timeout();
        match self.role.proxy() {
            Some(proxy) => {
                let mut options: Vec<_> =
                    proxy.hosts().into_iter().map(|host| ("host".to_string(), Some(host))).collect();
                if proxy.tls() {
                    options.push(("tls".to_string(), None));
                }
                options.extend(proxy.options());
                let title = format!("route requests to {} once it is healthy", self.name);
                let route = Action::route(&self.prefix, &self.name, proxy.app_port(), &options);
                steps.add(&title, route).time_limit(limit + 120);
            }
            None => {
                let wait = Action::await_healthy(&self.name, self.role.readiness_delay(), limit);
                steps.add(&format!("wait until {} is ready", self.name), wait).time_limit(limit + 120);
            }
        }
    }

    /// Stops the container that served before; tells whether there was one.
    pub fn retire_old(&self, facts: &Facts, steps: &Steps) -> bool {
        let Some(old) = facts.current(self.host, &self.role_name) else { return false };
        let timeout = self.role.stop_timeout();
        let stop = Action::stop_container(&old.name(), Some(&old.id()), timeout);
        let step = steps.add(&format!("stop old container {}", old.name()), stop);
        step.may_fail();
        step.time_limit(timeout.unwrap_or(10) + 120);
        true
    }

    /// Shows why the new container failed and stops it; the old one goes on serving.
    pub fn abort(&self, steps: &Steps) {
        let logs = steps.add(&format!("show the last log lines of {}", self.name), Action::show_logs(&self.name));
        logs.may_fail();
        logs.time_limit(60);
        let timeout = self.role.stop_timeout();
        let stop = Action::stop_container(&self.name, None, timeout);
        let step = steps.add(&format!("stop container {}", self.name), stop);
        step.may_fail();
        step.time_limit(timeout.unwrap_or(10) + 120);
    }

    fn specification(&self, environment_file: &str, assets: Option<String>) -> ContainerSpec {
        let deployment = self.deployment;
        let spec = ContainerSpec::new(&self.name, &deployment.image());
        spec.restart(&self.role.restart());
        spec.network("kamal");
        spec.hostname(&self.hostname());
        spec.environment("KAMAL_CONTAINER_NAME", Some(&self.name));
        spec.environment("KAMAL_VERSION", Some(&self.version));
        spec.environment("KAMAL_HOST", Some(self.host));
        if let Some(destination) = deployment.destination() {
            spec.environment("KAMAL_DESTINATION", Some(&destination));
        }
        for (name, value) in self.role.environment(self.host) {
            spec.environment(&name, value.as_deref());
        }
        spec.environment_file(environment_file);
        if let Some(driver) = self.role.log_driver() {
            spec.log_driver(&driver);
        }
        for (name, value) in self.role.log_options() {
            spec.log_option(&name, value.as_deref());
        }
        for volume in self.role.volumes().into_iter().chain(assets) {
            spec.volume(&volume);
        }
        for (name, value) in self.labels() {
            spec.label(&name, value.as_deref());
        }
        for (name, value) in self.role.options() {
            spec.flag(&name, value.as_deref());
        }
        if let Some(command) = self.role.command() {
            spec.command(&command);
        }
        spec
    }

    /// What every container carries, then the project's own labels. One of the same name takes the value over, not the place.
    fn labels(&self) -> Vec<(String, Option<String>)> {
        let deployment = self.deployment;
        let given = [
            ("service", Some(deployment.service())),
            ("role", Some(self.role_name.clone())),
            ("destination", deployment.destination()),
        ];
        let mut labels: Vec<_> = given.map(|(name, value)| (name.to_string(), value)).into();
        for (name, value) in self.role.labels() {
            match labels.iter_mut().find(|(known, _)| *known == name) {
                Some(label) => label.1 = value,
                None => labels.push((name, value)),
            }
        }
        labels
    }

    fn hostname(&self) -> String {
        let host: String = self.host.chars().take(HOST_NAME_LIMIT).collect();
        format!("{}-{}", host.trim_end_matches('.'), self.token("hostname", 12))
    }

    /// A token for this role and host.
    fn token(&self, purpose: &str, length: u32) -> String {
        self.deployment.token(&format!("{purpose} {} {}", self.role_name, self.host), length)
    }
}

fn names(secrets: &[(String, String)]) -> String {
    match secrets {
        [] => "an empty environment file".to_string(),
        [(one, _)] => format!("secret {one} to the environment file"),
        many => format!(
            "secrets {} to the environment file",
            many.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        ),
    }
}

//! The service of one role: how it is created, updated, and brought back.

use sextant_sdk::{Action, Deployment, Fault, Role, Steps};

use crate::options;
use crate::settings::Settings;

/// The label that tells which run made a service what it is.
const RUN: &str = "sextant.run";

/// Runs docker with every line of a file as a variable, so that `--env-add NAME` finds its value. An argument never holds it: `docker service
/// update` reads no file by itself.
const WITH_FILE: &str = r#"while IFS= read -r line || [ -n "$line" ]; do case "$line" in *=*) export "$line" ;; esac; done < "$0"; exec docker "$@""#;

/// Succeeds if the service was made what it is by another run than `$1`.
const OF_ANOTHER_RUN: &str =
    r#"[ "$(docker service inspect --format '{{index .Spec.Labels "sextant.run"}}' "$0")" != "$1" ]"#;

/// Succeeds if it was this run.
const OF_THIS_RUN: &str =
    r#"[ "$(docker service inspect --format '{{index .Spec.Labels "sextant.run"}}' "$0")" = "$1" ]"#;

/// A role as a service.
pub struct Service {
    name: String,
    image: String,
    /// Something that differs from run to run.
    run: String,
    replicas: usize,
    environment_file: String,
    /// Name in the container, name of the secret.
    secrets: Vec<(String, String)>,
    environment: Vec<String>,
    labels: Vec<String>,
    ports: Vec<String>,
    mounts: Vec<String>,
    constraints: Vec<String>,
    /// Options that are the same where a service is created and updated.
    options: Vec<(&'static str, String)>,
    command: Vec<String>,
    time_limit: u64,
}

impl Service {
    /// The service of a role with this many hosts.
    pub fn new(
        deployment: &Deployment,
        role: &Role,
        host: &str,
        settings: &Settings,
        hosts: usize,
    ) -> Result<Self, Fault> {
        let about = |reason: String| Fault::Unsupported(format!("role {}: {reason}", role.name()));
        let mut environment: Vec<String> = Vec::new();
        for (name, value) in role.environment(host) {
            let value = value.ok_or_else(|| about(format!("the variable {name} has no value")))?;
            environment.push(format!("{name}={value}"));
        }
        environment.push(format!("KAMAL_VERSION={}", deployment.version()));
        environment.extend(deployment.destination().map(|name| format!("KAMAL_DESTINATION={name}")));
        let destination = deployment.destination().unwrap_or_default();
        let given = [("service", deployment.service()), ("role", role.name()), ("destination", destination)];
        let mut labels: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        labels.extend(role.labels().into_iter().map(|(name, value)| format!("{name}={}", value.unwrap_or_default())));
        let (mut ports, mut options) = (Vec::new(), Vec::new());
        for (name, value) in role.options() {
            if name == "publish" {
                ports.push(options::port(value.as_deref().unwrap_or_default()).map_err(about)?);
            } else {
                options.push(options::option(&name, value.as_deref()).map_err(about)?);
            }
        }
        options.extend(role.stop_timeout().map(|seconds| ("--stop-grace-period", format!("{seconds}s"))));
        options.extend(role.log_driver().map(|driver| ("--log-driver", driver)));
        for (name, value) in role.log_options() {
            options.push(("--log-opt", format!("{name}={}", value.unwrap_or_default())));
        }
        let mounts = role.volumes().iter().map(|volume| options::mount(volume)).collect::<Result<_, _>>();
        let command = role.command().map(|command| options::command(&command)).transpose();
        Ok(Self {
            name: role.container_prefix(),
            image: deployment.image(),
            run: deployment.token(&format!("service {}", role.name()), 12),
            replicas: settings.replicas.get(&role.name()).copied().unwrap_or(hosts),
            environment_file: role.environment_file(),
            secrets: role.secrets(host),
            environment,
            labels,
            ports,
            mounts: mounts.map_err(about)?,
            constraints: settings.constraints.clone(),
            options,
            command: command.map_err(about)?.unwrap_or_default(),
            time_limit: role.deploy_timeout() + 120,
        })
    }

    /// Creates the service, or updates it where it exists already, and waits until its tasks run.
    pub fn start(&self, steps: &Steps) {
        let name = &self.name;
        let file = Action::write_environment_file(&self.environment_file, &self.secrets);
        steps.add(&format!("write the secrets of service {name}"), file).time_limit(60);
        let create = steps.add(&format!("create service {name}"), Action::run(&self.create()));
        create.unless(&words(&["docker", "service", "inspect", name]));
        create.time_limit(self.time_limit);
        let update = steps.add(&format!("update service {name} to {}", self.image), Action::run(&self.update()));
        update.unless(&words(&["sh", "-c", OF_THIS_RUN, name, &self.run]));
        update.time_limit(self.time_limit);
    }

    /// Brings the service back to what it was, if this run changed it.
    pub fn abort(&self, steps: &Steps) {
        let name = &self.name;
        let tasks = words(&["docker", "service", "ps", "--no-trunc", name]);
        let show = steps.add(&format!("show the tasks of service {name}"), Action::run(&tasks));
        show.may_fail();
        show.time_limit(60);
        let rollback = words(&["docker", "service", "rollback", name]);
        let step = steps.add(&format!("roll service {name} back"), Action::run(&rollback));
        step.unless(&words(&["sh", "-c", OF_ANOTHER_RUN, name, &self.run]));
        step.may_fail();
        step.time_limit(self.time_limit);
    }

    fn create(&self) -> Vec<String> {
        let mut line = words(&["docker", "service", "create", "--name", &self.name, "--with-registry-auth"]);
        let mut add = |option: &str, values: &[String]| {
            line.extend(values.iter().flat_map(|value| [option.to_string(), value.clone()]));
        };
        add("--replicas", &[self.replicas.to_string()]);
        add("--env-file", std::slice::from_ref(&self.environment_file));
        add("--env", &self.environment);
        add("--label", &self.service_labels());
        add("--container-label", &self.labels);
        add("--publish", &self.ports);
        add("--mount", &self.mounts);
        add("--constraint", &self.constraints);
        line.extend(self.both());
        line.push(self.image.clone());
        line.extend(self.command.iter().cloned());
        line
    }

    fn update(&self) -> Vec<String> {
        let mut line = words(&["sh", "-c", WITH_FILE, &self.environment_file, "service", "update"]);
        line.push("--with-registry-auth".to_string());
        let secrets: Vec<String> = self.secrets.iter().map(|(name, _)| name.clone()).collect();
        let mut add = |option: &str, values: &[String]| {
            line.extend(values.iter().flat_map(|value| [option.to_string(), value.clone()]));
        };
        add("--image", std::slice::from_ref(&self.image));
        add("--replicas", &[self.replicas.to_string()]);
        add("--args", &[self.command.join(" ")]);
        add("--env-add", &secrets);
        add("--env-add", &self.environment);
        add("--label-add", &self.service_labels());
        add("--container-label-add", &self.labels);
        add("--publish-add", &self.ports);
        add("--mount-add", &self.mounts);
        add("--constraint-add", &self.constraints);
        line.extend(self.both());
        line.push(self.name.clone());
        line
    }

    /// Options that are the same in both. A failed update stays as it is: `abort` rolls it back. Two tasks cannot have one port of a node,
    /// so the old one of a service with ports stops first.
    fn both(&self) -> Vec<String> {
        let order = if self.ports.is_empty() { "start-first" } else { "stop-first" };
        let mut line = words(&["--update-order", order, "--update-failure-action", "pause", "--rollback-order", order]);
        line.extend(self.options.iter().flat_map(|(name, value)| [(*name).to_string(), value.clone()]));
        line
    }

    fn service_labels(&self) -> Vec<String> {
        [self.labels.clone(), vec![format!("{RUN}={}", self.run)]].concat()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

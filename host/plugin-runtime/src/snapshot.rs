//! What a guest can see of a run, as a value of its own: it is taken once per run, and a recording keeps it.

use std::collections::BTreeMap;

use plan::{Intent, Run};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::convert;

/// Everything that a deployment tells its plugins. Secrets are names in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Snapshot {
    pub subcommand: String,
    pub started_at: u64,
    pub performer: String,
    pub service: String,
    pub destination: Option<String>,
    pub version: String,
    pub repository: String,
    pub image: String,
    pub latest_image: String,
    /// Names of the selected roles, the primary one first.
    pub roles: Vec<String>,
    pub primary_role: String,
    pub hosts: Vec<String>,
    pub app_hosts: Vec<String>,
    pub local_registry_port: Option<u16>,
    pub no_cache: bool,
    /// What tokens are made of.
    pub seed: String,
    pub checkout: Option<CheckoutSnapshot>,
    pub builder: BuilderSnapshot,
    /// Every role of the project, selected or not.
    pub role_settings: Vec<RoleSnapshot>,
    /// The configuration's document, passwords in the clear replaced.
    pub configuration: Value,
}

/// The git checkout of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct CheckoutSnapshot {
    pub root: String,
    pub prefix: String,
    pub revision: String,
    pub clones: String,
    #[serde(default)]
    pub branch: Option<String>,
    pub changes: Vec<String>,
}

/// How a run builds its image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct BuilderSnapshot {
    pub architectures: Vec<String>,
    pub local_architectures: Vec<String>,
    pub remote_architectures: Vec<String>,
    pub context: Option<String>,
    pub dockerfile: String,
    pub target: Option<String>,
    pub arguments: Vec<Pair>,
    pub secrets: Vec<String>,
    pub driver: String,
    pub remote: Option<String>,
    pub pack: Option<String>,
    pub buildpacks: Vec<String>,
    pub cache_to: Option<String>,
    pub cache_from: Option<String>,
    pub ssh: Option<String>,
    pub provenance: Option<String>,
    pub sbom: Option<bool>,
    pub output: String,
    pub working_directory: bool,
}

/// A role of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct RoleSnapshot {
    pub name: String,
    pub container_prefix: String,
    pub command: Option<String>,
    pub options: Vec<Pair>,
    pub restart: String,
    pub labels: Vec<Pair>,
    pub volumes: Vec<String>,
    pub log_driver: Option<String>,
    pub log_options: Vec<Pair>,
    pub stop_timeout: Option<u64>,
    /// By host name.
    pub environments: BTreeMap<String, EnvironmentSnapshot>,
    pub environment_file: String,
    pub proxy: Option<ProxySnapshot>,
    pub assets: Option<AssetsSnapshot>,
    pub deploy_timeout: u64,
    pub readiness_delay: u64,
}

/// The environment of a role on a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnvironmentSnapshot {
    /// In the clear.
    pub clear: Vec<Pair>,
    /// Name in the container, name of the secret.
    pub secrets: Vec<(String, String)>,
}

/// How the proxy reaches a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ProxySnapshot {
    pub app_port: u64,
    pub hosts: Vec<String>,
    pub tls: bool,
    pub options: Vec<Pair>,
}

/// Files that old and new containers of a role share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct AssetsSnapshot {
    pub path: String,
    pub options: Option<String>,
    pub directory: String,
}

/// A name and a value; no value is a bare name.
pub type Pair = (String, Option<String>);

impl Snapshot {
    /// What guests see of a run, where the docker of the operator's machine has this architecture.
    pub fn of(run: &Run, architecture: Option<&str>) -> Self {
        let configuration = &run.configuration;
        Self {
            subcommand: run.subcommand.join(" "),
            started_at: run.started,
            performer: run.performer.clone(),
            service: configuration.service.clone(),
            destination: configuration.destination.clone(),
            version: run.version.clone(),
            repository: configuration.repository(),
            image: configuration.absolute_image(&run.version),
            latest_image: configuration.latest_image(),
            roles: run.selection.roles.clone(),
            primary_role: run.selection.primary_role.clone().unwrap_or_default(),
            hosts: run.selection.hosts.clone(),
            app_hosts: run.selection.app_hosts.clone(),
            local_registry_port: configuration.registry.local_port(),
            no_cache: run.no_cache,
            seed: run.seed.clone(),
            checkout: run.checkout.as_ref().map(|checkout| CheckoutSnapshot {
                root: checkout.root.clone(),
                prefix: checkout.prefix.clone(),
                revision: checkout.revision.clone(),
                clones: run.clones.clone(),
                branch: checkout.branch.clone(),
                changes: checkout.changes.clone(),
            }),
            builder: BuilderSnapshot::of(run, architecture),
            role_settings: configuration.roles.iter().map(|role| RoleSnapshot::of(run, role)).collect(),
            configuration: serde_json::from_str(&configuration.document.to_json()).unwrap_or_default(),
        }
    }

    /// The role of a name.
    pub fn role(&self, name: &str) -> Option<usize> {
        self.role_settings.iter().position(|role| role.name == name)
    }

    /// A token of up to 64 hex digits; the same run and purpose give the same token.
    pub(crate) fn token(&self, purpose: &str, length: usize) -> String {
        plan::token(&self.seed, purpose, length)
    }
}

impl BuilderSnapshot {
    fn of(run: &Run, architecture: Option<&str>) -> Self {
        let builder = &run.configuration.builder;
        let pack = builder.pack.as_ref();
        let cache = builder.cache.as_ref();
        Self {
            architectures: builder.arches.clone(),
            local_architectures: builder.local_arches(architecture),
            remote_architectures: builder.remote_arches(architecture),
            context: builder.context.clone(),
            dockerfile: builder.dockerfile.clone(),
            target: builder.target.clone(),
            arguments: convert::pairs(&builder.args),
            secrets: builder.secrets.clone(),
            driver: builder.driver.clone(),
            remote: builder.remote.clone(),
            pack: pack.map(|pack| pack.builder.clone()),
            buildpacks: pack.map(|pack| pack.buildpacks.clone()).unwrap_or_default(),
            cache_to: cache.map(|cache| cache.to.clone()),
            cache_from: cache.map(|cache| cache.from.clone()),
            ssh: builder.ssh.clone(),
            provenance: builder.provenance.clone(),
            sbom: builder.sbom,
            output: run.intent.output().to_string(),
            working_directory: matches!(run.intent, Intent::BuildDev { .. }),
        }
    }
}

impl RoleSnapshot {
    fn of(run: &Run, role: &configuration::Role) -> Self {
        let configuration = &run.configuration;
        let environment = |environment: &configuration::Environment| EnvironmentSnapshot {
            clear: convert::pairs(&environment.clear),
            secrets: environment.secret.iter().map(|(name, secret)| (name.clone(), secret.clone())).collect(),
        };
        let environments = role.environments.iter().map(|(host, found)| (host.clone(), environment(found)));
        Self {
            name: role.name.clone(),
            container_prefix: configuration.container_prefix(&role.name),
            command: role.command.clone(),
            options: role.options.clone(),
            restart: role.restart.clone(),
            labels: convert::pairs(&role.labels),
            volumes: role.volumes.clone(),
            log_driver: role.logging.driver.clone(),
            log_options: convert::pairs(&role.logging.options),
            stop_timeout: role.stop_timeout,
            environments: environments.collect(),
            environment_file: configuration.host_environment_file(&role.name),
            proxy: role.proxy.as_ref().map(|proxy| ProxySnapshot {
                app_port: proxy.app_port,
                hosts: proxy.hosts.clone(),
                tls: proxy.ssl,
                options: configuration.proxy_options(proxy, Some(&role.name), &run.version),
            }),
            assets: role.assets.as_ref().map(|assets| AssetsSnapshot {
                path: assets.path.clone(),
                options: assets.options.clone(),
                directory: configuration.assets_directory(),
            }),
            deploy_timeout: configuration.deploy_timeout,
            readiness_delay: configuration.readiness_delay,
        }
    }
}

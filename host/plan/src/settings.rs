//! What a container was started with, as docker tells it. Of its variables only names are known, and which values are the configuration's.

use std::collections::BTreeMap;

use commands::observation::Closer;
use configuration::Environment;
use serde::{Deserialize, Serialize};

use crate::run::{Run, digest};

/// What a container was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Names of variables, those of its image among them.
    pub environment: Vec<String>,
    /// Of variables whose value is one that the configuration has in the clear, the [`mark`].
    pub clear: BTreeMap<String, String>,
    /// Words that it runs, or that its image's program is given.
    pub command: Option<Vec<String>>,
    /// User and group, empty for the image's own.
    pub user: String,
    /// `SOURCE:TARGET[:OPTIONS]`.
    pub binds: Option<Vec<String>>,
    /// When docker starts it again.
    pub restart: Option<Restart>,
    /// Where its output goes.
    pub log: Option<Log>,
    /// docker's network.
    pub network: String,
    /// Bytes; 0 is no limit.
    pub memory: i64,
    /// Billionths of a processor; 0 is no limit.
    pub nano_cpus: i64,
    /// Capabilities it has beyond docker's usual ones.
    pub cap_add: Option<Vec<String>>,
    /// Those it lacks.
    pub cap_drop: Option<Vec<String>>,
    /// Whether it may do everything.
    pub privileged: bool,
    /// Whether its root file system is read-only.
    pub read_only: bool,
    /// Whether docker's own init runs in it.
    pub init: Option<bool>,
    /// Bytes of shared memory.
    pub shm_size: i64,
    /// `NAME:ADDRESS`.
    pub extra_hosts: Option<Vec<String>>,
}

/// A restart policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Restart {
    /// `no`, `always`, `unless-stopped`, `on-failure`.
    pub name: String,
    /// How often at most, for `on-failure`; 0 is without end.
    pub maximum_retry_count: u64,
}

/// Where a container's output goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Log {
    /// docker's log driver.
    #[serde(rename = "Type")]
    pub driver: String,
    /// Its options.
    pub config: Option<BTreeMap<String, String>>,
}

impl Settings {
    /// Splits what docker told of variables, `NAME` or `NAME=value`, and leaves only marks of the values.
    pub(crate) fn forget_values(&mut self) {
        self.environment.retain(|variable| !variable.is_empty());
        for variable in &mut self.environment {
            let Some((name, value)) = variable.split_once('=') else { continue };
            self.clear.insert(name.to_string(), mark(name, value));
            *variable = name.to_string();
        }
    }

    /// Whether docker told them: every container has a restart policy.
    pub(crate) fn is_told(&self) -> bool {
        self.restart.is_some()
    }
}

/// What stands for the value of a variable, to be compared and not to be read.
pub(crate) fn mark(name: &str, value: &str) -> String {
    digest(&format!("{name}={value}"))[..16].to_string()
}

/// What is looked at closer: containers of the app and of its accessories.
pub(crate) fn closer(run: &Run) -> Closer {
    let configuration = &run.configuration;
    let mut services = vec![configuration.service.clone()];
    services.extend(configuration.accessories.iter().map(|accessory| accessory.service_name.clone()));
    let roles = configuration.roles.iter().flat_map(|role| role.environments.values());
    let accessories = configuration.accessories.iter().map(|accessory| &accessory.environment);
    let of = |environment: &Environment| -> Vec<String> {
        let clear = environment.clear.iter();
        clear.filter_map(|(name, value)| Some(format!("{name}={}", value.as_deref()?))).collect()
    };
    let mut clear: Vec<String> = roles.chain(accessories).flat_map(of).collect();
    clear.sort();
    clear.dedup();
    Closer { services, clear }
}

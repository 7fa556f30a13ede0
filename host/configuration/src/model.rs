//! The validated configuration: what a Kamal project says, with every default filled in.
//!
//! Plain data. Lists keep the order in which they apply; maps keep the order of the file. Secrets are names here, values join
//! inside `transport`.

use indexmap::IndexMap;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::node::Node;

/// A whole project: `config/deploy.yml`, merged with the destination's overlay.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// `service`.
    pub service: String,
    /// The destination that was asked for with `-d`, if any.
    pub destination: Option<String>,
    /// `image`: the name without registry server and without tag.
    pub image: String,
    /// Where images are pushed to and pulled from.
    pub registry: Registry,
    /// Roles in alphabetical order of their names, as Kamal keeps them.
    pub roles: Vec<Role>,
    /// `primary_role`, `web` unless set.
    pub primary_role: String,
    /// Accessories in the order of the file.
    pub accessories: Vec<Accessory>,
    /// How the image is built.
    pub builder: Builder,
    /// How hosts are booted in groups.
    pub boot: Boot,
    /// How hosts are reached.
    pub ssh: Ssh,
    /// How connections are made and kept.
    pub sshkit: SshKit,
    /// How much is shown of what hook scripts write.
    pub hooks_output: HooksOutput,
    /// Where the story of a run goes besides the terminal.
    pub output: OutputLoggers,
    /// `proxy.run` and the timeouts that every role shares are not here but in [`Role`]; these are the project's own.
    pub deploy_timeout: u64,
    /// Seconds an old container gets to finish its requests.
    pub drain_timeout: u64,
    /// Seconds a container without proxy must keep running before it counts as ready.
    pub readiness_delay: u64,
    /// How many stopped containers are kept for a rollback.
    pub retain_containers: u64,
    /// Folder of error pages that the proxy shows, relative to the project.
    pub error_pages_path: Option<String>,
    /// Folder of the hook scripts, relative to the project.
    pub hooks_path: String,
    /// Base path of the secrets files, relative to the project.
    pub secrets_path: String,
    /// Names of the secrets that a hook script sees, for those that `x-hooks` narrows down. Others see all of them.
    pub hook_secrets: BTreeMap<String, Vec<String>>,
    /// `x-plugins`, in the order of the file.
    pub plugins: Vec<Plugin>,
    /// `x-approvals.signers`: the file that says who may approve plans, in OpenSSH's form of allowed signers, relative to the project.
    pub signers: Option<String>,
    /// Secrets that stand in the file itself (a registry password as plain text), under the names that [`Text::Secret`] refers to.
    pub literals: BTreeMap<String, SecretString>,
    /// `logging`: arguments for docker's log driver, before a role's own are laid over them.
    pub logging: Logging,
    /// What the files' templates have set in the environment, such as by `Dotenv.load`. Secrets files see it.
    pub variables: BTreeMap<String, SecretString>,
    /// The merged document with the origin of every value.
    pub document: Node,
}

/// A text that is either in the clear or the name of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// In the clear.
    Clear(String),
    /// The name under which the secrets (or [`Configuration::literals`]) hold the value.
    Secret(String),
}

/// A container registry and how to log in to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Host and port; absent means Docker Hub.
    pub server: Option<String>,
    /// User and password; absent for a local registry, which needs no login.
    pub credentials: Option<Credentials>,
}

/// What a login needs. The password is always a secret: a plain one in the file is moved to [`Configuration::literals`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub username: Text,
    /// The name of the secret that holds the password.
    pub password: String,
}

/// A group of hosts that run the app's image in the same way.
#[derive(Debug, Clone)]
pub struct Role {
    /// The role's name, `web` for a plain list of servers.
    pub name: String,
    /// Hosts in the order of the file.
    pub hosts: Vec<Host>,
    /// `cmd`: appended verbatim after the image, so the host's shell splits it.
    pub command: Option<String>,
    /// Options for `docker run` in the order of the file, without `restart`. One entry per flag: a list in the file is repeated.
    pub options: Vec<(String, Option<String>)>,
    /// The restart policy, `unless-stopped` unless set.
    pub restart: String,
    /// Custom labels: root's, then the role's.
    pub labels: IndexMap<String, Option<String>>,
    /// Volumes, verbatim.
    pub volumes: Vec<String>,
    /// Arguments for docker's log driver.
    pub logging: Logging,
    /// How the proxy reaches the role; absent when no proxy stands before it.
    pub proxy: Option<Proxy>,
    /// Files of the image that old and new containers share; only roles with a proxy have them.
    pub assets: Option<Assets>,
    /// Seconds for `docker stop -t`; absent means docker's own default.
    pub stop_timeout: Option<u64>,
    /// Environments by host name: root's, the role's, then the host's tags, merged.
    pub environments: IndexMap<String, Environment>,
}

/// One server of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Address or name, as ssh takes it.
    pub name: String,
    /// Tags given to the host in the list of servers.
    pub tags: Vec<String>,
}

/// Environment variables of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// Clear variables; `None` is Kamal's blank value, which lets the variable through from the host's environment.
    pub clear: IndexMap<String, Option<String>>,
    /// Secret variables: name in the container -> name of the secret.
    pub secret: IndexMap<String, String>,
}

/// docker's log driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// `--log-driver`, if set.
    pub driver: Option<String>,
    /// `--log-opt` pairs; `max-size=10m` when nothing is configured.
    pub options: IndexMap<String, Option<String>>,
}

/// `asset_path`: files of the image that containers of two versions share while one replaces the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    /// Where they are in the container.
    pub path: String,
    /// Mount options such as `ro`.
    pub options: Option<String>,
}

/// How kamal-proxy reaches and checks a container.
#[derive(Debug, Clone, PartialEq)]
pub struct Proxy {
    /// Port inside the container.
    pub app_port: u64,
    /// `hosts`, or `host` split at commas.
    pub hosts: Vec<String>,
    /// TLS: automatic, unless there is a certificate.
    pub ssl: bool,
    /// The project's own certificate.
    pub certificate: Option<Certificate>,
    /// Options of `kamal-proxy deploy` after the hosts and `--tls`, in Kamal's order, without leading dashes:
    /// `("health-check-path", Some("/up"))`; `None` is a bare flag. Timeouts are here too (`deploy-timeout`, `drain-timeout`).
    pub options: Vec<(String, Option<String>)>,
    /// Seconds until an unhealthy container counts as failed.
    pub deploy_timeout: u64,
    /// `run`: how the proxy's own container is started on the hosts.
    pub run: Option<ProxyRun>,
}

/// A certificate by the names of the secrets that hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// `certificate_pem`.
    pub certificate: String,
    /// `private_key_pem`.
    pub private_key: String,
}

/// How the proxy's own container is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyRun {
    /// Published ports as docker's `--publish` takes them; none with `publish: false`.
    pub publish: Vec<String>,
    /// Size at which docker starts a new log file; absent leaves it to docker.
    pub log_max_size: Option<String>,
    /// Port for metrics.
    pub metrics_port: Option<u64>,
    /// Whether the proxy logs what it does in detail.
    pub debug: bool,
    /// The image with its tag.
    pub image: String,
    /// Further options for `docker run` in the order of the file.
    pub options: Vec<(String, Option<String>)>,
}

/// A container beside the app: a database, a cache.
#[derive(Debug, Clone)]
pub struct Accessory {
    /// The key in the file.
    pub name: String,
    /// Container name and label: `service` of the accessory, or `<service>-<name>`.
    pub service_name: String,
    /// The image, prefixed with the accessory's own registry server if it has one.
    pub image: String,
    /// The accessory's own registry.
    pub registry: Option<Registry>,
    /// Hosts, resolved from `host(s)`, `role(s)` or `tag(s)`.
    pub hosts: Vec<String>,
    /// `cmd`, verbatim.
    pub command: Option<String>,
    /// Published port, as `host:container`.
    pub port: Option<String>,
    /// Environment.
    pub environment: Environment,
    /// Volumes, verbatim.
    pub volumes: Vec<String>,
    /// Files of the project that are uploaded and mounted.
    pub files: Vec<File>,
    /// Directories created on the host and mounted.
    pub directories: Vec<Directory>,
    /// Custom labels.
    pub labels: IndexMap<String, Option<String>>,
    /// Options for `docker run`, without `restart`.
    pub options: Vec<(String, Option<String>)>,
    /// The restart policy, `unless-stopped` unless set.
    pub restart: String,
    /// docker network, `kamal` unless set.
    pub network: String,
    /// Arguments for docker's log driver (the project's).
    pub logging: Logging,
    /// How the proxy reaches the accessory, if it does.
    pub proxy: Option<Proxy>,
}

/// A file of an accessory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path in the project. A name that ends in `erb` is a template.
    pub source: String,
    /// Path on the host: relative to the ssh user's home, already prefixed with the accessory's service name.
    pub host_path: String,
    /// Path in the container.
    pub container_path: String,
    /// Mount options such as `ro`.
    pub options: Option<String>,
    /// Mode for `chmod`, `755` unless set.
    pub mode: String,
    /// Owner for `chown`.
    pub owner: Option<String>,
}

/// A directory of an accessory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Path on the host: absolute, or relative to `$PWD` (the ssh user's home), already prefixed with the accessory's service name.
    pub host_path: String,
    /// Path in the container.
    pub container_path: String,
    /// Mount options such as `z`.
    pub options: Option<String>,
    /// Mode for `chmod`.
    pub mode: Option<String>,
    /// Owner for `chown`.
    pub owner: Option<String>,
}

/// How the image is built.
#[derive(Debug, Clone, PartialEq)]
pub struct Builder {
    /// Architectures, at least one.
    pub arches: Vec<String>,
    /// `remote`: URL of a docker that builds what this machine does not.
    pub remote: Option<String>,
    /// `local`: whether this machine builds for its own architecture; `true` unless set.
    pub local: bool,
    /// `pack`: buildpacks instead of a Dockerfile.
    pub pack: Option<Pack>,
    /// `cache`, where layers are kept between builds.
    pub cache: Option<Cache>,
    /// `context`; absent means a clean git clone is built.
    pub context: Option<String>,
    /// `dockerfile`, `Dockerfile` unless set.
    pub dockerfile: String,
    /// `target`.
    pub target: Option<String>,
    /// Build arguments.
    pub args: IndexMap<String, Option<String>>,
    /// Names of build secrets.
    pub secrets: Vec<String>,
    /// `ssh`: keys or agents that the build may use, as `docker buildx build --ssh` takes them.
    pub ssh: Option<String>,
    /// buildx driver, `docker-container` unless set; `cloud ORGANISATION/BUILDER` names a builder of Docker's.
    pub driver: String,
    /// `provenance`, as buildx takes it.
    pub provenance: Option<String>,
    /// `sbom`.
    pub sbom: Option<bool>,
}

/// Who builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuilderKind {
    /// This machine.
    Local,
    /// Another docker.
    Remote,
    /// This machine for its own architecture, another docker for the rest.
    Hybrid,
    /// Buildpacks on this machine.
    Pack,
    /// A builder of Docker's.
    Cloud,
}

/// Buildpacks and the builder that knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Image of the builder.
    pub builder: String,
    /// Buildpacks, in order.
    pub buildpacks: Vec<String>,
}

/// Where layers are kept between builds, as buildx takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// `--cache-to`.
    pub to: String,
    /// `--cache-from`.
    pub from: String,
}

/// How hosts are booted in groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Boot {
    /// How many hosts boot at once; absent means all.
    pub limit: Option<Limit>,
    /// Seconds between groups.
    pub wait: Option<u64>,
    /// Whether roles of one host boot side by side.
    pub parallel_roles: bool,
}

/// A number of hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// So many.
    Hosts(u64),
    /// A share of all hosts, accessory-only ones included, at least one.
    Percent(u64),
}

/// How hosts are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// The user, `root` unless set.
    pub user: String,
    /// The port as it is written, `22` unless set; where it is no number, no host can be reached.
    pub port: String,
    /// Jump host `[user@]host`; the user is filled in (`root`).
    pub proxy: Option<String>,
    /// ProxyCommand; `proxy` wins.
    pub proxy_command: Option<String>,
    /// Private key files, as written (`~` is expanded by ssh).
    pub keys: Vec<String>,
    /// Names of the secrets that hold private keys; a key that stands in the file itself is moved to [`Configuration::literals`].
    pub key_data: Vec<String>,
    /// How much ssh tells on standard error: nothing unless asked.
    pub log_level: SshLogLevel,
    /// Whether only `keys` are offered.
    pub keys_only: bool,
    /// `config`: `None` reads ssh's own files, `Some([])` none, else these.
    pub config: Option<Vec<String>>,
    /// Whether the operator's agent is forwarded. Kamal forwards unless told otherwise.
    pub forward_agent: bool,
}

impl Ssh {
    /// The port, if it is one.
    pub fn port_number(&self) -> Option<u16> {
        self.port.parse().ok().filter(|port| *port > 0)
    }
}

/// How much ssh tells about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SshLogLevel {
    /// Nothing but what ends a run: `fatal` and `error`.
    #[default]
    Nothing,
    /// What it says of its own: `warn` and `info`.
    Warnings,
    /// Every step of making a connection: `debug`.
    Everything,
}

/// How connections are made and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SshKit {
    /// How many connections are made at the same time, 30 unless set.
    pub max_concurrent_starts: u64,
    /// Seconds after which an unused connection is made anew, 900 unless set.
    pub pool_idle_timeout: u64,
    /// How often a name that cannot be resolved is tried again, 3 unless set.
    pub dns_retries: u64,
}

/// `hooks_output`: how much is shown of what hook scripts write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HooksOutput {
    /// What holds for every script.
    pub all: Option<HookOutput>,
    /// What holds for a script by its name; nothing holds for the others then.
    pub by_script: IndexMap<String, HookOutput>,
}

/// How much is shown of a hook script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookOutput {
    /// Not even that it runs.
    Quiet,
    /// Every line it writes.
    Verbose,
}

impl HooksOutput {
    /// What holds for the script of this name.
    pub fn of(&self, script: &str) -> Option<HookOutput> {
        self.by_script.get(script).copied().or(self.all)
    }
}

/// `output`: loggers of subcommands that change machines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputLoggers {
    /// `file.path`: the folder that gets a file per run.
    pub file: Option<String>,
    /// `otel.endpoint`: the OpenTelemetry collector that gets a record per line.
    pub otel: Option<String>,
}

/// One entry of `x-plugins`.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    /// The key in the file.
    pub name: String,
    /// `source`, as written: a path relative to the project, `https://…` or `oci://…`.
    pub source: String,
    /// `digest`: the only component that is taken, `sha256:…`.
    pub digest: Option<String>,
    /// `key`: a file with the public key that has to have signed it, relative to the project.
    pub key: Option<String>,
    /// `match.registry`: a pattern (`*`, `?`) for the registry server whose login the plugin takes over.
    pub registry_pattern: Option<String>,
    /// `match.adapter`: the name by which `secrets fetch` asks it, the key in the file if none is given.
    pub adapter: String,
    /// `grants.secrets`: names of secrets it may use, without seeing them.
    pub secrets: Vec<String>,
    /// `grants.reveal`: names of secrets whose values it may see.
    pub reveal: Vec<String>,
    /// `grants.network`: where it may connect to, `host:port`.
    pub network: Vec<String>,
    /// `grants.programs`: programs that its steps may run, wherever that is, or the plugin itself on the operator's machine.
    pub programs: Vec<String>,
    /// `grants.variables`: variables of the operator's environment that it may look at.
    pub variables: Vec<String>,
    /// `grants.files`: files of the project that it may read.
    pub files: Vec<String>,
    /// `limits`: where it differs from the usual ones.
    pub limits: PluginLimits,
    /// `mode`: what becomes of a policy's objections; enforced if absent.
    pub mode: Option<PolicyMode>,
    /// `override`: whether the operator may set a policy's objections aside.
    pub may_override: bool,
    /// The folder of policies that it comes from; absent for the project's own.
    pub folder: Option<String>,
    /// `with`: the plugin's own settings.
    pub settings: Node,
}

/// What becomes of a policy's objections to a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyMode {
    /// They are noted.
    Monitor,
    /// The operator is warned.
    Warn,
    /// The plan is denied.
    #[default]
    Enforce,
}

impl PolicyMode {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

/// The limits of a call that a project sets for a plugin; absent is the usual one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginLimits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// The time it may take, without what it waits for.
    pub time: Option<std::time::Duration>,
    /// Bytes of text it may give.
    pub output: Option<u64>,
    /// Steps it may propose.
    pub steps: Option<u64>,
    /// Calls of the host, and handles it may hold.
    pub calls: Option<u64>,
}

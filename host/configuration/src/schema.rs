//! Every key Kamal 2.12 knows, with the type it must have.
//!
//! Data only. What types mean and what is said when they do not fit is in `validate`; rules that look at more than one key are in
//! `sections` and `rules`.

/// One key of a section.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What a value must be.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// `should be a string`; numbers, booleans and symbols count as strings.
    Text,
    /// `should be an integer`.
    Integer,
    /// `should be a boolean`.
    Boolean,
    /// `should be a hash`; what is inside is checked elsewhere or is free.
    Hash,
    /// `should be an array or a hash`.
    ListOrHash,
    /// `should be a boolean or a hash`.
    BooleanOrHash,
    /// A section that is also switched on and off with a boolean where a role has it.
    Proxy,
    /// A list of texts.
    Texts,
    /// A text or a list of texts.
    TextOrTexts,
    /// A map of texts.
    Labels,
    /// A list of hosts, each possibly with tags.
    Hosts,
    /// A list of `local:remote` texts or of maps.
    Paths,
    /// `ssh.config`.
    SshConfig,
    /// `hooks_output`.
    HooksOutput,
    /// A section within a section.
    Section(&'static [Key]),
}

const fn key(name: &'static str, kind: Kind) -> Key {
    Key { name, kind }
}

/// The root.
pub(crate) const ROOT: &[Key] = &[
    key("service", Kind::Text),
    key("image", Kind::Text),
    key("labels", Kind::Labels),
    key("volumes", Kind::Texts),
    key("registry", Kind::Hash),
    key("servers", Kind::ListOrHash),
    key("env", Kind::Hash),
    key("asset_path", Kind::Text),
    key("hooks_path", Kind::Text),
    key("hooks_output", Kind::HooksOutput),
    key("secrets_path", Kind::Text),
    key("error_pages_path", Kind::Text),
    key("require_destination", Kind::Boolean),
    key("primary_role", Kind::Text),
    key("allow_empty_roles", Kind::Boolean),
    key("retain_containers", Kind::Integer),
    key("minimum_version", Kind::Text),
    key("readiness_delay", Kind::Integer),
    key("deploy_timeout", Kind::Integer),
    key("drain_timeout", Kind::Integer),
    key("stop_timeout", Kind::Integer),
    key("run_directory", Kind::Text),
    key("ssh", Kind::Hash),
    key("builder", Kind::Hash),
    key("accessories", Kind::Hash),
    key("proxy", Kind::Proxy),
    key("sshkit", Kind::Hash),
    key("boot", Kind::Hash),
    key("logging", Kind::Hash),
    key("output", Kind::Hash),
    key("aliases", Kind::Hash),
];

/// A role that is written as a map.
pub(crate) const ROLE: &[Key] = &[
    key("hosts", Kind::Hosts),
    key("cmd", Kind::Text),
    key("options", Kind::Hash),
    key("logging", Kind::Hash),
    key("proxy", Kind::Proxy),
    key("labels", Kind::Labels),
    key("env", Kind::Hash),
    key("asset_path", Kind::Text),
    key("stop_timeout", Kind::Integer),
];

/// A registry, without `username` and `password`, which have rules of their own.
pub(crate) const REGISTRY: &[Key] = &[key("server", Kind::Text)];

/// The keys of [`REGISTRY`] that are checked apart.
pub(crate) const CREDENTIALS: [&str; 2] = ["username", "password"];

/// An accessory.
pub(crate) const ACCESSORY: &[Key] = &[
    key("service", Kind::Text),
    key("image", Kind::Text),
    key("registry", Kind::Hash),
    key("host", Kind::Text),
    key("hosts", Kind::Hosts),
    key("role", Kind::Text),
    key("roles", Kind::Texts),
    key("tag", Kind::Text),
    key("tags", Kind::Texts),
    key("cmd", Kind::Text),
    key("port", Kind::Text),
    key("labels", Kind::Labels),
    key("options", Kind::Hash),
    key("env", Kind::Hash),
    key("files", Kind::Paths),
    key("directories", Kind::Paths),
    key("volumes", Kind::Texts),
    key("network", Kind::Text),
    key("proxy", Kind::Proxy),
];

/// The keys of [`ACCESSORY`] of which exactly one says where it runs.
pub(crate) const PLACES: [&str; 6] = ["host", "hosts", "role", "roles", "tag", "tags"];

/// The keys of a path that is written as a map.
pub(crate) const PATH: [&str; 5] = ["local", "remote", "mode", "owner", "options"];

/// How hosts are booted in groups.
pub(crate) const BOOT: &[Key] =
    &[key("limit", Kind::Text), key("wait", Kind::Integer), key("parallel_roles", Kind::Boolean)];

/// How the image is built.
pub(crate) const BUILDER: &[Key] = &[
    key("driver", Kind::Text),
    key("arch", Kind::TextOrTexts),
    key("remote", Kind::Text),
    key("local", Kind::Boolean),
    key("pack", Kind::Section(&[key("builder", Kind::Text), key("buildpacks", Kind::Texts)])),
    key("cache", Kind::Section(&[key("type", Kind::Text), key("options", Kind::Text), key("image", Kind::Text)])),
    key("context", Kind::Text),
    key("dockerfile", Kind::Text),
    key("target", Kind::Text),
    key("args", Kind::Hash),
    key("secrets", Kind::Texts),
    key("ssh", Kind::Text),
    key("provenance", Kind::Text),
    key("sbom", Kind::Boolean),
];

/// docker's log driver.
pub(crate) const LOGGING: &[Key] = &[key("driver", Kind::Text), key("options", Kind::Hash)];

/// Where Kamal writes its own logs.
pub(crate) const OUTPUT: &[Key] = &[
    key("otel", Kind::Section(&[key("endpoint", Kind::Text)])),
    key("file", Kind::Section(&[key("path", Kind::Text)])),
];

/// How kamal-proxy reaches a container.
pub(crate) const PROXY: &[Key] = &[
    key("host", Kind::Text),
    key("hosts", Kind::Hosts),
    key("app_port", Kind::Integer),
    key("ssl", Kind::BooleanOrHash),
    key("ssl_redirect", Kind::Boolean),
    key("forward_headers", Kind::Boolean),
    key("response_timeout", Kind::Integer),
    key("path_prefix", Kind::Text),
    key("path_prefixes", Kind::Texts),
    key("strip_path_prefix", Kind::Boolean),
    key(
        "healthcheck",
        Kind::Section(&[key("interval", Kind::Integer), key("path", Kind::Text), key("timeout", Kind::Integer)]),
    ),
    key(
        "buffering",
        Kind::Section(&[
            key("requests", Kind::Boolean),
            key("responses", Kind::Boolean),
            key("max_request_body", Kind::Integer),
            key("max_response_body", Kind::Integer),
            key("memory", Kind::Integer),
        ]),
    ),
    key("logging", Kind::Section(&[key("request_headers", Kind::Texts), key("response_headers", Kind::Texts)])),
    key("run", Kind::Section(PROXY_RUN)),
];

/// How the kamal-proxy container itself is started.
pub(crate) const PROXY_RUN: &[Key] = &[
    key("http_port", Kind::Integer),
    key("https_port", Kind::Integer),
    key("metrics_port", Kind::Integer),
    key("debug", Kind::Boolean),
    key("log_max_size", Kind::Text),
    key("publish", Kind::Boolean),
    key("bind_ips", Kind::Texts),
    key("registry", Kind::Text),
    key("repository", Kind::Text),
    key("version", Kind::Text),
    key("options", Kind::Hash),
];

/// How hosts are reached.
pub(crate) const SSH: &[Key] = &[
    key("user", Kind::Text),
    key("port", Kind::Text),
    key("proxy", Kind::Text),
    key("proxy_command", Kind::Text),
    key("log_level", Kind::Text),
    key("keys_only", Kind::Boolean),
    key("keys", Kind::Texts),
    key("key_data", Kind::Texts),
    key("config", Kind::SshConfig),
    key("forward_agent", Kind::Boolean),
];

/// How connections are made and kept.
pub(crate) const SSHKIT: &[Key] = &[
    key("max_concurrent_starts", Kind::Integer),
    key("pool_idle_timeout", Kind::Integer),
    key("dns_retries", Kind::Integer),
];

/// Kamal's own commands, which an alias must not be named like.
pub(crate) const COMMANDS: [&str; 23] = [
    "accessory",
    "app",
    "audit",
    "build",
    "config",
    "deploy",
    "details",
    "docs",
    "help",
    "init",
    "lock",
    "proxy",
    "prune",
    "redeploy",
    "registry",
    "remove",
    "rollback",
    "secrets",
    "server",
    "setup",
    "tree",
    "upgrade",
    "version",
];

/// Labels that Kamal sets itself.
pub(crate) const RESERVED_LABELS: [&str; 3] = ["destination", "role", "service"];

/// Values of a restart policy, besides `on-failure:N`.
pub(crate) const RESTART_POLICIES: [&str; 4] = ["no", "always", "unless-stopped", "on-failure"];

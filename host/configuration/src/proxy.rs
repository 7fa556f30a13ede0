//! Builds a [`Proxy`] from settings that have been checked and merged.

use core::net::Ipv6Addr;

use crate::arguments::{number, options, split_at_commas, text, texts};
use crate::error::ConfigurationError;
use crate::model::{Certificate, Proxy, ProxyRun};
use crate::node::{Node, Value};

/// Headers of a request that kamal-proxy logs unless told otherwise.
const LOGGED_REQUEST_HEADERS: [&str; 3] = ["Cache-Control", "Last-Modified", "User-Agent"];

/// The proxy's port for HTTP, inside its container and on hosts unless told otherwise.
const HTTP_PORT: u64 = 80;

/// The same for HTTPS.
const HTTPS_PORT: u64 = 443;

/// Where the proxy's image comes from unless told otherwise.
const REPOSITORY: &str = "basecamp/kamal-proxy";

/// The proxy's version unless told otherwise.
const VERSION: &str = "v0.9.2";

/// How long kamal-proxy waits, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) deploy: u64,
    pub(crate) drain: u64,
}

/// The proxy before a role or an accessory; `path` is where its section stands.
pub(crate) fn build(node: &Node, timeouts: Timeouts, path: &str) -> Result<Proxy, ConfigurationError> {
    Ok(Proxy {
        app_port: number(Some(node), "app_port", &format!("{path}/app_port"))?.unwrap_or(80),
        hosts: hosts(node),
        ssl: node.get("ssl").is_some_and(Node::is_truthy),
        certificate: certificate(node),
        options: deploy_options(node, timeouts),
        deploy_timeout: timeouts.deploy,
        run: match node.get("run").filter(|run| !run.is_blank()) {
            Some(run) => Some(proxy_run(run, &format!("{path}/run"))?),
            None => None,
        },
    })
}

/// The hosts that are routed here: `hosts`, or `host` split at commas.
pub(crate) fn hosts(node: &Node) -> Vec<String> {
    match node.get("hosts").and_then(Node::as_list) {
        Some(items) => items.iter().map(host).collect(),
        None => node.get("host").map(|host| split_at_commas(&host.to_ruby_string())).unwrap_or_default(),
    }
}

/// Names of the secrets of the project's own certificate.
fn certificate(node: &Node) -> Option<Certificate> {
    let name = |key: &str| text(node.get("ssl"), key).filter(|name| !name.trim().is_empty());
    Some(Certificate { certificate: name("certificate_pem")?, private_key: name("private_key_pem")? })
}

/// How the proxy's own container is started.
fn proxy_run(node: &Node, path: &str) -> Result<ProxyRun, ConfigurationError> {
    let own = Some(node);
    let port = |key: &str, otherwise: u64| Ok(number(own, key, &format!("{path}/{key}"))?.unwrap_or(otherwise));
    let (http, https) = (port("http_port", HTTP_PORT)?, port("https_port", HTTPS_PORT)?);
    let filled = |key: &str| text(own, key).filter(|text| !text.trim().is_empty());
    let log_max_size = if node.get("log_max_size").is_some() { filled("log_max_size") } else { Some("10m".to_owned()) };
    let publishes = node.get("publish").is_none_or(Node::is_truthy);
    let repository = filled("repository").unwrap_or_else(|| REPOSITORY.to_owned());
    let version = filled("version").unwrap_or_else(|| VERSION.to_owned());
    Ok(ProxyRun {
        publish: if publishes { published(&texts(node.get("bind_ips")), http, https) } else { Vec::new() },
        log_max_size,
        metrics_port: number(own, "metrics_port", &format!("{path}/metrics_port"))?,
        debug: node.get("debug").is_some_and(Node::is_truthy),
        image: format!(
            "{}:{version}",
            filled("registry").into_iter().chain([repository]).collect::<Vec<_>>().join("/")
        ),
        options: options(node.get("options").and_then(Node::as_map)),
    })
}

/// The proxy's two ports as docker publishes them: on every address, or on these.
pub fn published(addresses: &[String], http: u64, https: u64) -> Vec<String> {
    let pair = |before: String| [format!("{before}{http}:{HTTP_PORT}"), format!("{before}{https}:{HTTPS_PORT}")];
    if addresses.is_empty() {
        return pair(String::new()).into();
    }
    let prefix = |address: &String| match address.parse::<Ipv6Addr>() {
        Ok(_) => format!("[{address}]:"),
        Err(_) => format!("{address}:"),
    };
    addresses.iter().flat_map(|address| pair(prefix(address))).collect()
}

/// The options of `kamal-proxy deploy` after hosts and TLS, in Kamal's order.
fn deploy_options(node: &Node, timeouts: Timeouts) -> Vec<(String, Option<String>)> {
    let at = |pointer: &str| node.pointer(pointer).filter(|value| !value.is_null());
    let mut options = Options(Vec::new());
    options.set("deploy-timeout", &format!("{}s", timeouts.deploy));
    options.set("drain-timeout", &format!("{}s", timeouts.drain));
    options.seconds("health-check-interval", at("/healthcheck/interval"));
    options.seconds("health-check-timeout", at("/healthcheck/timeout"));
    options.value("health-check-path", at("/healthcheck/path"));
    options.seconds("target-timeout", at("/response_timeout"));
    options.switch("buffer-requests", at("/buffering/requests"), true);
    options.switch("buffer-responses", at("/buffering/responses"), true);
    options.value("buffer-memory", at("/buffering/memory"));
    options.value("max-request-body", at("/buffering/max_request_body"));
    options.value("max-response-body", at("/buffering/max_response_body"));
    let prefixes = match at("/path_prefixes") {
        Some(prefixes) => texts(Some(prefixes)),
        None => at("/path_prefix").map(|prefix| split_at_commas(&prefix.to_ruby_string())).unwrap_or_default(),
    };
    options.repeat("path-prefix", &prefixes);
    options.value("strip-path-prefix", at("/strip_path_prefix"));
    options.value("forward-headers", at("/forward_headers"));
    options.value("tls-redirect", at("/ssl_redirect"));
    let logged = match at("/logging/request_headers") {
        Some(headers) => texts(Some(headers)),
        None => LOGGED_REQUEST_HEADERS.map(str::to_owned).to_vec(),
    };
    options.repeat("log-request-header", &logged);
    options.repeat("log-response-header", &texts(at("/logging/response_headers")));
    options.0
}

struct Options(Vec<(String, Option<String>)>);

impl Options {
    fn set(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), Some(value.to_owned())));
    }

    fn seconds(&mut self, name: &str, node: Option<&Node>) {
        if let Some(node) = node {
            self.set(name, &format!("{}s", node.to_ruby_string()));
        }
    }

    /// `true` is a bare flag, everything else its text.
    fn value(&mut self, name: &str, node: Option<&Node>) {
        match node.map(|node| &node.value) {
            None => {}
            Some(Value::Bool(true)) => self.0.push((name.to_owned(), None)),
            Some(_) => self.set(name, &node.map(Node::to_ruby_string).unwrap_or_default()),
        }
    }

    fn switch(&mut self, name: &str, node: Option<&Node>, otherwise: bool) {
        match node {
            Some(node) => self.value(name, Some(node)),
            None if otherwise => self.0.push((name.to_owned(), None)),
            None => {}
        }
    }

    fn repeat(&mut self, name: &str, values: &[String]) {
        for value in values {
            self.set(name, value);
        }
    }
}

fn host(node: &Node) -> String {
    match node.as_map().and_then(|map| map.first()) {
        Some((host, _)) => host.clone(),
        None => node.to_ruby_string(),
    }
}

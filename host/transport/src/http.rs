//! What is sent over HTTP: records for a log collector, and requests of plugins that were granted them.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig};

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How long the collector may take to read and to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// A place that takes JSON over HTTP. Certificates are checked against those that this machine trusts.
pub struct Collector {
    agent: Agent,
    address: String,
}

impl Collector {
    /// The collector at an address, which is not connected to yet.
    pub fn new(address: impl Into<String>) -> Self {
        let agent = Agent::config_builder()
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_send_body(Some(ANSWER))
            .timeout_recv_response(Some(ANSWER))
            .timeout_recv_body(Some(ANSWER))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build();
        Self { agent: agent.into(), address: address.into() }
    }

    /// Posts a document, or tells why it was not taken. Blocks, for as long as the limits above say.
    pub fn post(&self, json: &str) -> Result<(), String> {
        let answer = self.agent.post(&self.address).header("Content-Type", "application/json").send(json);
        answer.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// How long a plugin's request may take from its first byte to the last of the answer.
const REQUEST: Duration = Duration::from_secs(30);

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// 200, 404, …
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What came.
    pub body: Vec<u8>,
}

/// Sends a request and waits for the answer, of which at most `limit` bytes are taken. Redirects are not followed, and proxies of the
/// environment are not used: whoever allowed the request allowed this host.
///
/// # Errors
/// Why there is no answer. Nothing of the request stands in it: it may hold secrets.
pub fn send(
    method: &str,
    url: &SecretString,
    headers: &[(String, SecretString)],
    body: Option<&SecretString>,
    limit: u64,
) -> Result<HttpAnswer, String> {
    let agent: Agent = Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(REQUEST))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
        .into();
    let mut request = Request::builder().method(method).uri(url.expose_secret());
    for (name, value) in headers {
        request = request.header(name, value.expose_secret());
    }
    let body = body.map(|body| body.expose_secret().to_string()).unwrap_or_default();
    let request = request.body(body).map_err(|_| "the request makes no sense".to_string())?;
    let mut answer = agent.run(request).map_err(|error| error.to_string())?;
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(limit).read_to_vec().map_err(|error| error.to_string())?;
    Ok(HttpAnswer { status, headers, body })
}

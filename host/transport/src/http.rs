//! Records for a log collector: the only thing that is sent over HTTP.

use std::time::Duration;

use ureq::Agent;
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

//! Components on the web: over TLS, without a login.

use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::SIZE;

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(20);

/// How long the whole may take.
const WHOLE: Duration = Duration::from_secs(300);

/// Why nothing came.
pub(crate) enum Absence {
    /// There is no such thing.
    Missing,
    /// It is too large.
    TooLarge,
    /// Anything else.
    Failed(String),
}

/// What is behind an address. Redirects are followed as long as they stay with TLS.
pub(crate) fn get(address: &str) -> Result<Vec<u8>, Absence> {
    let agent: Agent = Agent::config_builder()
        .https_only(true)
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(WHOLE))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
        .into();
    let mut answer = agent.get(address).call().map_err(absence)?;
    answer.body_mut().with_config().limit(SIZE as u64).read_to_vec().map_err(absence)
}

fn absence(error: ureq::Error) -> Absence {
    match error {
        ureq::Error::StatusCode(404 | 410) => Absence::Missing,
        ureq::Error::BodyExceedsLimit(_) => Absence::TooLarge,
        other => Absence::Failed(other.to_string()),
    }
}

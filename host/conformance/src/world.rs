//! A made-up world outside: it answers everything, and its secrets are planted.

use manifest::Capabilities;
use plugin_runtime::{Call, HttpRequest, HttpResponse, Outcome, Outside};
use secrecy::SecretString;

/// What the value of every secret ends with: it must never be seen again.
pub(crate) const PLANTED: &str = "planted-5ecret-value-9f27";

/// The value of every secret. For a plugin that reaches the network it is an address there: secrets may be where requests go.
pub(crate) fn planted(asked: &Capabilities) -> String {
    let Some((host, port)) = asked.network.first().and_then(|entry| entry.rsplit_once(':')) else {
        return PLANTED.to_string();
    };
    let host =
        if host.trim_matches('*').is_empty() { "kit.example.com".to_string() } else { host.replace(['*', '?'], "x") };
    let port = if port.parse::<u16>().is_ok() { port } else { "443" };
    format!("https://{host}:{port}/{PLANTED}")
}

/// The world.
pub(crate) struct World {
    /// The value of every secret.
    pub planted: String,
}

impl Outside for World {
    fn send(&self, _: &HttpRequest) -> Result<HttpResponse, String> {
        let headers = vec![("content-type".to_string(), "application/json".to_string())];
        Ok(HttpResponse { status: 200, headers, body: b"{}".to_vec() })
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(b"{}".to_vec())
    }

    fn run(&self, _: &Call) -> Outcome {
        Outcome { exit: 0, stdout: String::new() }
    }

    fn variable(&self, _: &str) -> Option<String> {
        Some("eu-west-1".to_string())
    }

    fn secret(&self, _: &str) -> Result<SecretString, String> {
        Ok(SecretString::from(self.planted.clone()))
    }

    fn now(&self) -> u64 {
        1_769_853_600
    }
}

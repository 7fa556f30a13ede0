//! A made-up world outside: it answers everything, and its secrets are planted.

use plugin_runtime::{Call, HttpRequest, HttpResponse, Outcome, Outside};
use secrecy::SecretString;

/// The value of every secret: it must never be seen again.
pub(crate) const PLANTED: &str = "planted-5ecret-value-9f27";

/// The world.
pub(crate) struct World;

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
        Ok(SecretString::from(PLANTED))
    }

    fn now(&self) -> u64 {
        1_769_853_600
    }
}

//! Why an image did not get where it should.

use std::path::PathBuf;

use oci_client::errors::OciDistributionError as Cause;

/// A reason that a reader can act on. No secret is in it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OciError {
    /// No image can have this name.
    #[error("`{name}` is no name of an image: {reason}")]
    Name { name: String, reason: String },
    /// A certificate that docker has for the registry is none.
    #[error("use the certificate {path}: {reason}")]
    Certificate { path: PathBuf, reason: String },
    /// The registry cannot be spoken to.
    #[error("reach {server}: {reason}")]
    Unreachable { server: String, reason: String },
    /// The registry does not know who asks, or does not let them.
    #[error("{what}: {server} refuses the login")]
    Unauthorized { server: String, what: String },
    /// The registry has no such thing.
    #[error("{what}: {server} does not have it")]
    Missing { server: String, what: String },
    /// The registry says no.
    #[error("{what}: {server} answered {reason}")]
    Refused { server: String, what: String, reason: String },
    /// What came is not what was asked for, or too much.
    #[error("{what}: {reason}")]
    Unusable { what: String, reason: String },
    /// A file of this machine.
    #[error("read {path}: {reason}")]
    File { path: PathBuf, reason: String },
}

impl OciError {
    /// What a registry's client says, in our words. `what` was being done.
    pub(crate) fn of(server: &str, what: &str, cause: Cause) -> Self {
        let (server, what) = (server.to_string(), what.to_string());
        match cause {
            Cause::UnauthorizedError { .. } | Cause::AuthenticationFailure(_) => Self::Unauthorized { server, what },
            Cause::ImageManifestNotFoundError(_) => Self::Missing { server, what },
            Cause::ServerError { code, message, .. } => Self::of_status(server, what, code, &said(&message)),
            Cause::RegistryError { envelope, .. } => {
                let unknown = |code: &str| code.ends_with("Unknown") || code.ends_with("NotFound");
                let codes: Vec<String> = envelope.errors.iter().map(|error| format!("{:?}", error.code)).collect();
                if codes.iter().any(|code| unknown(code)) {
                    return Self::Missing { server, what };
                }
                let texts = envelope.errors.iter().zip(&codes);
                let texts: Vec<String> = texts
                    .map(|(error, code)| if error.message.is_empty() { code.clone() } else { error.message.clone() })
                    .collect();
                Self::Refused { server, what, reason: texts.join("; ") }
            }
            Cause::RequestError(error) => match error.status() {
                Some(status) => Self::of_status(server, what, status.as_u16(), ""),
                None => Self::Unreachable { server, reason: chain(&error) },
            },
            Cause::DigestError(_) => Self::Unusable { what, reason: "what came has another digest".to_string() },
            Cause::IoError(error) => Self::Unusable { what, reason: chain(&error) },
            other => Self::Refused { server, what, reason: other.to_string() },
        }
    }

    fn of_status(server: String, what: String, status: u16, said: &str) -> Self {
        match status {
            401 | 403 => Self::Unauthorized { server, what },
            404 => Self::Missing { server, what },
            _ => Self::Refused { server, what, reason: format!("{status} {said}").trim_end().to_string() },
        }
    }
}

/// The first message in an answer's JSON, or the beginning of whatever else it is.
fn said(body: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let message = json["errors"][0]["message"].as_str().unwrap_or(body);
    message.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

/// An error and what it comes from. The innermost says most.
fn chain(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let reason = innermost.to_string();
    match reason.contains("CaUsedAsEndEntity") {
        true => "its certificate is one for signing others (CA:TRUE), which no server may show".to_string(),
        false => reason,
    }
}

//! What one call may reach of the world outside: what the manifest asks for and the project grants, and nothing while planning.

use std::sync::Arc;

use manifest::{Capabilities, Kind};
use plan::hooks::Refusal;
use secrecy::SecretString;

use crate::lookup::{Call, Outcome};

/// The world outside, for hooks that act. What may be asked of it is decided here; how it is done, by whoever implements it.
pub trait Outside: Send + Sync {
    /// Sends a request to where it was allowed to go. Redirects are not followed.
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, String>;
    /// The content of a file, by its path relative to the project. Must lead nowhere else.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
    /// Runs a program to its end.
    fn run(&self, call: &Call) -> Outcome;
    /// The value of a variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;
    /// The value of a secret of the project.
    fn secret(&self, name: &str) -> Result<SecretString, String>;
    /// Seconds since 1970-01-01 UTC.
    fn now(&self) -> u64;
}

/// A request with its secrets in place.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// The whole address.
    pub url: SecretString,
    /// Names and values.
    pub headers: Vec<(String, SecretString)>,
    /// What is sent, if anything.
    pub body: Option<SecretString>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// 200, 404, …
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What came.
    pub body: Vec<u8>,
}

/// What a call may reach.
#[derive(Clone)]
pub(crate) enum Access {
    /// Nothing.
    Planning,
    /// What is both asked for and granted.
    Acting(Box<Reach>),
}

/// What a plugin asks for, what it is granted, and the way there.
#[derive(Clone)]
pub(crate) struct Reach {
    pub asked: Asked,
    pub granted: Capabilities,
    pub outside: Arc<dyn Outside>,
}

/// What a plugin asks for.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// What its manifest says.
    ByManifest(Capabilities),
    /// Contract 0.1.0 knew no manifests: what the project grants is what it asks for.
    WithoutManifest,
}

impl Asked {
    pub fn covers(&self, kind: Kind, name: &str) -> bool {
        match self {
            Self::ByManifest(capabilities) => capabilities.covers(kind, name),
            Self::WithoutManifest => true,
        }
    }

    /// What of a kind a plugin may use where this is granted.
    pub fn effective(&self, granted: &Capabilities, kind: Kind) -> Vec<String> {
        match self {
            Self::ByManifest(capabilities) => capabilities.shared_with(granted, kind),
            Self::WithoutManifest => granted.of(kind).to_vec(),
        }
    }
}

impl Access {
    /// The way outside, if this may be reached.
    pub fn check(&self, kind: Kind, name: &str) -> Result<Arc<dyn Outside>, Refusal> {
        match self {
            Self::Planning => Err(Refusal::Planning),
            Self::Acting(reach) if !reach.asked.covers(kind, name) => Err(Refusal::NotAsked),
            Self::Acting(reach) if !reach.granted.covers(kind, name) => Err(Refusal::NotGranted),
            Self::Acting(reach) => Ok(reach.outside.clone()),
        }
    }

    /// The way outside for what takes no capability.
    pub fn acting(&self) -> Result<Arc<dyn Outside>, Refusal> {
        match self {
            Self::Planning => Err(Refusal::Planning),
            Self::Acting(reach) => Ok(reach.outside.clone()),
        }
    }
}

/// A capability in words that fit after "reached for".
pub(crate) fn words(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Secrets => format!("the secret `{name}`"),
        Kind::Reveal => format!("the value of the secret `{name}`"),
        Kind::Network => format!("the network at `{name}`"),
        Kind::Programs => format!("the program `{name}`"),
        Kind::Variables => format!("the variable `{name}`"),
        Kind::Files => format!("the file `{name}`"),
    }
}

/// What the project grants to a plugin.
pub(crate) fn granted_to(entry: &configuration::Plugin) -> Capabilities {
    Capabilities {
        secrets: entry.secrets.clone(),
        reveal: entry.reveal.clone(),
        network: entry.network.clone(),
        programs: entry.programs.clone(),
        variables: entry.variables.clone(),
        files: entry.files.clone(),
    }
}

//! What an image is called.

use std::fmt;

use oci_client::Reference;

use crate::OciError;

/// A name as docker reads it: `app`, `ghcr.io/acme/app:v1`, `localhost:5000/app@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Reference);

impl Name {
    /// Reads a name. Without a server it is one of Docker Hub, without a tag or a digest it is `latest`.
    pub fn parse(text: &str) -> Result<Self, OciError> {
        let reference = text.parse::<Reference>();
        reference.map(Self).map_err(|error| OciError::Name { name: text.to_string(), reason: error.to_string() })
    }

    /// The server that requests go to, with its port: `ghcr.io`; `index.docker.io` for Docker Hub.
    pub fn server(&self) -> &str {
        self.0.resolve_registry()
    }

    /// The repository: `acme/app`.
    pub fn repository(&self) -> &str {
        self.0.repository()
    }

    /// The tag, if it has one.
    pub fn tag(&self) -> Option<&str> {
        self.0.tag()
    }

    /// The digest, if it has one.
    pub fn digest(&self) -> Option<&str> {
        self.0.digest()
    }

    /// The same repository's manifest with this tag or digest.
    pub fn of(&self, tag_or_digest: &str) -> Self {
        // Where a registry leaves out an answer's `Location`, the client takes the place from the tag: a digest may stand there as well.
        let (registry, repository) = (self.0.registry().to_string(), self.0.repository().to_string());
        Self(Reference::with_tag(registry, repository, tag_or_digest.to_string()))
    }

    /// The name in the client's own type.
    pub(crate) fn reference(&self) -> &Reference {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_docker_reads_them() {
        let check = |text: &str, server: &str, repository: &str, tag: Option<&str>| {
            let name = Name::parse(text).unwrap();
            assert_eq!((name.server(), name.repository(), name.tag()), (server, repository, tag), "{text}");
        };
        check("app", "index.docker.io", "library/app", Some("latest"));
        check("acme/app:v1", "index.docker.io", "acme/app", Some("v1"));
        check("ghcr.io/acme/app:v1", "ghcr.io", "acme/app", Some("v1"));
        check("localhost:5000/app", "localhost:5000", "app", Some("latest"));
        assert!(Name::parse("acme/App").is_err());
        let digest = format!("sha256:{}", "0f".repeat(32));
        assert_eq!(Name::parse("ghcr.io/acme/app:v1").unwrap().of(&digest).tag(), Some(digest.as_str()));
    }
}

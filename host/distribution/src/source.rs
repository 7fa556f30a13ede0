//! The three places that a plugin may come from.

use std::fmt;
use std::path::{Component, Path};

use crate::error::DistributionError;

/// Where a plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, relative to the project unless it begins with a slash.
    Path(String),
    /// An address that begins with `https://`.
    Web(String),
    /// A name in a registry, without `oci://`.
    Registry(oci::Name),
}

impl Source {
    /// Reads what stands behind `source:`.
    pub fn parse(text: &str) -> Result<Self, DistributionError> {
        let wrong =
            |reason: &str| DistributionError::Source { source_text: text.to_string(), reason: reason.to_string() };
        if let Some(name) = text.strip_prefix("oci://") {
            return oci::Name::parse(name).map(Self::Registry).map_err(|error| wrong(&error.to_string()));
        }
        match text.split_once("://") {
            Some(("https", rest)) if !rest.is_empty() => Ok(Self::Web(text.to_string())),
            Some(_) => Err(wrong("only `https://` and `oci://` are known")),
            None if text.trim().is_empty() => Err(wrong("it is empty")),
            None => Ok(Self::Path(text.to_string())),
        }
    }

    /// Whether it is a file that can only stand inside the project, so that whoever changes it could change the project, too.
    pub fn is_inside(&self, project: &Path) -> bool {
        let Self::Path(path) = self else { return false };
        let relative =
            Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let resolved = |path: &Path| path.canonicalize().ok();
        let leads_out = match (resolved(project), resolved(&project.join(path))) {
            (Some(project), Some(file)) => !file.starts_with(project),
            _ => false,
        };
        relative && !leads_out
    }

    /// A name for the plugin where it has none of its own: the last part, without ending and version.
    pub fn stem(&self) -> String {
        let last = match self {
            Self::Path(text) | Self::Web(text) => text.rsplit('/').next().unwrap_or_default(),
            Self::Registry(name) => name.repository().rsplit('/').next().unwrap_or_default(),
        };
        let stem = last.split(['?', '#', '.']).next().unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        stem.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(text) | Self::Web(text) => formatter.write_str(text),
            Self::Registry(name) => write!(formatter, "oci://{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart() {
        let kind = |text: &str| match Source::parse(text) {
            Ok(Source::Path(_)) => "path",
            Ok(Source::Web(_)) => "web",
            Ok(Source::Registry(_)) => "registry",
            Err(_) => "wrong",
        };
        let check = |text: &str, expected: &str, stem: &str| {
            let found = Source::parse(text).map(|source| source.stem()).unwrap_or_default();
            assert_eq!((kind(text), found.as_str()), (expected, stem), "{text}");
        };
        check("plugins/my_ecr.wasm", "path", "my-ecr");
        check("https://example.com/ecr-1.2.0.wasm?x=1", "web", "ecr-1");
        check("oci://ghcr.io/acme/ecr:1.2", "registry", "ecr");
        check("oci://GHCR.io/Acme", "wrong", "");
        check("http://example.com/ecr.wasm", "wrong", "");
        check("https://", "wrong", "");
        check("", "wrong", "");
    }

    #[test]
    fn a_link_does_not_lead_out_of_the_project() {
        let outside = tempfile::tempdir().expect("a folder");
        let project = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("x.wasm"), "").expect("a file");
        std::fs::write(project.path().join("x.wasm"), "").expect("a file");
        std::os::unix::fs::symlink(outside.path().join("x.wasm"), project.path().join("link.wasm")).expect("a link");
        let inside = |path: &str| Source::Path(path.to_string()).is_inside(project.path());
        assert!(inside("x.wasm") && inside("./x.wasm") && inside("missing.wasm"));
        assert!(!inside("link.wasm") && !inside("../x.wasm") && !inside("/x.wasm"));
    }
}

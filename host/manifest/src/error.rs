//! The one error of this crate.

use thiserror::Error;

/// Why a manifest cannot be read or embedded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// The text of a `plugin.toml` is wrong.
    #[error("{reason}")]
    Text {
        /// The line, beginning with 1, where one is at fault.
        line: Option<usize>,
        /// What is wrong there.
        reason: String,
    },
    /// The manifest inside a component is wrong: whoever built it has to act.
    #[error("the manifest in the component cannot be read: {reason}")]
    Embedded {
        /// What is wrong.
        reason: String,
    },
    /// The component carries more than one manifest, so it does not say what it asks for.
    #[error("the component carries more than one manifest")]
    Several,
    /// The bytes are no component.
    #[error("it is not a WebAssembly component: {reason}")]
    NoComponent {
        /// What the bytes lack.
        reason: String,
    },
}

impl ManifestError {
    /// An error of the TOML reader, with the line it is about.
    pub(crate) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        Self::Text { line, reason: error.message().lines().next().unwrap_or("it is no TOML").to_string() }
    }

    /// What to do about it where a component is at fault.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Text { .. } => None,
            Self::Embedded { .. } | Self::Several => {
                Some("its author has to build it anew, with `sextant plugin build`")
            }
            Self::NoComponent { .. } => Some("`sextant plugin build` makes a component of a plugin's folder"),
        }
    }

    /// The line of a `plugin.toml` that is at fault, beginning with 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Text { line, .. } => *line,
            _ => None,
        }
    }
}

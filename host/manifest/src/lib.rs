//! What a plugin says of itself: its name and version, the capabilities it asks for, the settings it takes.
//!
//! Authors write it as `plugin.toml`; a build puts it into the component as the custom section `sextant:manifest`, so that it travels
//! with the code whatever language that was written in. Pure: texts and bytes come in, nothing is read or run.

mod capabilities;
mod component;
mod error;
mod pattern;
mod producers;
mod settings;
mod surface;

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize};

pub use capabilities::{Capabilities, Kind};
pub use component::SECTION;
pub use error::ManifestError;
pub use producers::producers;
pub use settings::{Setting, SettingError, Type};
pub use surface::{CONTRACT, Surface};

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What it calls itself: small letters, digits and dashes.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// Its own version.
    pub version: Version,
    /// What it is for, in a line.
    #[serde(default, deserialize_with = "line", skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it asks for; nothing by default.
    #[serde(default, skip_serializing_if = "Capabilities::is_empty")]
    pub capabilities: Capabilities,
    /// The keys of `with:` that it takes.
    #[serde(default, deserialize_with = "settings::named", skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Setting>,
}

impl Manifest {
    /// Reads a `plugin.toml`. Errors name the line.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        toml::from_str(text).map_err(|error| ManifestError::of_toml(text, &error))
    }

    /// The manifest that a component carries; nothing if it carries none, as those built for contract 0.1.0.
    pub fn of(component: &[u8]) -> Result<Option<Self>, ManifestError> {
        let Some(embedded) = component::section(component)? else { return Ok(None) };
        let manifest = serde_json::from_slice(embedded);
        manifest.map(Some).map_err(|error| ManifestError::Embedded { reason: error.to_string() })
    }

    /// The component with this manifest in it, in the place of an earlier one.
    pub fn embed(&self, component: &[u8]) -> Result<Vec<u8>, ManifestError> {
        let text = serde_json::to_vec(self).map_err(|error| ManifestError::Embedded { reason: error.to_string() })?;
        component::with_section(component, &text)
    }

    /// Checks the `with:` of a project against the settings this plugin takes. Every mistake is told, in the order of the names.
    pub fn check_settings(&self, given: &serde_json::Value) -> Result<(), Vec<SettingError>> {
        settings::check(&self.settings, given)
    }
}

/// What names of plugins are made of.
pub const NAMES: &str = "a plugin's name is made of small letters, digits and dashes, at most 64";

/// Whether a plugin may call itself so.
pub fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    !name.is_empty() && name.len() <= 64 && !name.starts_with('-') && name.chars().all(fits)
}

/// Reads the name of a plugin.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if is_name(&name) { Ok(name) } else { Err(serde::de::Error::custom(NAMES)) }
}

/// Reads a text that is shown to people: one line of at most 200 letters, without anything that a terminal acts on.
fn line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let line = String::deserialize(deserializer)?;
    if line.chars().count() > 200 || line.chars().any(acts_on_terminals) {
        return Err(serde::de::Error::custom("a description is one line of at most 200 letters"));
    }
    Ok(line)
}

/// Control characters, and marks that turn the direction of a text or hide in it.
pub fn acts_on_terminals(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests;

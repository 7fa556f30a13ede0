//! The settings a plugin takes: the schema of `with:`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use thiserror::Error;

/// One key of `with:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What its value is.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Whether it has to be there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// What it is for, in a line.
    #[serde(default, deserialize_with = "crate::line", skip_serializing_if = "String::is_empty")]
    pub description: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// What the value of a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Type {
    String,
    Integer,
    Boolean,
    List,
    Map,
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}

/// What is wrong with a key of `with:`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingError {
    /// `with:` itself is no map.
    #[error("should be a map of settings")]
    NoMap,
    /// The plugin has no such setting.
    #[error("unknown setting `{name}`; {}", Known(.known))]
    Unknown {
        /// The key.
        name: String,
        /// Those it has.
        known: Vec<String>,
    },
    /// A setting that has to be there is not.
    #[error("setting `{name}` is missing: it should be {kind}{}", Described(.description))]
    Missing {
        /// The key.
        name: String,
        /// What it should be.
        kind: Type,
        /// What it is for; may be empty.
        description: String,
    },
    /// A setting is something else.
    #[error("setting `{name}` should be {expected}")]
    Mistyped {
        /// The key.
        name: String,
        /// What it should be.
        expected: Type,
    },
}

impl SettingError {
    /// The key it is about, if it is about one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::NoMap => None,
            Self::Unknown { name, .. } | Self::Missing { name, .. } | Self::Mistyped { name, .. } => Some(name),
        }
    }
}

struct Known<'a>(&'a [String]);

impl fmt::Display for Known<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => formatter.write_str("the plugin takes none"),
            known => write!(formatter, "the plugin takes {}", known.join(", ")),
        }
    }
}

struct Described<'a>(&'a str);

impl fmt::Display for Described<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.0) }
    }
}

/// Checks what a project gives against what a plugin takes. A setting that is null counts as not given.
pub(crate) fn check(settings: &BTreeMap<String, Setting>, given: &Value) -> Result<(), Vec<SettingError>> {
    let none = serde_json::Map::new();
    let given = match given {
        Value::Null => &none,
        Value::Object(given) => given,
        _ => return Err(vec![SettingError::NoMap]),
    };
    let mut wrong = Vec::new();
    for (name, setting) in settings {
        match given.get(name).filter(|value| !value.is_null()) {
            None if setting.required => wrong.push(SettingError::Missing {
                name: name.clone(),
                kind: setting.kind,
                description: setting.description.clone(),
            }),
            Some(value) if !is(setting.kind, value) => {
                wrong.push(SettingError::Mistyped { name: name.clone(), expected: setting.kind });
            }
            _ => {}
        }
    }
    let known = || settings.keys().cloned().collect();
    let unknown = given.keys().filter(|name| !settings.contains_key(*name));
    wrong.extend(unknown.map(|name| SettingError::Unknown { name: name.clone(), known: known() }));
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn is(kind: Type, value: &Value) -> bool {
    match kind {
        Type::String => value.is_string(),
        Type::Integer => value.is_i64() || value.is_u64(),
        Type::Boolean => value.is_boolean(),
        Type::List => value.is_array(),
        Type::Map => value.is_object(),
    }
}

/// Reads the settings; a key is made of letters, digits, `_` and `-`.
pub(crate) fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Setting>, D::Error> {
    let settings = BTreeMap::<String, Setting>::deserialize(deserializer)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if settings.keys().any(|name| name.is_empty() || name.len() > 64 || !name.chars().all(fits)) {
        return Err(serde::de::Error::custom(
            "the key of a setting is made of letters, digits, `_` and `-`, at most 64",
        ));
    }
    Ok(settings)
}

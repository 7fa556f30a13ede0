//! What the project gives a plugin under `with:`, as a type of the plugin's own.

use serde::de::DeserializeOwned;

use crate::{Deployment, Fault, Request};

impl Deployment {
    /// The settings that the project gives under `with:`.
    ///
    /// ```
    /// use sextant_sdk::{Deployment, Fault};
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Settings {
    ///     channel: String,
    ///     #[serde(default)]
    ///     mentions: Vec<String>,
    /// }
    ///
    /// fn channel(deployment: &Deployment) -> Result<String, Fault> {
    ///     let settings: Settings = deployment.read_settings()?;
    ///     Ok(settings.channel)
    /// }
    /// ```
    ///
    /// # Errors
    /// When they do not fit the type.
    pub fn read_settings<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        settings(&self.settings())
    }

    /// A value of the configuration, by JSON pointer: `/proxy/host`. Nothing if it is not set.
    ///
    /// # Errors
    /// When it does not fit the type.
    pub fn read_configuration<T: DeserializeOwned>(&self, pointer: &str) -> Result<Option<T>, Fault> {
        let wrong = |error| Fault::Failed(format!("{pointer} of the configuration cannot be used: {error}"));
        self.configuration(pointer).map(|value| serde_json::from_str(&value).map_err(wrong)).transpose()
    }
}

impl Request {
    /// The settings that the project gives under `with:`.
    ///
    /// # Errors
    /// When they do not fit the type.
    pub fn read_settings<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        settings(&self.settings())
    }
}

/// Settings from their JSON: for tests, which have no deployment.
///
/// ```
/// let days: Vec<String> = sextant_sdk::settings(r#"["fri"]"#).expect("they fit");
/// assert_eq!(days, ["fri"]);
/// ```
///
/// # Errors
/// When they do not fit the type.
pub fn settings<T: DeserializeOwned>(json: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| Fault::setting("with", error.to_string()))
}

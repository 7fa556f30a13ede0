//! What a project says under `with:`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The settings.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Files and folders of the project, and their paths in the image.
    pub files: BTreeMap<String, String>,
    /// The image it begins as.
    pub base: Option<String>,
    /// The platform.
    pub platform: Option<String>,
    /// Words that a container runs.
    pub entrypoint: Vec<String>,
    /// Words after them.
    pub command: Vec<String>,
    /// Variables.
    pub environment: BTreeMap<String, String>,
    /// Where the program starts.
    pub workdir: Option<String>,
    /// `USER[:GROUP]`.
    pub user: Option<String>,
    /// The port that the program listens on.
    pub port: Option<u16>,
}

/// A setting that makes no sense, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub setting: String,
    pub reason: String,
}

impl Settings {
    /// Reads the settings, which come as JSON.
    pub fn read(json: &str) -> Result<Self, Wrong> {
        let wrong = |setting: &str, reason: String| Wrong { setting: setting.to_string(), reason };
        let settings: Self = serde_json::from_str(json).map_err(|error| wrong("with", error.to_string()))?;
        if settings.files.is_empty() && settings.base.is_none() {
            return Err(wrong("files", "nothing is in the image: name files, such as `dist/app: /app`".to_string()));
        }
        if let Some((source, path)) = settings.files.iter().find(|(_, path)| !path.starts_with('/')) {
            return Err(wrong("files", format!("`{source}` goes to `{path}`, which does not begin with a slash")));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read() {
        let settings = Settings::read(r#"{"files":{"dist/app":"/app"},"entrypoint":["/app"],"port":3000}"#).unwrap();
        assert_eq!(settings.files["dist/app"], "/app");
        assert_eq!((settings.entrypoint, settings.port), (vec!["/app".to_string()], Some(3000)));
    }

    #[test]
    fn an_image_of_nothing_and_a_relative_path_are_refused() {
        let check = |json: &str, setting: &str, reason: &str| {
            let expected = Wrong { setting: setting.to_string(), reason: reason.to_string() };
            assert_eq!(Settings::read(json), Err(expected), "{json}");
        };
        check("{}", "files", "nothing is in the image: name files, such as `dist/app: /app`");
        check(r#"{"files":{"a":"b"}}"#, "files", "`a` goes to `b`, which does not begin with a slash");
    }
}

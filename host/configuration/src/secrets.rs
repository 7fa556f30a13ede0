//! The values behind the names: what `.kamal/secrets` holds.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use secrecy::SecretString;

use crate::dotenv::{self, Run};
use crate::error::ConfigurationError;
use crate::hints::nearest;
use crate::load::Source;

/// The secrets of a project. Values show up in no output of this type; whoever needs one exposes it explicitly.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Without value where a command was not run.
    values: IndexMap<String, Option<SecretString>>,
    files: Vec<String>,
    candidates: Vec<String>,
}

/// Where secrets may stand, in the order in which they are read: `<path>-common`, then `<path>.<destination>` or, without
/// destination, `<path>` itself. What is not there is left out; later files win.
pub fn files_for(secrets_path: &str, destination: Option<&str>) -> Vec<String> {
    let own = match destination {
        Some(destination) => format!("{secrets_path}.{destination}"),
        None => secrets_path.to_owned(),
    };
    vec![format!("{secrets_path}-common"), own]
}

impl Secrets {
    /// Reads the secrets files that exist. `candidates` are all paths that were looked at (see [`files_for`]), for messages;
    /// `environment` is the process environment that `$NAME` falls back to; `run` runs a command and returns what it printed, or
    /// nothing if none is to run now: then only names are known, and the values that take no command.
    ///
    /// Each file is read by itself: a variable of the first is not visible in the second.
    ///
    /// # Errors
    /// For an `export` without value, and whatever `run` fails with.
    pub fn parse(
        candidates: &[String],
        files: &[Source],
        environment: &BTreeMap<String, String>,
        run: &mut Run<'_>,
    ) -> Result<Self, ConfigurationError> {
        let mut values = IndexMap::new();
        for file in files {
            let parsed = dotenv::parse(file, environment, run)?;
            values.extend(parsed.into_iter().map(|(name, value)| (name, value.map(SecretString::from))));
        }
        let files = files.iter().map(|file| file.path.clone()).collect();
        Ok(Self { values, files, candidates: candidates.to_vec() })
    }

    /// The value of a secret, nothing where it would take a command that was not run. An empty one is found.
    ///
    /// # Errors
    /// Kamal's message when no file sets it, naming the files that were read.
    pub fn get(&self, name: &str) -> Result<Option<&SecretString>, ConfigurationError> {
        self.values.get(name).map(Option::as_ref).ok_or_else(|| self.missing(name))
    }

    /// Names and values in the order of the files. A value that would take a command which was not run is left out.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.values.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?)))
    }

    /// The names of all secrets, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.values.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.into_iter()
    }

    fn missing(&self, name: &str) -> ConfigurationError {
        let own = self.candidates.last().map_or("the secrets file", String::as_str);
        if self.files.is_empty() {
            let candidates = self.candidates.join(", ");
            let message = format!("Secret '{name}' not found, no secret files ({candidates}) provided");
            return ConfigurationError::configuration(message)
                .with_hint(format!("write a line {name}=… into {own}, and keep the file out of git"));
        }
        let error =
            ConfigurationError::configuration(format!("Secret '{name}' not found in {}", self.files.join(", ")));
        match nearest(name, self.values.keys().map(String::as_str)) {
            Some(nearest) => error.with_hint(format!("did you mean {nearest}? Else write a line {name}=… into {own}")),
            None => error.with_hint(format!("write a line {name}=… into {own}")),
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Secrets")
            .field("names", &self.values.keys())
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    fn parse(files: &[Source]) -> Secrets {
        let candidates = files_for(".kamal/secrets", None);
        Secrets::parse(&candidates, files, &BTreeMap::new(), &mut |_| Ok(Some(String::new()))).unwrap()
    }

    #[test]
    fn later_files_win_and_do_not_see_the_first() {
        let secrets =
            parse(&[source(".kamal/secrets-common", "A=1\nC=1\n"), source(".kamal/secrets", "B=\"x$A\"\nC=2\nD=\n")]);
        let value = |name| secrets.get(name).unwrap().unwrap().expose_secret().to_owned();
        assert_eq!([value("A"), value("B"), value("C"), value("D")], ["1", "x", "2", ""]);
        assert_eq!(secrets.names().collect::<Vec<_>>(), ["A", "B", "C", "D"]);
        assert_eq!(secrets.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["A", "C", "B", "D"]);
    }

    #[test]
    fn missing_secrets() {
        let message = |files: &[Source]| parse(files).get("X").unwrap_err().message;
        assert_eq!(
            message(&[]),
            "Secret 'X' not found, no secret files (.kamal/secrets-common, .kamal/secrets) provided"
        );
        assert_eq!(message(&[source(".kamal/secrets", "")]), "Secret 'X' not found in .kamal/secrets");
        assert_eq!(
            message(&[source(".kamal/secrets-common", ""), source(".kamal/secrets", "")]),
            "Secret 'X' not found in .kamal/secrets-common, .kamal/secrets"
        );
    }

    #[test]
    fn files() {
        assert_eq!(files_for(".kamal/secrets", None), [".kamal/secrets-common", ".kamal/secrets"]);
        assert_eq!(files_for("x", Some("staging")), ["x-common", "x.staging"]);
    }

    #[test]
    fn values_do_not_show() {
        let files = [source(".kamal/secrets", "TOKEN=hunter2\n")];
        assert!(!format!("{:?} {:?}", parse(&files), files).contains("hunter2"));
    }
}

//! The values behind the names, and the moment they join a command.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use commands::quoting::environment_file_value;
use commands::{Fragment, Machine};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::error::At;
use crate::redaction::Redactor;
use crate::{Task, TransportError};

/// Secret values by name.
pub type SecretValues = BTreeMap<String, SecretString>;

/// The secrets of a run. It may learn more while it runs: short-lived registry credentials come late.
#[derive(Default)]
pub(crate) struct Secrets {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    values: SecretValues,
    redactor: Arc<Redactor>,
}

/// A command with its values in place: what a script is made of.
pub(crate) struct Resolved {
    pub line: String,
    /// None for a command that reads nothing. Bytes: a file need not be text.
    pub input: Option<SecretSlice<u8>>,
    pub variables: Vec<(String, SecretString)>,
}

impl Secrets {
    pub fn new(values: SecretValues) -> Self {
        let secrets = Self::default();
        secrets.learn(values);
        secrets
    }

    /// Adds values; a name that is known gets the new value, and the old one stays redacted.
    pub fn learn(&self, values: SecretValues) {
        let mut known = self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut redactor = Redactor::clone(&known.redactor);
        for (name, value) in values {
            redactor.learn(value.expose_secret());
            known.values.insert(name, value);
        }
        known.redactor = Arc::new(redactor);
    }

    pub fn redactor(&self) -> Arc<Redactor> {
        let known = self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        known.redactor.clone()
    }

    /// Puts the values in, or names the first thing that cannot be sent. Nothing runs unless everything can. Files are found in
    /// `directory`.
    pub fn resolve(
        &self,
        machine: &Machine,
        tasks: &[Task],
        directory: &Path,
        elapsed: u64,
    ) -> Result<Vec<Resolved>, TransportError> {
        let known = self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let resolve_one = |(index, task): (usize, &Task)| {
            let at = || At { task: index, title: known.redactor.redact(&task.title) };
            let unsendable = |reason: String| TransportError::Unsendable { machine: machine.clone(), at: at(), reason };
            let joined = |fragments: &[Fragment]| {
                known.join(fragments, directory, elapsed).map_err(|reason| match reason {
                    Unjoinable::MissingSecret(name) => {
                        TransportError::MissingSecret { machine: machine.clone(), at: at(), name }
                    }
                    Unjoinable::MissingFile(path) => {
                        TransportError::MissingFile { machine: machine.clone(), at: at(), path }
                    }
                    Unjoinable::UnreadableFile(path, reason) => {
                        unsendable(format!("`{path}` cannot be read: {reason}"))
                    }
                })
            };

            if task.command.line.contains('\0') {
                return Err(unsendable("its line holds a NUL byte".to_string()));
            }
            let input = match &*task.command.input {
                [] => None,
                fragments => Some(SecretSlice::from(joined(fragments)?)),
            };
            let mut variables = Vec::new();
            for (name, fragments) in &task.command.environment {
                let value = joined(fragments)?;
                if !is_variable_name(name) {
                    return Err(unsendable(format!("`{name}` is not a name a shell variable can have")));
                }
                if value.contains(&0) {
                    return Err(unsendable(format!("the variable `{name}` holds a NUL byte")));
                }
                let value = String::from_utf8(value)
                    .map_err(|_| unsendable(format!("the variable `{name}` holds bytes that are not UTF-8")))?;
                variables.push((name.clone(), SecretString::from(value)));
            }
            Ok(Resolved { line: task.command.line.clone(), input, variables })
        };
        tasks.iter().enumerate().map(resolve_one).collect()
    }
}

/// Why fragments have no content.
enum Unjoinable {
    MissingSecret(String),
    MissingFile(String),
    UnreadableFile(String, String),
}

impl Known {
    /// The content of the fragments.
    fn join(&self, fragments: &[Fragment], directory: &Path, elapsed: u64) -> Result<Vec<u8>, Unjoinable> {
        let value = |name: &String| {
            let value = self.values.get(name).map(ExposeSecret::expose_secret);
            value.ok_or_else(|| Unjoinable::MissingSecret(name.clone()))
        };
        let mut content = Vec::new();
        for fragment in fragments {
            match fragment {
                Fragment::Text(clear) => content.extend(clear.as_bytes()),
                Fragment::Secret(name) => content.extend(value(name)?.as_bytes()),
                Fragment::EnvironmentFileSecret(name) => {
                    content.extend(environment_file_value(value(name)?).as_bytes());
                }
                Fragment::Elapsed => content.extend(elapsed.to_string().as_bytes()),
                Fragment::File(path) => {
                    content.extend(std::fs::read(directory.join(path)).map_err(|error| match error.kind() {
                        std::io::ErrorKind::NotFound => Unjoinable::MissingFile(path.clone()),
                        _ => Unjoinable::UnreadableFile(path.clone(), error.to_string()),
                    })?);
                }
            }
        }
        Ok(content)
    }
}

fn is_variable_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use commands::Command;

    fn secrets(pairs: &[(&str, &str)]) -> Secrets {
        Secrets::new(pairs.iter().map(|(name, value)| (name.to_string(), SecretString::from(*value))).collect())
    }

    #[test]
    fn fragments_are_joined_in_order() {
        let command = Command::new("cat").with_input(vec![
            Fragment::text("A="),
            Fragment::EnvironmentFileSecret("A".to_string()),
            Fragment::text("\nB="),
            Fragment::Secret("A".to_string()),
            Fragment::text(" "),
            Fragment::Elapsed,
        ]);
        let resolved = secrets(&[("A", "one\ntwo")]).resolve(&Machine::Local, &[Task::new(command)], Path::new("/"), 7);
        assert_eq!(resolved.unwrap()[0].input.as_ref().unwrap().expose_secret(), b"A=one\\ntwo\nB=one\ntwo 7");
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let check = |command: Command, expected: &str| {
            let tasks = [Task::new(Command::new("true")), Task::new(command).titled("log in")];
            let error =
                secrets(&[("NUL", "a\0b")]).resolve(&Machine::Host("1.2.3.4".into()), &tasks, Path::new("/"), 0);
            let error = error.err();
            assert_eq!(error.unwrap().to_string(), expected);
        };
        let absent = vec![Fragment::Secret("ABSENT".to_string())];
        check(Command::new("x").with_input(absent.clone()), "find the secret `ABSENT` for `log in` on `1.2.3.4`");
        check(Command::new("x").with_variable("A", absent), "find the secret `ABSENT` for `log in` on `1.2.3.4`");
        let file = |path: &str| Command::new("cat").with_input(vec![Fragment::File(path.to_string())]);
        check(file("config/my.cnf"), "send `log in` to `1.2.3.4`: Missing file: config/my.cnf");
        check(file("usr"), "send `log in` to `1.2.3.4`: `usr` cannot be read: Is a directory (os error 21)");
        check(Command::new("a\0b"), "send `log in` to `1.2.3.4`: its line holds a NUL byte");
        check(
            Command::new("x").with_variable("A-B", vec![]),
            "send `log in` to `1.2.3.4`: `A-B` is not a name a shell variable can have",
        );
        check(
            Command::new("x").with_variable("A", vec![Fragment::Secret("NUL".to_string())]),
            "send `log in` to `1.2.3.4`: the variable `A` holds a NUL byte",
        );
    }
}

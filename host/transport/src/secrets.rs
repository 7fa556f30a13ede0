//! The values behind the names, and the moment they join a command.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use commands::quoting::environment_file_value;
use commands::{Fragment, Machine};
use secrecy::{ExposeSecret, SecretString};

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
    /// None for a command that reads nothing.
    pub input: Option<SecretString>,
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

    /// Puts the values in, or names the first thing that cannot be sent. Nothing runs unless everything can.
    pub fn resolve(&self, machine: &Machine, tasks: &[Task], elapsed: u64) -> Result<Vec<Resolved>, TransportError> {
        let known = self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let resolve_one = |(index, task): (usize, &Task)| {
            let at = || At { task: index, title: known.redactor.redact(&task.title) };
            let joined = |fragments: &[Fragment]| {
                known.join(fragments, elapsed).map_err(|name| TransportError::MissingSecret {
                    machine: machine.clone(),
                    at: at(),
                    name,
                })
            };
            let unsendable = |reason: String| TransportError::Unsendable { machine: machine.clone(), at: at(), reason };

            if task.command.line.contains('\0') {
                return Err(unsendable("its line holds a NUL byte".to_string()));
            }
            let input = match &*task.command.input {
                [] => None,
                fragments => Some(joined(fragments)?),
            };
            let mut variables = Vec::new();
            for (name, fragments) in &task.command.environment {
                let value = joined(fragments)?;
                if !is_variable_name(name) {
                    return Err(unsendable(format!("`{name}` is not a name a shell variable can have")));
                }
                if value.expose_secret().contains('\0') {
                    return Err(unsendable(format!("the variable `{name}` holds a NUL byte")));
                }
                variables.push((name.clone(), value));
            }
            Ok(Resolved { line: task.command.line.clone(), input, variables })
        };
        tasks.iter().enumerate().map(resolve_one).collect()
    }
}

impl Known {
    /// The text of the fragments, or the name that has no value.
    fn join(&self, fragments: &[Fragment], elapsed: u64) -> Result<SecretString, String> {
        let value = |name: &String| self.values.get(name).map(ExposeSecret::expose_secret).ok_or_else(|| name.clone());
        let mut text = String::new();
        for fragment in fragments {
            match fragment {
                Fragment::Text(clear) => text.push_str(clear),
                Fragment::Secret(name) => text.push_str(value(name)?),
                Fragment::EnvironmentFileSecret(name) => text.push_str(&environment_file_value(value(name)?)),
                Fragment::Elapsed => text.push_str(&elapsed.to_string()),
            }
        }
        Ok(SecretString::from(text))
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
        let resolved = secrets(&[("A", "one\ntwo")]).resolve(&Machine::Local, &[Task::new(command)], 7).unwrap();
        assert_eq!(resolved[0].input.as_ref().unwrap().expose_secret(), "A=one\\ntwo\nB=one\ntwo 7");
    }

    #[test]
    fn what_cannot_be_sent_is_named() {
        let check = |command: Command, expected: &str| {
            let tasks = [Task::new(Command::new("true")), Task::new(command).titled("log in")];
            let error = secrets(&[("NUL", "a\0b")]).resolve(&Machine::Host("1.2.3.4".into()), &tasks, 0).err();
            assert_eq!(error.unwrap().to_string(), expected);
        };
        let absent = vec![Fragment::Secret("ABSENT".to_string())];
        check(Command::new("x").with_input(absent.clone()), "find the secret `ABSENT` for `log in` on `1.2.3.4`");
        check(Command::new("x").with_variable("A", absent), "find the secret `ABSENT` for `log in` on `1.2.3.4`");
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

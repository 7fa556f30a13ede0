//! What a machine is asked to do: one shell line, its standard input and its environment.
//!
//! A line never holds a secret. Secrets are named in [`Fragment`]s of the input or the environment; `transport` puts the values in
//! at the last moment.

use serde::{Deserialize, Serialize};

/// Where a command runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Machine {
    /// The operator's machine.
    Local,
    /// A server, by the name it has in the configuration.
    Host(String),
}

impl std::fmt::Display for Machine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local => formatter.write_str("local"),
            Self::Host(name) => formatter.write_str(name),
        }
    }
}

/// One command of a machine's shell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// A POSIX shell line, complete with its quoting.
    pub line: String,
    /// What the line reads from its standard input; nothing means an empty input.
    pub input: Vec<Fragment>,
    /// Variables that are set for this line only.
    pub environment: Vec<(String, Vec<Fragment>)>,
}

impl Command {
    /// A command without input and without variables of its own.
    pub fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), ..Self::default() }
    }

    /// The same command, reading `input`.
    pub fn with_input(mut self, input: Vec<Fragment>) -> Self {
        self.input = input;
        self
    }

    /// The same command with one more variable.
    pub fn with_variable(mut self, name: impl Into<String>, value: Vec<Fragment>) -> Self {
        self.environment.push((name.into(), value));
        self
    }
}

/// A piece of text that reaches a machine through a pipe, never through an argument.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fragment {
    /// Text in the clear.
    Text(String),
    /// The value of a secret, exactly as it is.
    Secret(String),
    /// The value of a secret, escaped for a file that docker reads with `--env-file`.
    EnvironmentFileSecret(String),
    /// Whole seconds since the run began.
    Elapsed,
    /// The bytes of a file on the operator's machine, as they are at that moment. The path is relative to the project.
    File(String),
}

impl Fragment {
    /// Text in the clear.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

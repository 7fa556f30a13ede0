//! The one error of this crate: what is wrong, where it stands and what to do about it.

use std::fmt;

use thiserror::Error;

use crate::node::{Node, Origin};

/// What is wrong with a configuration, in Kamal's words where Kamal has them.
///
/// No message, hint or origin ever holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ConfigurationError {
    /// Under which class Kamal reports it.
    pub class: Class,
    /// The message, without class and without position.
    pub message: String,
    /// The node at fault, where one file is at fault.
    pub origin: Option<Origin>,
    /// What the user may do about it.
    pub hint: Option<String>,
}

/// The class of an error; prints as the name Kamal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `Kamal::ConfigurationError`.
    Configuration,
    /// `ArgumentError`: the command line and the configuration do not fit.
    Argument,
    /// `Dotenv::FormatError`: a secrets file.
    Format,
    /// `RuntimeError`: something the configuration needs is not there.
    Runtime,
    /// Another exception of Ruby's, by its name: a template raised it.
    Ruby(&'static str),
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Configuration => "Kamal::ConfigurationError",
            Self::Argument => "ArgumentError",
            Self::Format => "Dotenv::FormatError",
            Self::Runtime => "RuntimeError",
            Self::Ruby(name) => name,
        })
    }
}

impl ConfigurationError {
    /// An error in a file of the project.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::of_class(Class::Configuration, message)
    }

    /// An error in what was asked for.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::of_class(Class::Argument, message)
    }

    /// An error in a secrets file.
    pub fn format(message: impl Into<String>) -> Self {
        Self::of_class(Class::Format, message)
    }

    /// An error about something that is missing around the project.
    pub fn runtime(message: impl Into<String>) -> Self {
        Self::of_class(Class::Runtime, message)
    }

    /// Kamal's error for a configuration file that does not exist; `path` is absolute.
    pub fn file_not_found(path: &str) -> Self {
        Self::runtime(format!("Configuration file not found in {path}"))
    }

    /// The same error with the place it is about.
    pub fn at(mut self, origin: &Origin) -> Self {
        self.origin = Some(origin.clone());
        self
    }

    /// The same error with the place it is about, if there is one.
    pub fn at_node(mut self, node: Option<&Node>) -> Self {
        self.origin = node.map(|node| node.origin.clone());
        self
    }

    /// The same error with a hint.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An error of any class.
    pub(crate) fn of_class(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), origin: None, hint: None }
    }
}

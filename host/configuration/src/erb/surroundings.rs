//! What a template can ask of the world around it.

use std::collections::BTreeMap;

use crate::load::Source;

/// The world around a project, as far as its templates look at it. Whoever calls supplies it; the methods here answer as if there
/// were nothing.
pub trait Surroundings {
    /// The variables of the environment.
    fn environment(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        &NONE
    }

    /// The folder the program was started in, absolute.
    fn folder(&self) -> String {
        "/".to_owned()
    }

    /// The text of a file; nothing if there is none that can be read. The path may be relative to [`Surroundings::folder`].
    fn read(&self, _path: &str) -> Option<String> {
        None
    }

    /// What stands at a path, if anything does.
    fn look(&self, _path: &str) -> Option<Standing> {
        None
    }

    /// What a command prints on its standard output, whether or not it fails.
    fn run(&self, _command: &str) -> Ran {
        Ran::NotAllowed
    }

    /// Shows a line that a template prints to the user.
    fn say(&self, _line: &str) {}

    /// The processor that docker builds for here, in docker's words: `amd64`, `arm64`.
    fn docker_architecture(&self) -> Option<String> {
        None
    }

    /// The text that the system's own Ruby makes of a whole template, or what it said, where the user has asked for that.
    fn ruby(&self, _template: &Source) -> Option<Result<String, String>> {
        None
    }
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// What became of a command in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// It ran and printed this.
    Printed(String),
    /// The user has not allowed commands in templates.
    NotAllowed,
    /// There is no such program.
    NotFound,
}

/// A world without environment, files and commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Nowhere;

impl Surroundings for Nowhere {}

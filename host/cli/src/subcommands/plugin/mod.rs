//! `sextant plugin`: projects of plugins, and what is known of components.

mod build;
mod inspect;
mod new;
mod portrait;

use crate::arguments::{AuthorCommand, Options, PluginCommand};
use crate::failure::Failure;

pub fn run(options: &Options, command: PluginCommand) -> Result<u8, Failure> {
    match command {
        PluginCommand::Author(command) => author(options, command),
    }
}

/// What those ask for who write plugins.
fn author(options: &Options, command: AuthorCommand) -> Result<u8, Failure> {
    match command {
        AuthorCommand::New(arguments) => new::run(&arguments),
        AuthorCommand::Build { folder } => build::run(options, &folder),
        AuthorCommand::Inspect { plugin } => inspect::run(options, &plugin),
    }
}

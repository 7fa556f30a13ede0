//! `plugin`.

use clap::Subcommand;

use super::author::AuthorCommand;

#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    #[command(flatten)]
    Author(AuthorCommand),
}

//! `server`.

use clap::Subcommand;

#[derive(Debug, Clone, Subcommand)]
pub enum ServerCommand {
    /// Install docker where it is missing
    Bootstrap,
}

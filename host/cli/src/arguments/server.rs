//! `server`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum ServerCommand {
    #[command(flatten)]
    Change(ServerChange),
    /// Run a command on the servers
    Exec(ServerExec),
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Debug, Clone, Subcommand)]
pub enum ServerChange {
    /// Install docker where it is missing
    Bootstrap,
}

#[derive(Debug, Args)]
pub struct ServerExec {
    /// Talk to the command through the terminal, on the primary host
    #[arg(short, long)]
    pub interactive: bool,
    /// Print the command's output and nothing else
    #[arg(long)]
    pub raw: bool,
    /// The command, as one would type it on the host
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

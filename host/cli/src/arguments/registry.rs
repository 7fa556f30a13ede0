//! `registry`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    #[command(flatten)]
    Change(RegistryChange),
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Debug, Clone, Subcommand)]
pub enum RegistryChange {
    /// Log in on this machine and on the servers, or start the local registry
    Setup(Places),
    /// Log out on this machine and on the servers, or remove the local registry
    Remove(Places),
    /// Log in on this machine and on the servers
    Login(Places),
    /// Log out on this machine and on the servers
    Logout(Places),
}

/// Where.
#[derive(Debug, Clone, Args)]
pub struct Places {
    /// Leave this machine out
    #[arg(short = 'L', long)]
    pub skip_local: bool,
    /// Leave the servers out
    #[arg(short = 'R', long)]
    pub skip_remote: bool,
}

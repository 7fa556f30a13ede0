//! `plan`.

use clap::{Args, Subcommand};

use super::{AccessoryChange, AppChange, Build, BuildChange, Change, ProxyChange, RegistryChange, ServerChange};

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Plan without looking at the servers, as if they had nothing but docker
    #[arg(long, global = true)]
    pub offline: bool,
    /// Run the hook script pre-connect before looking at the servers
    #[arg(long, global = true)]
    pub run_pre_connect: bool,
    /// Write the plan to this file too, for `sextant apply`
    #[arg(long, global = true, value_name = "FILE")]
    pub out: Option<String>,
    /// Print the JSON schema of plans, and plan nothing
    #[arg(long)]
    pub schema: bool,
    #[command(flatten)]
    pub build: Build,
    #[command(subcommand)]
    pub of: Option<Plannable>,
}

/// What `plan` can show; `deploy` if nothing is named.
#[derive(Debug, Clone, Subcommand)]
pub enum Plannable {
    #[command(flatten)]
    Change(Change),
    /// The app
    #[command(subcommand)]
    App(AppChange),
    /// Accessories
    #[command(subcommand)]
    Accessory(AccessoryChange),
    /// The image and its builder
    #[command(subcommand)]
    Build(BuildChange),
    /// The proxy
    #[command(subcommand)]
    Proxy(ProxyChange),
    /// The registry
    #[command(subcommand)]
    Registry(RegistryChange),
    /// The servers themselves
    #[command(subcommand)]
    Server(ServerChange),
}

//! `proxy`.

use clap::Subcommand;

use super::Confirmation;

#[derive(Debug, Subcommand)]
pub enum ProxyCommand {
    #[command(flatten)]
    Change(ProxyChange),
    /// Show the proxy's container
    Details,
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Debug, Clone, Subcommand)]
pub enum ProxyChange {
    /// Start the proxy
    Boot,
    /// Make the proxy anew: a brief outage
    Reboot {
        /// One host after the other
        #[arg(long)]
        rolling: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Remove the proxy
    Remove {
        /// Also when other apps use it
        #[arg(long)]
        force: bool,
    },
}

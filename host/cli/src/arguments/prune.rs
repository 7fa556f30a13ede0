//! `prune`.

use clap::Subcommand;

#[derive(Debug, Clone, Subcommand)]
pub enum PruneCommand {
    /// Remove old containers, then images that nothing uses
    All,
    /// Remove stopped containers but the newest
    Containers {
        /// How many stay, instead of `retain_containers`
        #[arg(long, value_name = "N", allow_hyphen_values = true)]
        retain: Option<u64>,
    },
    /// Remove images that nothing uses
    Images,
}

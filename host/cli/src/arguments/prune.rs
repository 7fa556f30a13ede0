//! `prune`.

use clap::Subcommand;

#[derive(Debug, Clone, Subcommand)]
pub enum PruneCommand {
    /// Remove old containers, then images that nothing uses
    All,
}

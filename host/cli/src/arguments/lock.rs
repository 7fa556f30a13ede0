//! `lock`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum LockCommand {
    /// Show who holds the lock
    Status,
    /// Take the lock and keep it
    Acquire {
        /// Why
        #[arg(short, long)]
        message: String,
    },
    /// Release the lock, whoever holds it
    Release,
}

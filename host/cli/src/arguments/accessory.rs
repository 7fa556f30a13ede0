//! `accessory`.

use clap::Subcommand;

use super::Confirmation;

#[derive(Debug, Subcommand)]
pub enum AccessoryCommand {
    #[command(flatten)]
    Change(AccessoryChange),
    /// Show an accessory's containers, or all of them
    Details {
        /// Its name, or `all`
        name: String,
    },
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Debug, Clone, Subcommand)]
pub enum AccessoryChange {
    /// Boot an accessory, or all of them
    Boot {
        /// Its name, or `all`
        name: String,
    },
    /// Remove an accessory with its data, or all of them
    Remove {
        /// Its name, or `all`
        name: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

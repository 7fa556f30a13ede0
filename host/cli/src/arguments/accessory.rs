//! `accessory`.

use clap::{Args, Subcommand};

use super::{Confirmation, LogTail};

#[derive(Debug, Subcommand)]
pub enum AccessoryCommand {
    #[command(flatten)]
    Change(AccessoryChange),
    /// Show an accessory's containers, or all of them
    Details {
        /// Its name, or `all`
        name: String,
    },
    /// Run a command in an accessory's container
    Exec(AccessoryExec),
    /// Show log lines of an accessory
    Logs {
        /// Its name
        name: String,
        #[command(flatten)]
        tail: LogTail,
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
    /// Pull the image of an accessory and make its container anew, or those of all
    Reboot {
        /// Its name, or `all`
        name: String,
    },
    /// Start the container of an accessory
    Start {
        /// Its name
        name: String,
    },
    /// Stop the container of an accessory
    Stop {
        /// Its name
        name: String,
    },
    /// Stop the container of an accessory and start it
    Restart {
        /// Its name
        name: String,
    },
    /// Remove an accessory with its data, or all of them
    Remove {
        /// Its name, or `all`
        name: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Reboot an accessory for Kamal 2, or all of them
    Upgrade {
        /// Its name, or `all`
        name: String,
        /// One host after the other
        #[arg(long)]
        rolling: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Upload the files of an accessory
    #[command(hide = true)]
    Upload {
        /// Its name
        name: String,
    },
    /// Make the directories of an accessory
    #[command(hide = true)]
    Directories {
        /// Its name
        name: String,
    },
    /// Pull the image of an accessory
    #[command(hide = true, alias = "pull_image")]
    PullImage {
        /// Its name
        name: String,
    },
    /// Remove the stopped container of an accessory
    #[command(hide = true, alias = "remove_container")]
    RemoveContainer {
        /// Its name
        name: String,
    },
    /// Remove the image of an accessory
    #[command(hide = true, alias = "remove_image")]
    RemoveImage {
        /// Its name
        name: String,
    },
    /// Remove the directory of an accessory with all data
    #[command(hide = true, alias = "remove_service_directory")]
    RemoveServiceDirectory {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct AccessoryExec {
    /// Talk to the command through the terminal, on the accessory's first host
    #[arg(short, long)]
    pub interactive: bool,
    /// Use the running container instead of a new one
    #[arg(long)]
    pub reuse: bool,
    /// Print the command's output and nothing else
    #[arg(long)]
    pub raw: bool,
    /// Its name
    pub name: String,
    /// The command, as one would type it on the host
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

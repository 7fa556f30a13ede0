//! `app`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum AppCommand {
    #[command(flatten)]
    Change(AppChange),
    /// Show the app's running containers
    Details,
    /// Run a command in the app's container
    Exec(Exec),
    /// Show all containers of the app
    Containers,
    /// Show the app's images
    Images,
    /// Show log lines
    Logs(LogArguments),
    /// Show the version that runs
    Version,
    #[command(external_subcommand)]
    Other(Vec<String>),
}

#[derive(Debug, Clone, Subcommand)]
pub enum AppChange {
    /// Boot the image that is there, or boot it again
    Boot,
    /// Start stopped containers
    Start,
    /// Stop the app
    Stop,
    /// Remove containers, images and directories of the app
    Remove,
}

#[derive(Debug, Args)]
pub struct Exec {
    /// Talk to the command through the terminal
    #[arg(short, long)]
    pub interactive: bool,
    /// Use the running container instead of a new one
    #[arg(long)]
    pub reuse: bool,
    /// Environment, as NAME:VALUE
    #[arg(short, long = "env", value_name = "NAME:VALUE", num_args = 1..)]
    pub environment: Vec<String>,
    /// Leave the new container running
    #[arg(long, conflicts_with_all = ["interactive", "reuse"])]
    pub detach: bool,
    /// Print the command's output and nothing else
    #[arg(long, conflicts_with_all = ["interactive", "detach"])]
    pub raw: bool,
    /// The command, as one would type it on the host
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
pub struct LogArguments {
    /// Only lines since this time, for example 5m
    #[arg(short, long)]
    pub since: Option<String>,
    /// Only so many last lines
    #[arg(short = 'n', long)]
    pub lines: Option<u64>,
    /// Only lines that match
    #[arg(short, long)]
    pub grep: Option<String>,
    /// More options for grep
    #[arg(long, allow_hyphen_values = true)]
    pub grep_options: Option<String>,
    /// Wait for more, on the primary host
    #[arg(short, long)]
    pub follow: bool,
    /// Leave the times out
    #[arg(short = 'T', long)]
    pub skip_timestamps: bool,
    /// The container with this id instead of the current one
    #[arg(long)]
    pub container_id: Option<String>,
}

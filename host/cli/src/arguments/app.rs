//! `app`.

use clap::{Args, Subcommand};
use commands::reading::Logs;

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
    /// Tell which containers run beside the current one, or stop them
    #[command(alias = "stale_containers")]
    StaleContainers {
        /// Stop them
        #[arg(short, long)]
        stop: bool,
    },
    /// Let requests through to the app again
    Live,
    /// Hold requests to the app back: the proxy answers them
    Maintenance {
        /// Seconds that running requests get, instead of `drain_timeout`
        #[arg(long, value_name = "SECONDS")]
        drain_timeout: Option<u64>,
        /// What visitors read
        #[arg(long)]
        message: Option<String>,
    },
    /// Remove containers, images and directories of the app
    Remove,
    /// Remove the stopped container of a version
    #[command(hide = true, alias = "remove_container")]
    RemoveContainer {
        /// The version
        #[arg(value_name = "VERSION")]
        version: String,
    },
    /// Remove all stopped containers of the app
    #[command(hide = true, alias = "remove_containers")]
    RemoveContainers,
    /// Remove all images of the app
    #[command(hide = true, alias = "remove_images")]
    RemoveImages,
    /// Remove the app's directories on the servers
    #[command(hide = true, alias = "remove_app_directories")]
    RemoveAppDirectories,
}

#[derive(Debug, Args)]
pub struct Exec {
    /// Talk to the command through the terminal
    #[arg(short, long)]
    pub interactive: bool,
    /// Use the running container instead of a new one
    #[arg(long)]
    pub reuse: bool,
    /// Environment, as NAME:VALUE, as often as need be
    #[arg(short, long = "env", value_name = "NAME:VALUE")]
    pub environment: Vec<String>,
    /// Leave the new container running
    #[arg(long)]
    pub detach: bool,
    /// Print the command's output and nothing else
    #[arg(long)]
    pub raw: bool,
    /// The command, as one would type it on the host
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

#[derive(Debug, Args)]
pub struct LogArguments {
    #[command(flatten)]
    pub tail: LogTail,
    /// The container with this id instead of the current one
    #[arg(long)]
    pub container_id: Option<String>,
}

/// Which log lines.
#[derive(Debug, Args)]
pub struct LogTail {
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
}

impl LogTail {
    /// What docker is asked for: the last hundred lines, or ten before more follow, unless something else limits them.
    pub fn wanted(&self) -> Logs {
        let chosen = self.since.is_some() || self.grep.is_some();
        let usual = if self.follow { 10 } else { 100 };
        Logs {
            since: self.since.clone().filter(|_| !self.follow),
            lines: self.lines.or((!chosen).then_some(usual)),
            grep: self.grep.clone(),
            grep_options: self.grep_options.clone(),
            timestamps: !self.skip_timestamps,
            follow: self.follow,
        }
    }

    /// The same for an accessory or the proxy, where always ten lines go before what is followed.
    pub fn wanted_of_a_container(&self) -> Logs {
        let wanted = self.wanted();
        let lines = if self.follow { Some(10) } else { wanted.lines };
        Logs { lines, ..wanted }
    }
}

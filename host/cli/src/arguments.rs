//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Deploys web apps to your own servers, as Kamal does: plan first, then act.
#[derive(Debug, Parser)]
#[command(
    name = "sextant",
    disable_help_flag = true,
    infer_subcommands = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub subcommand: Command,
}

/// Options that every subcommand takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options for every subcommand")]
pub struct Options {
    /// Show every step with its output
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Show errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Use this app version instead of the one from git
    #[arg(long, global = true, value_name = "VERSION")]
    pub version: Option<String>,
    /// Only the primary host
    #[arg(short, long, global = true)]
    pub primary: bool,
    /// Only these hosts, separated by commas; wildcards are * ? [..]
    #[arg(short = 'h', long, global = true, value_delimiter = ',', value_name = "HOSTS")]
    pub hosts: Vec<String>,
    /// Only these roles, separated by commas; wildcards are * ? [..]
    #[arg(short, long, global = true, value_delimiter = ',', value_name = "ROLES")]
    pub roles: Vec<String>,
    /// Path of the configuration
    #[arg(short, long, global = true, default_value = "config/deploy.yml", value_name = "FILE")]
    pub config_file: String,
    /// Destination: reads config/deploy.DESTINATION.yml too
    #[arg(short, long, global = true)]
    pub destination: Option<String>,
    /// Run no hook scripts
    #[arg(short = 'H', long, global = true)]
    pub skip_hooks: bool,
    /// How to show plans and progress
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// Show the plan and do nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Print help
    #[arg(long, global = true, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

/// How plans and progress are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs: JSON, one object a line while something runs.
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Change(Change),
    /// Show what a subcommand would do, without doing it
    Plan(PlanArguments),
    /// The app: boot, start, stop, look, remove
    #[command(subcommand)]
    App(AppCommand),
    /// Accessories: boot, look, remove
    #[command(subcommand)]
    Accessory(AccessoryCommand),
    /// The proxy: boot, reboot, look, remove
    #[command(subcommand)]
    Proxy(ProxyCommand),
    /// The deploy lock
    #[command(subcommand)]
    Lock(LockCommand),
    /// Show what the configuration comes to, as `kamal config` does
    Config,
    /// Show the version
    Version,
    #[command(external_subcommand)]
    Other(Vec<String>),
}

/// Subcommands that change machines: all of them are plans.
#[derive(Debug, Clone, Subcommand)]
pub enum Change {
    /// Prepare the servers and deploy: docker, accessories, app
    Setup(Build),
    /// Build, push, pull and boot the app; then clean up
    Deploy(Build),
    /// Deploy without touching proxy, old containers and images
    Redeploy(Build),
    /// Boot a version that is still on the servers
    Rollback {
        /// The version, as `sextant app containers` shows it
        #[arg(value_name = "VERSION")]
        to: String,
    },
    /// Remove old containers and images
    #[command(subcommand)]
    Prune(PruneCommand),
    /// The servers themselves
    #[command(subcommand)]
    Server(ServerCommand),
    /// Remove app, proxy, accessories and the registry login from the servers
    Remove(Confirmation),
}

#[derive(Debug, Clone, Args)]
pub struct Build {
    /// Skip local login, build and push: the image is in the registry already
    #[arg(short = 'P', long)]
    pub skip_push: bool,
    /// Build without cache
    #[arg(long)]
    pub no_cache: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Confirmation {
    /// Do it without asking
    #[arg(short = 'y', long)]
    pub confirmed: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PruneCommand {
    /// Remove old containers, then images that nothing uses
    All,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ServerCommand {
    /// Install docker where it is missing
    Bootstrap,
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Plan without looking at the servers, as if they were bare
    #[arg(long, global = true)]
    pub offline: bool,
    /// Run the hook script pre-connect before looking at the servers
    #[arg(long, global = true)]
    pub run_pre_connect: bool,
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
    /// The proxy
    #[command(subcommand)]
    Proxy(ProxyChange),
}

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

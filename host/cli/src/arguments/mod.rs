//! The command line: the options that every subcommand takes, and the subcommands; a file per group.

mod accessory;
mod app;
mod author;
mod build;
mod lock;
mod plan;
mod plugin;
mod policy;
mod proxy;
mod prune;
mod registry;
mod runs;
mod secrets;
mod server;

use clap::{Args, Parser, Subcommand};

use crate::children::Children;
use crate::console::Output;
use crate::surroundings::Permissions;

pub use accessory::{AccessoryChange, AccessoryCommand, AccessoryExec};
pub use app::{AppChange, AppCommand, Exec, LogArguments, LogTail};
pub use author::{AuthorCommand, Language, NewPlugin, PluginKind};
pub use build::{BuildChange, BuildCommand};
pub use lock::LockCommand;
pub use plan::{PlanArguments, Plannable};
pub use plugin::{AddPlugin, DevelopPlugin, PluginCommand, TestPlugin};
pub use policy::{Approve, PolicyCommand};
pub use proxy::{BootConfig, ProxyChange, ProxyCommand};
pub use prune::PruneCommand;
pub use registry::{Places, RegistryChange, RegistryCommand};
pub use runs::{Apply, Explain, Replay};
pub use secrets::{Fetch, SecretsCommand};
pub use server::{ServerChange, ServerCommand, ServerExec};

/// Deploys web apps to your own servers, as Kamal does: plan first, then act.
#[derive(Debug, Parser)]
#[command(
    name = "sextant",
    override_usage = "sextant SUBCOMMAND [OPTIONS]",
    disable_help_flag = true,
    disable_help_subcommand = true,
    subcommand_help_heading = "Subcommands",
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "`sextant help SUBCOMMAND` tells more about one, `sextant tree` shows all of them. Aliases in config/deploy.yml are \
                  subcommands too."
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
    /// Show errors only, whatever --verbose says
    #[arg(short, long, global = true)]
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
    #[arg(short, long, global = true, default_value = crate::places::CONFIG_FILE, value_name = "FILE")]
    pub config_file: String,
    /// Destination: reads config/deploy.DESTINATION.yml too
    #[arg(short, long, global = true)]
    pub destination: Option<String>,
    /// Run no hook scripts
    #[arg(short = 'H', long, global = true)]
    pub skip_hooks: bool,
    /// Wait for the deploy lock while somebody else holds it
    #[arg(long, global = true)]
    pub lock_wait: bool,
    /// Seconds to wait for the deploy lock
    #[arg(long, global = true, default_value_t = 900, value_name = "SECONDS")]
    pub lock_wait_timeout: u64,
    /// Seconds between two looks at the deploy lock
    #[arg(long, global = true, default_value_t = 15, value_name = "SECONDS")]
    pub lock_wait_interval: u64,
    /// Let templates (ERB) in the configuration run commands
    #[arg(long, global = true)]
    pub allow_erb_commands: bool,
    /// Let this machine's ruby render templates (ERB) in the configuration
    #[arg(long, global = true)]
    pub erb_ruby: bool,
    /// How to show plans and progress
    #[arg(long = "output", global = true, default_value = "text", value_name = "text|json")]
    output_word: String,
    /// What `--output` says, where it is about plans and progress.
    #[arg(skip)]
    pub output: Output,
    /// What `--output` says, where it is about an image: Kamal's `build push` and `build dev` use the same word.
    #[arg(skip)]
    pub image_output: Option<String>,
    /// Take only plugins that sextant.lock has; so it is where the variable CI is set
    #[arg(long, global = true)]
    pub frozen: bool,
    /// Write everything that is said between Sextant and its plugins to this file, for `plugin test --replay`
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<String>,
    /// A folder of policies outside of the project; also the variable SEXTANT_POLICY_DIR
    #[arg(long, global = true, value_name = "FOLDER")]
    pub policy_dir: Option<String>,
    /// Set aside what this policy has against the plan, where that is allowed; takes --reason
    #[arg(long = "override", global = true, value_name = "POLICY")]
    pub overridden: Vec<String>,
    /// Why the policy is set aside: the audit log of every host tells it
    #[arg(long = "reason", global = true, value_name = "TEXT")]
    pub reasons: Vec<String>,
    /// The file that says who may approve plans, outside of the project; also the variable SEXTANT_ALLOWED_SIGNERS
    #[arg(long, global = true, value_name = "FILE")]
    pub allowed_signers: Option<String>,
    /// Show the plan and do nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Print help
    #[arg(long, global = true, action = clap::ArgAction::Help)]
    help: Option<bool>,
    /// A component that was just built, by its key in x-plugins: it stands in for what the project pins.
    #[arg(skip)]
    pub built: Option<(String, Vec<u8>)>,
    /// The words of the subcommand.
    #[arg(skip)]
    pub path: Vec<String>,
}

impl Arguments {
    /// Reads the value of `--output`, which means two things. Gives it back where it means neither.
    pub fn settle_output(&mut self) -> Result<(), String> {
        let options = &mut self.options;
        let of = |command: &BuildChange| matches!(command, BuildChange::Push(_) | BuildChange::Dev(_));
        let of_image = match &self.subcommand {
            Command::Build(BuildCommand::Change(command)) => of(command),
            Command::Plan(PlanArguments { of: Some(Plannable::Build(command)), .. }) => of(command),
            _ => false,
        };
        match options.output_word.as_str() {
            "text" => options.output = Output::Text,
            "json" => options.output = Output::Json,
            word if of_image => options.image_output = Some(word.to_string()),
            word => return Err(word.to_string()),
        }
        Ok(())
    }
}

impl Options {
    /// What templates in the configuration may do.
    pub fn permissions(&self) -> Permissions {
        Permissions { commands: self.allow_erb_commands, ruby: self.erb_ruby }
    }

    /// What programs learn that are started on the operator's machine.
    pub fn children(&self) -> Children {
        Children {
            verbose: self.verbose,
            destination: self.destination.clone(),
            policy_dir: self.policy_dir.clone(),
            allowed_signers: self.allowed_signers.clone(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Change(Change),
    /// Show what a subcommand would do, without doing it
    Plan(PlanArguments),
    /// Go on with a run that did not end, wherever it was started
    Resume(TakenUp),
    /// Undo a run that did not end: put back what ran before
    Abort(TakenUp),
    /// Carry out a plan that `plan --out` wrote: exactly that one
    Apply(Apply),
    /// Show the runs of this app that were started on this machine
    History,
    /// Plan a recorded run again, offline, and compare
    Replay(Replay),
    /// Explain why a run failed
    Explain(Explain),
    /// Approve of a plan that `plan --out` wrote: sign it with an ssh key
    Approve(Approve),
    /// The app: boot, start, stop, look, remove
    #[command(subcommand)]
    App(AppCommand),
    /// Accessories: boot, look, remove
    #[command(subcommand)]
    Accessory(AccessoryCommand),
    /// The image: build, push, pull; the builder
    #[command(subcommand)]
    Build(BuildCommand),
    /// The proxy: boot, reboot, look, remove
    #[command(subcommand)]
    Proxy(ProxyCommand),
    /// The deploy lock
    #[command(subcommand)]
    Lock(LockCommand),
    /// The registry: log in, log out
    #[command(subcommand)]
    Registry(RegistryCommand),
    /// The servers themselves
    #[command(subcommand)]
    Server(ServerCommand),
    /// Show the last lines of the audit log on the servers
    Audit,
    /// Show what runs: proxy, app, accessories
    Details,
    /// Show what on the servers differs from the configuration; the exit code is 3 where something does
    Drift,
    /// Secrets: look up in a store, print
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Plugins: write, build, look at; pin, update, verify, push, sign
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Policies: hold one against recorded plans
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Show what the configuration comes to, as `kamal config` does
    Config(ConfigArguments),
    /// Show how deploy.yml is written: all of it, or a section
    Docs(Docs),
    /// Write a first config/deploy.yml, .kamal/secrets and samples of hook scripts
    Init(Init),
    /// Show the version
    Version,
    /// Show every subcommand and every flag, a line each
    #[command(hide = true, name = "command-line")]
    Everything,
    #[command(external_subcommand)]
    Other(Vec<String>),
}

/// A run that did not end.
#[derive(Debug, Args)]
pub struct TakenUp {
    /// Its name, or the end of it; the last one that did not end if nothing is named
    pub run: Option<String>,
}

#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// Show every effective value and where it comes from
    #[arg(long)]
    pub origins: bool,
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
    /// Remove app, proxy, accessories and the registry login from the servers
    Remove(Confirmation),
    /// Upgrade the servers from Kamal 1: the proxy takes the place of Traefik, accessories restart
    Upgrade {
        /// One host after the other
        #[arg(long)]
        rolling: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
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

#[derive(Debug, Args)]
pub struct Docs {
    /// accessory, alias, boot, builder, env, logging, output, proxy, registry, role, servers, ssh, sshkit, x-approvals or x-plugins
    pub section: Option<String>,
}

#[derive(Debug, Args)]
pub struct Init {
    /// Write bin/kamal too, which calls this program
    #[arg(long)]
    pub bundle: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Confirmation {
    /// Do it without asking
    #[arg(short = 'y', long)]
    pub confirmed: bool,
}

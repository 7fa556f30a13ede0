//! One file per subcommand, or per group of them.

mod abort;
mod accessory;
mod app;
mod apply;
mod approve;
mod audit;
mod build;
mod change;
mod config;
mod docs;
mod drift;
mod exec;
mod explain;
mod history;
mod init;
mod lock;
mod plan;
mod plugin;
mod policy;
mod proxy;
mod registry;
mod replay;
mod resume;
mod secrets;
mod server;
mod version;

use crate::arguments::{
    AccessoryCommand, AppChange, AppCommand, Arguments, BuildCommand, Command, LockCommand, Options, ProxyCommand,
    RegistryCommand, ServerCommand,
};
use crate::command_line::not_found;
use crate::failure::Failure;

/// Runs a subcommand and gives the exit code.
pub fn run(arguments: Arguments) -> Result<u8, Failure> {
    let options = &arguments.options;
    if options.dry_run && only_looks(&arguments.subcommand) {
        let text = "--dry-run has no meaning for a subcommand that changes nothing of its own".to_string();
        return Err(Failure::Usage { text, hint: "leave it out".to_string() });
    }
    match arguments.subcommand {
        Command::Change(change) => change::run(options, &change),
        Command::Plan(arguments) => plan::run(options, arguments),
        Command::Resume(named) => resume::run(options, &named),
        Command::Abort(named) => abort::run(options, &named),
        Command::Apply(arguments) => apply::run(options, &arguments),
        Command::History => history::run(options),
        Command::Replay(arguments) => replay::run(options, &arguments),
        Command::Explain(arguments) => explain::run(options, &arguments),
        Command::Approve(arguments) => approve::run(options, &arguments),
        Command::App(command) => app::run(options, command),
        Command::Accessory(command) => accessory::run(options, command),
        Command::Build(command) => build::run(options, command),
        Command::Proxy(command) => proxy::run(options, command),
        Command::Lock(command) => lock::run(options, command),
        Command::Registry(command) => registry::run(options, command),
        Command::Server(command) => server::run(options, command),
        Command::Audit => audit::audit(options),
        Command::Details => audit::details(options),
        Command::Drift => drift::run(options),
        Command::Secrets(command) => secrets::run(options, command),
        Command::Plugin(command) => plugin::run(options, command),
        Command::Policy(command) => policy::run(options, &command),
        Command::Config(arguments) => config::run(options, &arguments),
        Command::Version => version::run(),
        Command::Everything => crate::help::command_line(),
        Command::Docs(arguments) => docs::run(arguments.section.as_deref()),
        Command::Init(arguments) => init::run(arguments.bundle),
        Command::Other(words) => Err(unknown("", &words)),
    }
}

/// Whether a subcommand reads, or runs the user's own command.
fn only_looks(command: &Command) -> bool {
    match command {
        Command::Change(_) | Command::Plan(_) | Command::Apply(_) | Command::Other(_) => false,
        Command::Resume(_) | Command::Abort(_) => false,
        Command::History | Command::Replay(_) | Command::Explain(_) => true,
        Command::App(AppCommand::Change(change)) => matches!(change, AppChange::StaleContainers { stop: false }),
        Command::App(command) => !matches!(command, AppCommand::Other(_)),
        Command::Accessory(command) => !matches!(command, AccessoryCommand::Change(_) | AccessoryCommand::Other(_)),
        Command::Build(command) => matches!(command, BuildCommand::Details),
        Command::Proxy(command) => matches!(command, ProxyCommand::Details | ProxyCommand::Logs(_)),
        Command::Lock(command) => matches!(command, LockCommand::Status),
        Command::Registry(command) => !matches!(command, RegistryCommand::Change(_) | RegistryCommand::Other(_)),
        Command::Server(command) => !matches!(command, ServerCommand::Change(_) | ServerCommand::Other(_)),
        Command::Audit
        | Command::Details
        | Command::Drift
        | Command::Config(_)
        | Command::Version
        | Command::Everything => true,
        Command::Secrets(_) | Command::Docs(_) | Command::Init(_) => true,
        Command::Approve(_) | Command::Policy(_) => true,
        Command::Plugin(command) => !matches!(command, crate::arguments::PluginCommand::Update { .. }),
    }
}

/// A subcommand that nobody has.
fn unknown(group: &str, words: &[String]) -> Failure {
    let word = words.first().map(String::as_str).unwrap_or_default();
    let name = [group, word].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    not_found(&[], &name).into()
}

/// Asks before something that cannot be undone. Only `y` is a yes.
fn confirm(question: &str, confirmed: bool, options: &Options) -> bool {
    if confirmed || options.dry_run {
        return true;
    }
    eprint_question(question);
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    let yes = read.is_ok() && answer.trim() == "y";
    if !yes {
        crate::console::say("Aborted");
    }
    yes
}

fn eprint_question(question: &str) {
    use std::io::Write;
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{question} [y, N] (N) ");
    let _ = stderr.flush();
}

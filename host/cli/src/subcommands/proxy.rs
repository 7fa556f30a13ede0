//! `sextant proxy`.

use commands::{proxy, reading};
use plan::{BootSettings, Intent, ProxyAct};

use super::change::{carry_out, simple};
use super::{confirm, unknown};
use crate::arguments::{BootConfig, LogTail, Options, ProxyChange, ProxyCommand};
use crate::console::say;
use crate::failure::Failure;
use crate::invocation::{Request, Version};
use crate::project::{Project, Substitution};
use crate::visit::{self, Question, Visit};

/// What is asked before every host loses its proxy for a moment.
const OUTAGE: &str = "This will cause a brief outage on each host. Are you sure?";

pub fn run(options: &Options, command: ProxyCommand) -> Result<u8, Failure> {
    match command {
        ProxyCommand::Change(ProxyChange::BootConfig(settings)) => boot_config(options, settings),
        ProxyCommand::Change(change) => {
            if let ProxyChange::Reboot { confirmation, .. } | ProxyChange::Upgrade { confirmation, .. } = &change
                && !confirm(OUTAGE, confirmation.confirmed, options)
            {
                return Ok(0);
            }
            carry_out(options, request(&change)?)
        }
        ProxyCommand::Details => {
            let project = Project::read(options)?;
            visit::ask(options, &project, details(&project))
        }
        ProxyCommand::Logs(tail) => logs(options, &tail),
        ProxyCommand::Other(words) => Err(unknown("proxy", &words)),
    }
}

/// What a change asks for.
pub fn request(change: &ProxyChange) -> Result<Request, Failure> {
    let (act, word) = match change {
        ProxyChange::Boot => (ProxyAct::Boot, "boot"),
        ProxyChange::Reboot { rolling, .. } => (ProxyAct::Reboot { rolling: *rolling }, "reboot"),
        ProxyChange::Start => (ProxyAct::Start, "start"),
        ProxyChange::Stop => (ProxyAct::Stop, "stop"),
        ProxyChange::Restart => (ProxyAct::Restart, "restart"),
        ProxyChange::Remove { force } => (ProxyAct::Remove { force: *force }, "remove"),
        ProxyChange::BootConfig(settings) => (configuration(settings)?, "boot_config"),
        ProxyChange::RemoveContainer => (ProxyAct::RemoveContainer, "remove_container"),
        ProxyChange::RemoveImage => (ProxyAct::RemoveImage, "remove_image"),
        ProxyChange::RemoveProxyDirectory => (ProxyAct::RemoveDirectory, "remove_proxy_directory"),
        ProxyChange::Upgrade { rolling, .. } => (ProxyAct::Upgrade { rolling: *rolling }, "upgrade"),
    };
    // The app is booted behind the new proxy as `app boot` does it.
    let version = matches!(act, ProxyAct::Upgrade { .. }).then_some(Version::Latest);
    Ok(Request { version, ..simple(Intent::Proxy(act), &["proxy", word]) })
}

/// What `boot_config` changes.
fn configuration(settings: &BootConfig) -> Result<ProxyAct, Failure> {
    match settings.act.as_str() {
        "set" => Ok(ProxyAct::Configure(BootSettings {
            publish: settings.publish,
            addresses: settings.publish_host_ip.clone(),
            http_port: settings.http_port,
            https_port: settings.https_port,
            log_max_size: settings.log_max_size.clone(),
            registry: settings.registry.clone(),
            repository: settings.repository.clone(),
            image_version: settings.image_version.clone(),
            metrics_port: settings.metrics_port,
            debug: settings.debug,
            docker_options: settings.docker_options.clone(),
        })),
        "reset" => Ok(ProxyAct::ResetConfiguration),
        "get" => Err(Failure::Usage {
            text: "`proxy boot_config get` changes nothing".to_string(),
            hint: "leave `plan` or --dry-run out".to_string(),
        }),
        other => Err(Failure::Usage {
            text: format!("Unknown boot_config subcommand {other}"),
            hint: "it takes `set`, `get` or `reset`".to_string(),
        }),
    }
}

fn boot_config(options: &Options, settings: Box<BootConfig>) -> Result<u8, Failure> {
    say("The proxy boot_config command is deprecated - set the config in the deploy YAML at proxy/run instead");
    if settings.act != "get" || options.dry_run {
        return carry_out(options, request(&ProxyChange::BootConfig(settings))?);
    }
    let project = Project::read(options)?;
    let question = |host: &String| Question::new("", host, proxy::boot_configuration(host));
    let questions = project.selection.proxy_hosts.iter().map(question).collect();
    visit::ask(options, &project, questions)
}

/// The questions about the proxy's container on every host.
pub fn details(project: &Project) -> Vec<Question> {
    let question = |host: &String| Question::new("Proxy Host", host, reading::named(proxy::CONTAINER));
    project.selection.proxy_hosts.iter().map(question).collect()
}

fn logs(options: &Options, tail: &LogTail) -> Result<u8, Failure> {
    let project = Project::read(options)?;
    let wanted = tail.wanted_of_a_container();
    let command = reading::logs_of(proxy::CONTAINER, &wanted);
    if !wanted.follow {
        let question = |host: &String| Question::new("Proxy Host", host, command.clone());
        let questions = project.selection.proxy_hosts.iter().map(question).collect();
        return visit::ask(options, &project, questions);
    }
    let Some(host) = &project.selection.primary_host else { return Err(Failure::message("no host is selected")) };
    let visit = Visit::unannounced(options, &project, Substitution::NamesOnly)?;
    say(&format!("Following logs on {host}..."));
    visit.interactive(host, &command.line)
}

//! Subcommands that change machines: setup, deploy, redeploy, rollback, prune, remove, upgrade.

use lifecycle::LifecycleError;
use plan::{Intent, Plan};

use super::confirm;
use crate::arguments::{Build, Change, Confirmation, Options, PruneCommand};
use crate::console::{Output, print, print_raw, say};
use crate::failure::Failure;
use crate::invocation::{self, Look, Planned, Request, Version, failed};
use crate::outline::{Detail, outline};
use crate::project::Project;

pub fn run(options: &Options, change: &Change) -> Result<u8, Failure> {
    match question(change) {
        Some((question, answer)) if !confirm(question, answer.confirmed, options) => Ok(0),
        _ => carry_out(options, request(change)),
    }
}

/// What is asked first, and whether it has been answered.
fn question(change: &Change) -> Option<(&'static str, &Confirmation)> {
    match change {
        Change::Remove(confirmation) => {
            Some(("This will remove all containers and images. Are you sure?", confirmation))
        }
        Change::Upgrade { confirmation, .. } => {
            Some(("This will replace Traefik with kamal-proxy and restart all accessories", confirmation))
        }
        _ => None,
    }
}

/// What a change asks for.
pub fn request(change: &Change) -> Request {
    match change {
        Change::Setup(build) => building(Intent::Setup { skip_push: build.skip_push }, "setup", build),
        Change::Deploy(build) => building(Intent::Deploy { skip_push: build.skip_push }, "deploy", build),
        Change::Redeploy(build) => building(Intent::Redeploy { skip_push: build.skip_push }, "redeploy", build),
        Change::Rollback { to } => {
            Request { version: Some(Version::Exactly(to.clone())), ..simple(Intent::Rollback, &["rollback"]) }
        }
        Change::Prune(PruneCommand::All) => simple(Intent::Prune, &["prune", "all"]),
        Change::Prune(PruneCommand::Containers { retain }) => {
            simple(Intent::PruneContainers { retain: *retain }, &["prune", "containers"])
        }
        Change::Prune(PruneCommand::Images) => simple(Intent::PruneImages, &["prune", "images"]),
        Change::Remove(_) => simple(Intent::Remove, &["remove"]),
        // The app is booted behind the new proxy as `app boot` does it.
        Change::Upgrade { rolling, .. } => {
            Request { version: Some(Version::Latest), ..simple(Intent::Upgrade { rolling: *rolling }, &["upgrade"]) }
        }
    }
}

/// A request about the version from git, without anything special.
pub fn simple(intent: Intent, words: &[&str]) -> Request {
    let words = words.iter().map(|word| (*word).to_string()).collect();
    Request { intent, words, ..Request::default() }
}

fn building(intent: Intent, word: &str, build: &Build) -> Request {
    Request { no_cache: build.no_cache, ..simple(intent, &[word]) }
}

/// Performs a request, or shows its plan under `--dry-run`.
pub fn carry_out(options: &Options, request: Request) -> Result<u8, Failure> {
    carry_out_in(&Project::read(options)?, options, request)
}

/// The same in a project that has been read.
pub fn carry_out_in(project: &Project, options: &Options, request: Request) -> Result<u8, Failure> {
    if options.dry_run {
        show(options, project, request, Look::AtHosts)?;
    } else {
        invocation::perform(project, options, request)?;
    }
    Ok(0)
}

/// Shows the plan of a request on standard output.
pub fn show(options: &Options, project: &Project, request: Request, look: Look) -> Result<(), Failure> {
    let Planned { saved, denied } = invocation::plan(project, options, request, look)?;
    tell(options, &saved.plan, look)?;
    tell_denied(options, project, denied)
}

/// Tells why a plan that was shown would not be carried out. Standard output holds the plan, and nothing else where that is JSON.
pub fn tell_denied(options: &Options, project: &Project, denied: Option<LifecycleError>) -> Result<(), Failure> {
    match denied {
        None => Ok(()),
        // To be approved, a plan has to be seen first.
        Some(error) if error.awaits_approval() => {
            say(&format!("note: {error}\nhint: {}", crate::failure::TO_APPROVE));
            Ok(())
        }
        Some(error) if options.output == Output::Json => {
            failed(project, error).tell(Output::Text);
            Err(Failure::Told)
        }
        Some(error) => Err(failed(project, error)),
    }
}

/// Writes a plan on standard output.
pub fn tell(options: &Options, plan: &Plan, look: Look) -> Result<(), Failure> {
    match options.output {
        Output::Json => match serde_json::to_string_pretty(plan) {
            Ok(json) => print(&json),
            Err(error) => return Err(Failure::message(format!("the plan cannot be written as JSON: {error}"))),
        },
        Output::Text => {
            print_raw(&outline(plan, if options.verbose { Detail::Commands } else { Detail::Steps }));
            if look == Look::AtHosts && !plan.connect.is_empty() {
                print(
                    "\nNote: the hook script pre-connect was not run; --run-pre-connect runs it before looking at the hosts.",
                );
            }
            if look == Look::Offline {
                print("\nNote: no host was looked at; hosts with nothing but docker were assumed.");
            }
        }
    }
    Ok(())
}

//! `sextant apply`: carries out a plan that was made before, exactly that one.

use std::path::Path;
use std::sync::Arc;

use journal::SavedPlan;
use lifecycle::Settled;
use plan::{Action, Plan};

use crate::approvals;
use crate::arguments::{Apply, Options};
use crate::catalogue::catalogue;
use crate::console::say;
use crate::diff::diff;
use crate::failure::{ANEW, Failure};
use crate::invocation::{self, Look, Planned};
use crate::machines::require_port;
use crate::project::{Project, Substitution};
use crate::saved;

pub fn run(options: &Options, arguments: &Apply) -> Result<u8, Failure> {
    let mut saved = saved::read(Path::new(&arguments.file))?;
    let options = &with_destination(options, &saved)?;
    let project = Project::read(options)?;
    check_project(&project, &saved)?;
    // The same configuration, with the secrets that stand in its files: a plan's file has none.
    saved.basis.run.configuration = project.configuration.clone();
    let catalogue = catalogue(&project, options)?;
    check_plugins(&saved, &catalogue)?;
    require_port(&project)?;
    let secrets = project.secrets(Substitution::NamesOnly)?;
    let run = Arc::new(saved.basis.run.clone());
    let signers = approvals::signers(options, project.configuration.signers.as_deref());
    let approvals = approvals::approvers(&saved, signers.as_deref())?;
    if !approvals.is_empty() && !options.quiet {
        say(&format!("Approved by {}", approvals::named(&approvals)));
    }
    let present = Arc::new(invocation::at_present(&run));
    let settled = Settled { present, plan: saved.plan, basis: saved.basis, approvals };
    if options.dry_run {
        let Planned { saved, denied } =
            invocation::plan_run(&project, options, catalogue, run, &secrets, Look::AtHosts, Some(&settled))?;
        super::change::tell(options, &saved.plan, Look::AtHosts)?;
        super::change::tell_denied(options, &project, denied)?;
    } else {
        invocation::perform_run(&project, options, catalogue, run, &secrets, Some(&settled))?;
    }
    Ok(0)
}

/// The options with the plan's destination. What a plan is about cannot be said again.
fn with_destination(options: &Options, saved: &SavedPlan) -> Result<Options, Failure> {
    let narrowed = [
        ("--hosts", !options.hosts.is_empty()),
        ("--roles", !options.roles.is_empty()),
        ("--primary", options.primary),
        ("--version", options.version.is_some()),
        ("--skip-hooks", options.skip_hooks),
        ("--lock-wait", options.lock_wait),
        ("--override", !options.overridden.is_empty()),
    ];
    if let Some((flag, _)) = narrowed.iter().find(|(_, given)| *given) {
        let text = format!("{flag} has no meaning for a plan that is made already");
        return Err(Failure::Usage { text, hint: format!("give {flag} to `sextant plan --out`") });
    }
    let destination = saved.basis.run.configuration.destination.clone();
    if options.destination.is_some() && options.destination != destination {
        let name = |destination: &Option<String>| destination.clone().unwrap_or_else(|| "none".to_string());
        let (asked, made) = (name(&options.destination), name(&destination));
        return Err(refused(format!("this plan is for the destination `{made}`, not `{asked}`")));
    }
    let mut options = options.clone();
    options.destination = destination;
    Ok(options)
}

/// Refuses a plan of another project, or of another state of this one.
fn check_project(project: &Project, saved: &SavedPlan) -> Result<(), Failure> {
    let recorded = &saved.basis.run;
    let (theirs, ours) = (&recorded.configuration, &project.configuration);
    if theirs.service != ours.service {
        return Err(refused(format!(
            "this plan is of the service `{}`, and this is `{}`",
            theirs.service, ours.service
        )));
    }
    let (before, now) = (configuration::dump(&theirs.document), configuration::dump(&ours.document));
    if before != now {
        let lines = diff(&before, &now, ("the configuration when the plan was made", "the configuration now"));
        return Err(refused(format!(
            "the configuration is another one than when the plan was made\n{}",
            lines.trim_end()
        )));
    }
    let selected = configuration::Selection::new(ours, &recorded.selection.filter);
    if !selected.is_ok_and(|selected| selected == recorded.selection) {
        return Err(refused(
            "this plan selects other hosts than its filter does: it was not made by this program".into(),
        ));
    }
    if recorded.lock_inherited && std::env::var("KAMAL_LOCK").as_deref() != Ok("true") {
        return Err(refused("this plan was made under the deploy lock of another run, which is not there now".into()));
    }
    let there = project.hook_scripts()?;
    if let Some(gone) = recorded.hook_scripts.iter().find(|script| !there.contains(*script)) {
        return Err(refused(format!("the hook script `{gone}`, which this plan runs, is gone")));
    }
    check_checkout(project, saved)
}

/// Refuses a plan that builds from what is not here.
fn check_checkout(project: &Project, saved: &SavedPlan) -> Result<(), Failure> {
    let run = &saved.basis.run;
    let clones = saved.plan.steps().any(|(_, step)| matches!(step.action, Action::Checkout { .. }));
    let builds = saved.plan.steps().any(|(_, step)| matches!(step.action, Action::Build(_) | Action::Pack { .. }));
    let (then, now) = (&run.checkout, project.checkout());
    let root = |checkout: &Option<plan::Checkout>| checkout.as_ref().map(|checkout| checkout.root.clone());
    if clones && root(then) != root(&now) {
        let place = root(then).unwrap_or_default();
        return Err(refused(format!(
            "this plan builds from the git repository in {place}, and this is another folder"
        )));
    }
    if builds && !clones && *then != now {
        return Err(refused("this plan builds the files of the project, which changed since it was made".into()));
    }
    Ok(())
}

/// Refuses a plan that today's plugins would not make of what it was made from.
fn check_plugins(saved: &SavedPlan, catalogue: &plugin_runtime::Catalogue) -> Result<(), Failure> {
    let again = match saved.basis.plan(catalogue) {
        Ok(again) => again,
        Err(error) => return Err(refused(format!("this plan cannot be made again: {error}"))),
    };
    let changed = changed_plugins(&saved.plan, &again);
    if !changed.is_empty() {
        let made = made_by(saved).map(|made| format!(" ({made})")).unwrap_or_default();
        return Err(refused(format!("{}{made}", changed.join("\n"))));
    }
    if saved.plan == again {
        return Ok(());
    }
    let text = "this is not the plan that its own facts and configuration give: it was changed after it was made";
    Err(refused(match made_by(saved) {
        Some(made) => format!("{text}, or the program changed ({made})"),
        None => text.to_string(),
    }))
}

/// Plugins that are other ones than in a recorded plan, a line each.
pub fn changed_plugins(before: &Plan, now: &Plan) -> Vec<String> {
    let of = |plan: &Plan| -> std::collections::BTreeMap<String, String> {
        let owners = plan.hooks.iter().map(|owner| (owner.plugin.clone(), owner.digest.clone()));
        owners.chain(plan.plugins.iter().map(|plugin| (plugin.name.clone(), plugin.digest.clone()))).collect()
    };
    let (before, now) = (of(before), of(now));
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let changed = before.iter().filter_map(|(name, old)| match now.get(name) {
        None => Some(format!("plugin `{name}` ({}) has no say any more", short(old))),
        Some(new) if new != old => {
            Some(format!("plugin `{name}` is another one: {} then, {} now", short(old), short(new)))
        }
        Some(_) => None,
    });
    let new = now.iter().filter(|(name, _)| !before.contains_key(*name));
    changed.chain(new.map(|(name, digest)| format!("plugin `{name}` ({}) is new", short(digest)))).collect()
}

/// Which versions made a plan and look at it now, where they differ.
pub fn made_by(saved: &SavedPlan) -> Option<String> {
    const OWN: &str = env!("CARGO_PKG_VERSION");
    (saved.program != OWN).then(|| format!("made by Sextant {}, this is {OWN}", saved.program))
}

fn refused(text: String) -> Failure {
    Failure::with_hint(text, ANEW)
}

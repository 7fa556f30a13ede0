//! Building the image, pushing it, and pulling it on the app hosts.

use commands::Machine;
use configuration::BuilderKind;

use crate::action::Action;
use crate::assembly::ImageAssembly;
use crate::error::PlanError;
use crate::hooks::Whereabouts;
use crate::login;
use crate::plan::{Plan, SharedRegistry, Stage, Step};
use crate::planner::{Planner, Script, on_hosts};

/// `build deliver`: build, push and pull, without the lock.
pub(crate) fn deliver(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    plan.prepare = image(planner, false, &mut plan.notes)?;
    Ok(plan)
}

/// `build push`.
pub(crate) fn push(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    plan.prepare = push_stages(planner, &mut plan.notes)?;
    Ok(plan)
}

/// `build pull`.
pub(crate) fn pull(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    plan.prepare.extend(pull_stage(planner)?);
    Ok(plan)
}

/// `build dev`: the working directory as it is, without clone, login and hook scripts.
pub(crate) fn dev(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    let (answer, _) = planner.hooks.build(planner.run, planner.facts)?;
    let steps = std::iter::once(login::docker_here()).chain(planner.local_steps(answer)).collect();
    plan.prepare.extend(Stage::of_steps("Build the image for development", [(Machine::Local, steps)]));
    plan.notes.extend(changes_in_a_dev_image(planner));
    Ok(plan)
}

/// `build create`: the builder that a build would use.
pub(crate) fn create(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    builder_alone(planner, "Create the builder", |builder| {
        (format!("create builder {}", builder.name), Action::MakeBuilder(builder))
    })
}

/// `build remove`: the builder that a build would use.
pub(crate) fn remove(planner: &Planner<'_>) -> Result<Plan, PlanError> {
    builder_alone(planner, "Remove the builder", |builder| {
        (format!("remove builder {}", builder.name), Action::RemoveBuilder(builder))
    })
}

/// Brings the image to the app hosts: built and pushed first, unless that is skipped.
pub(crate) fn image(planner: &Planner<'_>, skip_push: bool, notes: &mut Vec<String>) -> Result<Vec<Stage>, PlanError> {
    let is_pushed = !skip_push && planner.image_is_pushed();
    notes.extend(is_pushed.then(|| "the image was built and pushed before the run was interrupted".to_string()));
    let mut stages = if skip_push || is_pushed { Vec::new() } else { push_stages(planner, notes)? };
    stages.extend(pull_stage(planner)?);
    Ok(stages)
}

fn push_stages(planner: &Planner<'_>, notes: &mut Vec<String>) -> Result<Vec<Stage>, PlanError> {
    let mut built = image_steps(planner)?;
    notes.extend(uncommitted_changes(planner, &built));
    notes.extend(unknown_architecture(planner));
    let docker = needs_docker(&built);
    let mut stages = Vec::new();
    let mut steps = Vec::new();
    match planner.run.configuration.registry.local_port() {
        // A stage of its own, so that nothing is left undone when the host has to serve images instead of docker.
        Some(port) => {
            let check = docker.then(login::docker_here);
            let steps = check.into_iter().chain([start_registry(port)]).collect();
            stages.extend(Stage::of_steps("Start the local registry", [(Machine::Local, steps)]));
        }
        None if !docker => steps.extend(login::of_what_is_published(planner, &mut built)?),
        None if builds_elsewhere(planner) && !publishes(&built) => steps.push(login::docker_here()),
        None => {
            steps.extend(login::on_this_machine(planner)?);
            login::lend(&steps, &mut built);
        }
    }
    steps.extend(planner.script("pre-build", Script { locked: planner.run.lock_inherited, ..Script::default() }));
    steps.extend(built);
    let stage = Stage::of_steps("Build and push the image", [(Machine::Local, steps)]);
    stages.extend(stage.map(|stage| stage.with_registry(shared_with_builder(planner))));
    Ok(stages)
}

/// The steps that build the image and bring it to where it is wanted. What the host publishes carries the service's label.
fn image_steps(planner: &Planner<'_>) -> Result<Vec<Step>, PlanError> {
    let (answer, whereabouts) = planner.hooks.build(planner.run, planner.facts)?;
    let mut steps = planner.local_steps(answer);
    if whereabouts == Whereabouts::Local && planner.run.intent.output() == "registry" {
        let answer = planner.hooks.push(planner.run, planner.facts)?;
        steps.extend(planner.local_steps(answer));
    }
    for step in &mut steps {
        if let Action::Publish { image: ImageAssembly { labels, .. }, .. } | Action::PublishFiles { labels, .. } =
            &mut step.action
        {
            labels.retain(|(name, _)| name != "service");
            labels.push(("service".to_string(), planner.run.configuration.service.clone()));
        }
    }
    Ok(steps)
}

/// Whether docker on this machine brings the image to the registry, or may: where the host does it, only other programs are run here.
fn needs_docker(steps: &[Step]) -> bool {
    let without = |action: &Action| match action {
        Action::Run { words } => words.first().is_none_or(|program| program != "docker"),
        Action::Checkout { .. } | Action::MakeDirectory { .. } => true,
        action => action.is_deed(),
    };
    !publishes(steps) || !steps.iter().all(|step| without(&step.action))
}

fn publishes(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.action.publishes())
}

/// The step that starts the registry on the operator's machine.
pub(crate) fn start_registry(port: u16) -> Step {
    Step::new(format!("start the local registry on port {port}"), Action::StartRegistry { port })
}

/// A builder on another machine logs in to the registry with credentials of its own.
fn builds_elsewhere(planner: &Planner<'_>) -> bool {
    matches!(kind(planner), BuilderKind::Remote | BuilderKind::Hybrid)
}

fn kind(planner: &Planner<'_>) -> BuilderKind {
    planner.run.configuration.builder.kind(planner.facts.architecture.as_deref())
}

/// A builder behind ssh pushes to the operator's registry through a port of its own machine.
fn shared_with_builder(planner: &Planner<'_>) -> Option<SharedRegistry> {
    let host = planner.run.configuration.builder.remote_host().filter(|_| builds_elsewhere(planner))?;
    shared_with(planner, vec![Machine::Host(host.to_string())])
}

fn shared_with(planner: &Planner<'_>, machines: Vec<Machine>) -> Option<SharedRegistry> {
    let configuration = &planner.run.configuration;
    let image = format!("{}:{}", configuration.image, planner.run.version);
    Some(SharedRegistry { port: configuration.registry.local_port()?, image, machines })
}

/// Every app host logs in, even under `--skip-push`, and pulls. Nothing else does.
fn pull_stage(planner: &Planner<'_>) -> Result<Option<Stage>, PlanError> {
    let run = planner.run;
    let login = login::on_hosts(planner, &run.configuration.registry)?;
    let image = run.configuration.absolute_image(&run.version);
    let pulls = on_hosts(&run.selection.app_hosts, |_| {
        let service = run.configuration.service.clone();
        let mut steps = login.clone();
        steps.push(planner.audit(None, &format!("Pulled image with version {}", run.version)));
        steps.push(Step::new(format!("pull {image}"), Action::Pull { image: image.clone() }).within(60 * 30));
        let label = Action::RequireServiceLabel { image: image.clone(), service };
        steps.push(Step::new("check that the image carries the service's label", label).within(60));
        steps
    });
    let hosts = run.selection.app_hosts.iter().cloned().map(Machine::Host).collect();
    let stage = Stage::of_steps("Pull the image", pulls);
    Ok(stage.map(|stage| stage.with_registry(shared_with(planner, hosts))))
}

/// What is done with the builder that a build would see to.
fn builder_alone(
    planner: &Planner<'_>,
    title: &str,
    step: impl Fn(commands::builds::Builder) -> (String, Action),
) -> Result<Plan, PlanError> {
    let mut plan = planner.plan();
    let (answer, _) = planner.hooks.build(planner.run, planner.facts)?;
    let builders = planner.local_steps(answer).into_iter().filter_map(|proposed| {
        let Action::EnsureBuilder(builder) = proposed.action else { return None };
        let (title, action) = step(builder);
        Some(Step { plugin: proposed.plugin, ..Step::new(title, action).within(proposed.time_limit) })
    });
    plan.notes.extend(unknown_architecture(planner));
    plan.prepare.extend(Stage::of_steps(title, [(Machine::Local, builders.collect())]));
    Ok(plan)
}

/// What a reader should know about files that differ from the commit, in Kamal's words.
fn uncommitted_changes(planner: &Planner<'_>, steps: &[Step]) -> Option<String> {
    let changes = &planner.run.checkout.as_ref()?.changes;
    if changes.is_empty() {
        return None;
    }
    let files: Vec<&str> = changes.iter().map(|change| file(change)).collect();
    let what = match steps.iter().any(|step| matches!(step.action, Action::Checkout { .. })) {
        true => "Building from a local git clone, so ignoring these uncommitted changes",
        false => "Building with uncommitted changes",
    };
    Some(format!("{what}: {}", files.join(", ")))
}

/// The files that no commit has, in Kamal's words.
fn changes_in_a_dev_image(planner: &Planner<'_>) -> Vec<String> {
    let changes = planner.run.checkout.iter().flat_map(|checkout| &checkout.changes);
    let (untracked, changed): (Vec<&String>, Vec<&String>) = changes.partition(|change| change.starts_with("??"));
    let note = |what: &str, changes: Vec<&String>| {
        let mut files: Vec<&str> = changes.into_iter().map(|change| file(change)).collect();
        files.sort_unstable();
        (!files.is_empty()).then(|| format!("{what} will be present in the dev container: {}", files.join(", ")))
    };
    let notes = [note("Files with uncommitted changes", changed), note("Untracked files", untracked)];
    notes.into_iter().flatten().collect()
}

/// The file that a line of `git status --porcelain` is about.
fn file(change: &str) -> &str {
    change.get(3..).unwrap_or(change)
}

fn unknown_architecture(planner: &Planner<'_>) -> Option<String> {
    let builder = &planner.run.configuration.builder;
    let unknown = builder.remote.is_some() && builder.local && planner.facts.architecture.is_none();
    unknown.then(|| {
        "the architecture of this machine's docker is not known: everything is assumed to be left to the remote builder"
            .to_string()
    })
}

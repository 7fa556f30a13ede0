//! Turns a step into the command that carries it out: the one door between an action and a machine's shell.

use commands::assets;
use commands::builds;
use commands::docker;
use commands::host;
use commands::proxy;
use commands::prune;
use commands::quoting::literal;
use commands::registry;
use commands::{Command, Fragment};

use crate::action::{Action, HookScript, Part, Username, credential_names};
use crate::plan::Step;

/// The command of a step, with its probe in front.
pub fn command(step: &Step) -> Command {
    let mut command = action(&step.action);
    if let Some(probe) = &step.unless {
        let probe: Vec<String> = probe.iter().map(|word| literal(word)).collect();
        command.line = format!("{} > /dev/null 2>&1 || {{ {}; }}", probe.join(" "), command.line);
    }
    command
}

/// The command of an action.
pub fn action(action: &Action) -> Command {
    match action {
        Action::Login { server, username, password } => docker::login(server.as_deref(), user(username), password),
        Action::LoginWithCredentials { plugin, server } => {
            let (user, password) = credential_names(plugin, server.as_deref());
            docker::login(server.as_deref(), Fragment::Secret(user), &password)
        }
        // Nobody sends these to a machine: they are what a reader of the plan sees in the place of a command.
        Action::Errand { plugin, name } => Command::new(format!("# {plugin}: {name}")),
        Action::Publish { image, .. } => {
            Command::new(format!("# put {} together for {} and push it", image.names.join(", "), image.platform))
        }
        Action::PublishFiles { path, names, .. } => Command::new(format!("# push {path} as {}", names.join(", "))),
        Action::Logout { server } => docker::logout(server.as_deref()),
        Action::Pull { image } => docker::pull(image),
        Action::PullAccessoryImage { image } => docker::pull_accessory_image(image),
        Action::RequireServiceLabel { image, service } => docker::require_service_label(image, service),
        Action::Push { image } => docker::push(image),
        Action::Tag { image, name } => docker::tag(image, name),
        Action::RemoveImage { image } => docker::remove_image(image),
        Action::RequireBuildx => builds::require_buildx(),
        Action::Checkout { root, directory, revision } => builds::checkout(root, directory, revision),
        Action::CreateBuilder { name, driver } => builds::create_builder(name, driver),
        Action::EnsureBuilder(builder) => builds::ensure_builder(builder),
        Action::MakeBuilder(builder) => builds::make_builder(builder),
        Action::RemoveBuilder(builder) => builds::remove_builder(builder),
        Action::Build(build) => builds::build(build),
        Action::Pack { name, builder, buildpacks, build } => builds::pack(name, builder, buildpacks, build),
        Action::StartRegistry { port } => registry::start(*port),
        Action::RemoveRegistry => registry::remove(),
        Action::StartContainer(container) => docker::run_app(container),
        Action::StartAccessory(container) => docker::run_accessory(container),
        Action::ResumeContainer { name } => docker::start(name),
        Action::ResumeAccessory { name } => docker::start_accessory(name),
        Action::StopAccessory { name } => docker::stop_accessory(name),
        Action::AwaitHealthy { container, readiness_delay, timeout } => {
            docker::await_healthy(container, *readiness_delay, *timeout)
        }
        Action::Route { service, container, port, options } => proxy::deploy(service, container, *port, options),
        Action::Unroute { service } => proxy::remove(service),
        Action::LetThrough { service } => proxy::resume(service),
        Action::HoldBack { service, drain_timeout, message } => {
            proxy::hold_back(service, *drain_timeout, message.as_deref())
        }
        Action::StopContainer { name, id, timeout } => docker::stop(name, id.as_deref(), *timeout),
        Action::RenameContainer { name, to } => docker::rename(name, to),
        Action::RemoveContainer { name } => docker::remove(name),
        Action::RemoveContainers { labels } => docker::prune_containers(labels),
        Action::RemoveImages { label: (key, text) } => docker::prune_all_images(key, text),
        Action::ShowLogs { container } => docker::logs_and_health(container),
        Action::MakeDirectory { path } => host::make_directory(path),
        Action::ChangeMode { path, mode } => host::change_mode(mode, path),
        Action::ChangeOwner { path, owner } => host::change_owner(owner, path),
        Action::RemovePath { path } => host::remove_path(path),
        Action::WriteEnvironmentFile { path, secrets } => host::write_environment_file(path, secrets),
        Action::WriteFile { path, mode, content } => host::write_file(path, mode, content.iter().map(part).collect()),
        Action::Upload { source, path, mode } => {
            let content = vec![Fragment::File(source.clone())];
            match mode {
                Some(mode) => host::write_file(path, mode, content),
                None => host::overwrite(path, content),
            }
        }
        Action::Overwrite { path, content } => host::overwrite(path, content.iter().map(part).collect()),
        Action::CreateNetwork { name } => docker::create_network(name),
        Action::ExtractAssets { container, image, path, directory, name } => {
            assets::extract(container, image, path, directory, name)
        }
        Action::SyncAssets { directory, name, previous } => assets::sync(directory, name, previous.as_deref()),
        Action::CleanAssets { directory, role, name } => assets::clean(directory, role, name),
        Action::CleanErrorPages { directory, version } => proxy::clean_error_pages(directory, version),
        Action::BootProxy { container } => proxy::boot(container.as_ref()),
        Action::RunProxy { container } => proxy::run(container.as_ref()),
        Action::StartProxy => proxy::start(),
        Action::StopProxy => proxy::stop(),
        Action::RemoveProxyContainer => proxy::remove_container(),
        Action::RemoveProxyImage => proxy::remove_image(),
        Action::RemoveTraefik => proxy::remove_traefik(),
        Action::PruneContainers { service, retain } => prune::containers(service, *retain),
        Action::PruneImages { service, repository, latest_image } => prune::images(service, repository, latest_image),
        Action::InstallDocker => host::install_docker(),
        Action::JoinDockerGroup => host::join_docker_group(),
        Action::TakeLock { directory, details } => host::take_lock(directory, details),
        Action::ReleaseLock { directory } => host::release_lock(directory),
        Action::Audit { log, tags, message } => host::audit(log, tags, message),
        Action::HookScript(script) => hook_script(script),
        Action::Wait { seconds } => host::sleep(*seconds),
        Action::Run { words } => host::run(words),
    }
}

fn user(username: &Username) -> Fragment {
    match username {
        Username::Clear(name) => Fragment::text(name),
        Username::Secret(name) => Fragment::Secret(name.clone()),
    }
}

fn part(part: &Part) -> Fragment {
    match part {
        Part::Text(text) => Fragment::text(text),
        Part::Secret(name) => Fragment::Secret(name.clone()),
    }
}

fn hook_script(script: &HookScript) -> Command {
    let mut command = host::hook_script(&script.path);
    for (name, text) in &script.environment {
        command = command.with_variable(name, vec![Fragment::text(text)]);
    }
    for name in &script.secrets {
        command = command.with_variable(name, vec![Fragment::Secret(name.clone())]);
    }
    if script.runtime {
        command = command.with_variable("KAMAL_RUNTIME", vec![Fragment::Elapsed]);
    }
    command
}

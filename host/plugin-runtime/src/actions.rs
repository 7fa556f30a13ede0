//! What plugins make steps from: actions, container specifications, image builds.

use commands::builds::{Builder as BuilderSpec, ImageBuild};
use commands::docker::Container as ContainerSpec;
use plan::{Action, ImageAssembly};
use wasmtime::component::Resource;

use crate::bindings::sextant::deploy::{steps, types};
use crate::convert;
use crate::sandbox::State;

type Pair = (String, Option<String>);

impl State {
    /// Hands an action to the guest; every byte of text in it counts.
    fn action(&mut self, bytes: usize, action: Action) -> wasmtime::Result<Resource<Action>> {
        self.budget.output(bytes)?;
        Ok(self.table.push(action)?)
    }

    /// Changes a container specification; every byte of text counts.
    fn container(
        &mut self,
        this: &Resource<ContainerSpec>,
        bytes: usize,
        change: impl FnOnce(&mut ContainerSpec),
    ) -> wasmtime::Result<()> {
        self.budget.output(bytes)?;
        change(self.table.get_mut(this)?);
        Ok(())
    }

    /// Changes a builder; every byte of text counts.
    fn builder(
        &mut self,
        this: &Resource<BuilderSpec>,
        bytes: usize,
        change: impl FnOnce(&mut BuilderSpec),
    ) -> wasmtime::Result<()> {
        self.budget.output(bytes)?;
        change(self.table.get_mut(this)?);
        Ok(())
    }

    /// Changes an image build; every byte of text counts.
    fn image_build(
        &mut self,
        this: &Resource<ImageBuild>,
        bytes: usize,
        change: impl FnOnce(&mut ImageBuild),
    ) -> wasmtime::Result<()> {
        self.budget.output(bytes)?;
        change(self.table.get_mut(this)?);
        Ok(())
    }
}

impl steps::HostAction for State {
    fn login(
        &mut self,
        server: Option<String>,
        username: types::Text,
        password: String,
    ) -> wasmtime::Result<Resource<Action>> {
        let bytes = optional(server.as_ref()) + password.len();
        self.action(bytes, Action::Login { server, username: convert::username(username), password })
    }

    fn pull(&mut self, image: String) -> wasmtime::Result<Resource<Action>> {
        self.action(image.len(), Action::Pull { image })
    }

    fn push(&mut self, image: String) -> wasmtime::Result<Resource<Action>> {
        self.action(image.len(), Action::Push { image })
    }

    fn tag(&mut self, image: String, name: String) -> wasmtime::Result<Resource<Action>> {
        self.action(image.len() + name.len(), Action::Tag { image, name })
    }

    fn require_buildx(&mut self) -> wasmtime::Result<Resource<Action>> {
        self.action(0, Action::RequireBuildx)
    }

    fn checkout(&mut self, root: String, directory: String, revision: String) -> wasmtime::Result<Resource<Action>> {
        let bytes = root.len() + directory.len() + revision.len();
        self.action(bytes, Action::Checkout { root, directory, revision })
    }

    fn create_builder(&mut self, name: String, driver: String) -> wasmtime::Result<Resource<Action>> {
        self.action(name.len() + driver.len(), Action::CreateBuilder { name, driver })
    }

    fn login_with_credentials(&mut self, server: Option<String>) -> wasmtime::Result<Resource<Action>> {
        let bytes = server.as_ref().map_or(0, String::len);
        self.action(bytes, Action::LoginWithCredentials { plugin: String::new(), server })
    }

    fn errand(&mut self, name: String) -> wasmtime::Result<Resource<Action>> {
        self.action(name.len(), Action::Errand { plugin: String::new(), name: convert::one_line(&name) })
    }

    fn publish(&mut self, image: Resource<ImageAssembly>) -> wasmtime::Result<Resource<Action>> {
        let image = self.table.delete(image)?;
        self.action(0, Action::Publish { image, login: None })
    }

    fn publish_files(&mut self, path: String, names: Vec<String>) -> wasmtime::Result<Resource<Action>> {
        let bytes = path.len() + names.iter().map(String::len).sum::<usize>();
        self.action(bytes, Action::PublishFiles { path, names, labels: Vec::new(), login: None })
    }

    fn build(&mut self, build: Resource<ImageBuild>) -> wasmtime::Result<Resource<Action>> {
        let build = self.table.delete(build)?;
        self.action(0, Action::Build(build))
    }

    fn ensure_builder(&mut self, builder: Resource<BuilderSpec>) -> wasmtime::Result<Resource<Action>> {
        let builder = self.table.delete(builder)?;
        self.action(0, Action::EnsureBuilder(builder))
    }

    fn pack(
        &mut self,
        name: String,
        builder: String,
        buildpacks: Vec<String>,
        build: Resource<ImageBuild>,
    ) -> wasmtime::Result<Resource<Action>> {
        let build = self.table.delete(build)?;
        let bytes = name.len() + builder.len() + buildpacks.iter().map(String::len).sum::<usize>();
        self.action(bytes, Action::Pack { name, builder, buildpacks, build })
    }

    fn start_container(&mut self, container: Resource<ContainerSpec>) -> wasmtime::Result<Resource<Action>> {
        let container = self.table.delete(container)?;
        self.action(0, Action::StartContainer(container))
    }

    fn await_healthy(
        &mut self,
        container: String,
        readiness_delay: u64,
        timeout: u64,
    ) -> wasmtime::Result<Resource<Action>> {
        self.action(container.len(), Action::AwaitHealthy { container, readiness_delay, timeout })
    }

    fn route(
        &mut self,
        service: String,
        container: String,
        port: u64,
        options: Vec<Pair>,
    ) -> wasmtime::Result<Resource<Action>> {
        let bytes = service.len() + container.len() + options.iter().map(size).sum::<usize>();
        self.action(bytes, Action::Route { service, container, port, options })
    }

    fn unroute(&mut self, service: String) -> wasmtime::Result<Resource<Action>> {
        self.action(service.len(), Action::Unroute { service })
    }

    fn stop_container(
        &mut self,
        name: String,
        id: Option<String>,
        timeout: Option<u64>,
    ) -> wasmtime::Result<Resource<Action>> {
        let bytes = name.len() + optional(id.as_ref());
        self.action(bytes, Action::StopContainer { name, id, timeout })
    }

    fn rename_container(&mut self, name: String, to: String) -> wasmtime::Result<Resource<Action>> {
        self.action(name.len() + to.len(), Action::RenameContainer { name, to })
    }

    fn remove_container(&mut self, name: String) -> wasmtime::Result<Resource<Action>> {
        self.action(name.len(), Action::RemoveContainer { name })
    }

    fn show_logs(&mut self, container: String) -> wasmtime::Result<Resource<Action>> {
        self.action(container.len(), Action::ShowLogs { container })
    }

    fn make_directory(&mut self, path: String) -> wasmtime::Result<Resource<Action>> {
        self.action(path.len(), Action::MakeDirectory { path })
    }

    fn write_environment_file(
        &mut self,
        path: String,
        secrets: Vec<(String, String)>,
    ) -> wasmtime::Result<Resource<Action>> {
        let bytes = path.len() + secrets.iter().map(|(name, secret)| name.len() + secret.len()).sum::<usize>();
        self.action(bytes, Action::WriteEnvironmentFile { path, secrets })
    }

    fn extract_assets(
        &mut self,
        container: String,
        image: String,
        path: String,
        directory: String,
        name: String,
    ) -> wasmtime::Result<Resource<Action>> {
        let bytes = container.len() + image.len() + path.len() + directory.len() + name.len();
        self.action(bytes, Action::ExtractAssets { container, image, path, directory, name })
    }

    fn sync_assets(
        &mut self,
        directory: String,
        name: String,
        previous: Option<String>,
    ) -> wasmtime::Result<Resource<Action>> {
        let bytes = directory.len() + name.len() + optional(previous.as_ref());
        self.action(bytes, Action::SyncAssets { directory, name, previous })
    }

    fn clean_assets(&mut self, directory: String, role: String, name: String) -> wasmtime::Result<Resource<Action>> {
        let bytes = directory.len() + role.len() + name.len();
        self.action(bytes, Action::CleanAssets { directory, role, name })
    }

    fn run(&mut self, words: Vec<String>) -> wasmtime::Result<Resource<Action>> {
        self.action(words.iter().map(String::len).sum(), Action::Run { words })
    }

    fn drop(&mut self, this: Resource<Action>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl steps::HostContainerSpec for State {
    fn new(&mut self, name: String, image: String) -> wasmtime::Result<Resource<ContainerSpec>> {
        self.budget.output(name.len() + image.len())?;
        Ok(self.table.push(ContainerSpec { name, image, ..ContainerSpec::default() })?)
    }

    fn restart(&mut self, this: Resource<ContainerSpec>, policy: String) -> wasmtime::Result<()> {
        self.container(&this, policy.len(), |spec| spec.restart = Some(policy))
    }

    fn network(&mut self, this: Resource<ContainerSpec>, name: String) -> wasmtime::Result<()> {
        self.container(&this, name.len(), |spec| spec.network = Some(name))
    }

    fn hostname(&mut self, this: Resource<ContainerSpec>, name: String) -> wasmtime::Result<()> {
        self.container(&this, name.len(), |spec| spec.hostname = Some(name))
    }

    fn environment(
        &mut self,
        this: Resource<ContainerSpec>,
        name: String,
        value: Option<String>,
    ) -> wasmtime::Result<()> {
        let pair = (name, value);
        self.container(&this, size(&pair), |spec| spec.environment.push(pair))
    }

    fn environment_file(&mut self, this: Resource<ContainerSpec>, path: String) -> wasmtime::Result<()> {
        self.container(&this, path.len(), |spec| spec.environment_files.push(path))
    }

    fn log_driver(&mut self, this: Resource<ContainerSpec>, name: String) -> wasmtime::Result<()> {
        self.container(&this, name.len(), |spec| spec.log_driver = Some(name))
    }

    fn log_option(
        &mut self,
        this: Resource<ContainerSpec>,
        name: String,
        value: Option<String>,
    ) -> wasmtime::Result<()> {
        let pair = (name, value);
        self.container(&this, size(&pair), |spec| spec.log_options.push(pair))
    }

    fn publish(&mut self, this: Resource<ContainerSpec>, port: String) -> wasmtime::Result<()> {
        self.container(&this, port.len(), |spec| spec.publish.push(port))
    }

    fn volume(&mut self, this: Resource<ContainerSpec>, volume: String) -> wasmtime::Result<()> {
        self.container(&this, volume.len(), |spec| spec.volumes.push(volume))
    }

    fn label(&mut self, this: Resource<ContainerSpec>, name: String, value: Option<String>) -> wasmtime::Result<()> {
        let pair = (name, value);
        self.container(&this, size(&pair), |spec| spec.labels.push(pair))
    }

    fn flag(&mut self, this: Resource<ContainerSpec>, name: String, value: Option<String>) -> wasmtime::Result<()> {
        let pair = (name, value);
        self.container(&this, size(&pair), |spec| spec.flags.push(pair))
    }

    fn command(&mut self, this: Resource<ContainerSpec>, words: String) -> wasmtime::Result<()> {
        self.container(&this, words.len(), |spec| spec.command = Some(words))
    }

    fn drop(&mut self, this: Resource<ContainerSpec>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl steps::HostImageBuild for State {
    fn new(&mut self, context: String) -> wasmtime::Result<Resource<ImageBuild>> {
        self.budget.output(context.len())?;
        Ok(self.table.push(ImageBuild { context, ..ImageBuild::default() })?)
    }

    fn directory(&mut self, this: Resource<ImageBuild>, path: String) -> wasmtime::Result<()> {
        self.image_build(&this, path.len(), |build| build.directory = Some(path))
    }

    fn tag(&mut self, this: Resource<ImageBuild>, name: String) -> wasmtime::Result<()> {
        self.image_build(&this, name.len(), |build| build.tags.push(name))
    }

    fn platform(&mut self, this: Resource<ImageBuild>, name: String) -> wasmtime::Result<()> {
        self.image_build(&this, name.len(), |build| build.platforms.push(name))
    }

    fn builder(&mut self, this: Resource<ImageBuild>, name: String) -> wasmtime::Result<()> {
        self.image_build(&this, name.len(), |build| build.builder = Some(name))
    }

    fn output(&mut self, this: Resource<ImageBuild>, kind: String) -> wasmtime::Result<()> {
        self.image_build(&this, kind.len(), |build| build.output = Some(kind))
    }

    fn dockerfile(&mut self, this: Resource<ImageBuild>, path: String) -> wasmtime::Result<()> {
        self.image_build(&this, path.len(), |build| build.dockerfile = Some(path))
    }

    fn target(&mut self, this: Resource<ImageBuild>, stage: String) -> wasmtime::Result<()> {
        self.image_build(&this, stage.len(), |build| build.target = Some(stage))
    }

    fn label(&mut self, this: Resource<ImageBuild>, name: String, value: String) -> wasmtime::Result<()> {
        self.image_build(&this, name.len() + value.len(), |build| build.labels.push((name, Some(value))))
    }

    fn argument(&mut self, this: Resource<ImageBuild>, name: String, value: Option<String>) -> wasmtime::Result<()> {
        let pair = (name, value);
        self.image_build(&this, size(&pair), |build| build.arguments.push(pair))
    }

    fn secret(&mut self, this: Resource<ImageBuild>, name: String) -> wasmtime::Result<()> {
        self.image_build(&this, name.len(), |build| build.secrets.push(name))
    }

    fn cache_to(&mut self, this: Resource<ImageBuild>, place: String) -> wasmtime::Result<()> {
        self.image_build(&this, place.len(), |build| build.cache_to = Some(place))
    }

    fn cache_from(&mut self, this: Resource<ImageBuild>, place: String) -> wasmtime::Result<()> {
        self.image_build(&this, place.len(), |build| build.cache_from = Some(place))
    }

    fn ssh(&mut self, this: Resource<ImageBuild>, keys: String) -> wasmtime::Result<()> {
        self.image_build(&this, keys.len(), |build| build.ssh = Some(keys))
    }

    fn provenance(&mut self, this: Resource<ImageBuild>, mode: String) -> wasmtime::Result<()> {
        self.image_build(&this, mode.len(), |build| build.provenance = Some(mode))
    }

    fn sbom(&mut self, this: Resource<ImageBuild>, attached: bool) -> wasmtime::Result<()> {
        self.image_build(&this, 0, |build| build.sbom = Some(attached))
    }

    fn own_login(&mut self, this: Resource<ImageBuild>) -> wasmtime::Result<()> {
        self.image_build(&this, 0, |build| build.own_login = true)
    }

    fn no_cache(&mut self, this: Resource<ImageBuild>) -> wasmtime::Result<()> {
        self.image_build(&this, 0, |build| build.no_cache = true)
    }

    fn drop(&mut self, this: Resource<ImageBuild>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl steps::HostBuilderSpec for State {
    fn new(&mut self, name: String) -> wasmtime::Result<Resource<BuilderSpec>> {
        self.budget.output(name.len())?;
        Ok(self.table.push(BuilderSpec { name, ..BuilderSpec::default() })?)
    }

    fn driver(&mut self, this: Resource<BuilderSpec>, name: String) -> wasmtime::Result<()> {
        self.builder(&this, name.len(), |builder| builder.driver = Some(name))
    }

    fn cloud(&mut self, this: Resource<BuilderSpec>, name: String) -> wasmtime::Result<()> {
        self.builder(&this, name.len(), |builder| builder.cloud = Some(name))
    }

    fn platform(&mut self, this: Resource<BuilderSpec>, name: String) -> wasmtime::Result<()> {
        self.builder(&this, name.len(), |builder| builder.platforms.push(name))
    }

    fn remote(&mut self, this: Resource<BuilderSpec>, url: String) -> wasmtime::Result<()> {
        self.builder(&this, url.len(), |builder| builder.remote = Some(url))
    }

    fn remote_platform(&mut self, this: Resource<BuilderSpec>, name: String) -> wasmtime::Result<()> {
        self.builder(&this, name.len(), |builder| builder.remote_platforms.push(name))
    }

    fn host_network(&mut self, this: Resource<BuilderSpec>) -> wasmtime::Result<()> {
        self.builder(&this, 0, |builder| builder.host_network = true)
    }

    fn drop(&mut self, this: Resource<BuilderSpec>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

fn size((name, value): &Pair) -> usize {
    name.len() + optional(value.as_ref())
}

fn optional(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

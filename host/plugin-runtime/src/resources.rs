//! The interfaces that plugins import, answered from plain values: a deployment and facts to read, a list of steps to add to.

use std::sync::Arc;

use plan::hooks::{Proposal, Registry};
use plan::{Action, Container, Facts, Intent, Run};
use wasmtime::component::Resource;

use crate::bindings::sextant::deploy::{deployment, facts, steps, types};
use crate::convert;
use crate::sandbox::State;

/// What a guest sees as a deployment.
pub struct DeploymentView {
    pub(crate) run: Arc<Run>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) settings: String,
}

/// `builder:` of a run.
pub struct BuilderView {
    run: Arc<Run>,
    facts: Arc<Facts>,
}

/// The git checkout of a run.
pub struct CheckoutView(Arc<Run>);

/// A role of a run, by its place in the configuration.
pub struct RoleView {
    pub(crate) run: Arc<Run>,
    pub(crate) index: usize,
}

/// The proxy of a role that has one.
pub struct ProxyView {
    proxy: configuration::Proxy,
    options: Vec<Pair>,
}

/// The assets of a role that has some.
pub struct AssetsView {
    assets: configuration::Assets,
    directory: String,
}

/// What a guest sees as facts.
pub struct FactsView {
    pub(crate) run: Arc<Run>,
    pub(crate) facts: Arc<Facts>,
}

/// The steps of an answer.
pub type StepList = Vec<Proposal>;

/// A step of a list.
pub struct StepHandle {
    list: u32,
    index: usize,
}

type Pair = (String, Option<String>);

impl BuilderView {
    /// What the configuration says.
    pub(crate) fn settings(&self) -> &configuration::Builder {
        &self.run.configuration.builder
    }

    /// The architecture of the docker on the operator's machine, where it is known.
    pub(crate) fn architecture(&self) -> Option<&str> {
        self.facts.architecture.as_deref()
    }

    /// What is asked for.
    pub(crate) fn intent(&self) -> &Intent {
        &self.run.intent
    }
}

impl types::Host for State {}

impl deployment::Host for State {}

impl deployment::HostDeployment for State {
    fn subcommand(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.run.subcommand.join(" "))
    }

    fn started_at(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.run.started)
    }

    fn performer(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.run.performer.clone())
    }

    fn hosts(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.run.selection.hosts.clone())
    }

    fn service(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.run.configuration.service.clone())
    }

    fn destination(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.run.configuration.destination.clone())
    }

    fn version(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.run.version.clone())
    }

    fn repository(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.run.configuration.repository())
    }

    fn image(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        let run = &self.table.get(&this)?.run;
        Ok(run.configuration.absolute_image(&run.version))
    }

    fn latest_image(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.run.configuration.latest_image())
    }

    fn roles(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.run.selection.roles.clone())
    }

    fn primary_role(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.run.selection.primary_role.clone().unwrap_or_default())
    }

    fn app_hosts(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.run.selection.app_hosts.clone())
    }

    fn builder(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Resource<BuilderView>> {
        let view = self.table.get(&this)?;
        let view = BuilderView { run: view.run.clone(), facts: view.facts.clone() };
        Ok(self.table.push(view)?)
    }

    fn checkout(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Option<Resource<CheckoutView>>> {
        let run = self.table.get(&this)?.run.clone();
        if run.checkout.is_none() {
            return Ok(None);
        }
        Ok(Some(self.table.push(CheckoutView(run))?))
    }

    fn local_registry_port(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Option<u16>> {
        Ok(self.table.get(&this)?.run.configuration.registry.local_port())
    }

    fn no_cache(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.run.no_cache)
    }

    fn configuration(&mut self, this: Resource<DeploymentView>, pointer: String) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.run.configuration.document.pointer(&pointer).map(configuration::Node::to_json))
    }

    fn settings(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.settings.clone())
    }

    fn token(&mut self, this: Resource<DeploymentView>, purpose: String, length: u32) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.run.token(&purpose, length as usize))
    }

    fn drop(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl deployment::HostCheckout for State {
    fn root(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.checkout().root.clone())
    }

    fn prefix(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.checkout().prefix.clone())
    }

    fn changes(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.checkout().changes.clone())
    }

    fn revision(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.checkout().revision.clone())
    }

    fn clones(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.0.clones.clone())
    }

    fn drop(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl CheckoutView {
    fn checkout(&self) -> &plan::Checkout {
        self.0.checkout.as_ref().expect("the view is made only where there is a checkout")
    }
}

impl RoleView {
    fn role(&self) -> &configuration::Role {
        &self.run.configuration.roles[self.index]
    }
}

impl deployment::HostRole for State {
    fn name(&mut self, this: Resource<RoleView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.role().name.clone())
    }

    fn container_prefix(&mut self, this: Resource<RoleView>) -> wasmtime::Result<String> {
        let view = self.table.get(&this)?;
        Ok(view.run.configuration.container_prefix(&view.role().name))
    }

    fn command(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.role().command.clone())
    }

    fn options(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Vec<Pair>> {
        Ok(self.table.get(&this)?.role().options.clone())
    }

    fn restart(&mut self, this: Resource<RoleView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.role().restart.clone())
    }

    fn labels(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Vec<Pair>> {
        Ok(convert::pairs(&self.table.get(&this)?.role().labels))
    }

    fn volumes(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.role().volumes.clone())
    }

    fn log_driver(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.role().logging.driver.clone())
    }

    fn log_options(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Vec<Pair>> {
        Ok(convert::pairs(&self.table.get(&this)?.role().logging.options))
    }

    fn stop_timeout(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<u64>> {
        Ok(self.table.get(&this)?.role().stop_timeout)
    }

    fn environment(&mut self, this: Resource<RoleView>, host: String) -> wasmtime::Result<Vec<Pair>> {
        let environment = self.table.get(&this)?.role().environments.get(&host);
        Ok(environment.map(|environment| convert::pairs(&environment.clear)).unwrap_or_default())
    }

    fn secrets(&mut self, this: Resource<RoleView>, host: String) -> wasmtime::Result<Vec<(String, String)>> {
        let environment = self.table.get(&this)?.role().environments.get(&host);
        let secrets = environment.into_iter().flat_map(|environment| &environment.secret);
        Ok(secrets.map(|(name, secret)| (name.clone(), secret.clone())).collect())
    }

    fn environment_file(&mut self, this: Resource<RoleView>) -> wasmtime::Result<String> {
        let view = self.table.get(&this)?;
        Ok(view.run.configuration.host_environment_file(&view.role().name))
    }

    fn proxy(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<Resource<ProxyView>>> {
        let view = self.table.get(&this)?;
        let (run, role) = (&view.run, view.role());
        let Some(proxy) = role.proxy.clone() else { return Ok(None) };
        let options = run.configuration.proxy_options(&proxy, Some(&role.name), &run.version);
        Ok(Some(self.table.push(ProxyView { proxy, options })?))
    }

    fn assets(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<Resource<AssetsView>>> {
        let view = self.table.get(&this)?;
        let Some(assets) = view.role().assets.clone() else { return Ok(None) };
        let directory = view.run.configuration.assets_directory();
        Ok(Some(self.table.push(AssetsView { assets, directory })?))
    }

    fn deploy_timeout(&mut self, this: Resource<RoleView>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.run.configuration.deploy_timeout)
    }

    fn readiness_delay(&mut self, this: Resource<RoleView>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.run.configuration.readiness_delay)
    }

    fn drop(&mut self, this: Resource<RoleView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl deployment::HostProxy for State {
    fn app_port(&mut self, this: Resource<ProxyView>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.proxy.app_port)
    }

    fn hosts(&mut self, this: Resource<ProxyView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.proxy.hosts.clone())
    }

    fn tls(&mut self, this: Resource<ProxyView>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.proxy.ssl)
    }

    fn options(&mut self, this: Resource<ProxyView>) -> wasmtime::Result<Vec<Pair>> {
        Ok(self.table.get(&this)?.options.clone())
    }

    fn drop(&mut self, this: Resource<ProxyView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl deployment::HostAssets for State {
    fn path(&mut self, this: Resource<AssetsView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.assets.path.clone())
    }

    fn options(&mut self, this: Resource<AssetsView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.assets.options.clone())
    }

    fn directory(&mut self, this: Resource<AssetsView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.directory.clone())
    }

    fn drop(&mut self, this: Resource<AssetsView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl deployment::HostRegistry for State {
    fn server(&mut self, this: Resource<Registry>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.server.clone())
    }

    fn username(&mut self, this: Resource<Registry>) -> wasmtime::Result<types::Text> {
        Ok(convert::to_text(&self.table.get(&this)?.credentials.username))
    }

    fn password(&mut self, this: Resource<Registry>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.credentials.password.clone())
    }

    fn drop(&mut self, this: Resource<Registry>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl facts::Host for State {}

impl facts::HostFacts for State {
    fn container(
        &mut self,
        this: Resource<FactsView>,
        host: String,
        name: String,
    ) -> wasmtime::Result<Option<Resource<Container>>> {
        let found = self.table.get(&this)?.facts.hosts.get(&host).and_then(|facts| facts.container(&name)).cloned();
        Ok(found.map(|container| self.table.push(container)).transpose()?)
    }

    fn current(
        &mut self,
        this: Resource<FactsView>,
        host: String,
        role: String,
    ) -> wasmtime::Result<Option<Resource<Container>>> {
        let view = self.table.get(&this)?;
        let found = view.facts.current(&view.run, &host, &role).cloned();
        Ok(found.map(|container| self.table.push(container)).transpose()?)
    }

    fn containers(&mut self, this: Resource<FactsView>, host: String) -> wasmtime::Result<Vec<Resource<Container>>> {
        let all =
            self.table.get(&this)?.facts.hosts.get(&host).map(|facts| facts.containers.clone()).unwrap_or_default();
        all.into_iter().map(|container| Ok(self.table.push(container)?)).collect()
    }

    fn drop(&mut self, this: Resource<FactsView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl facts::HostContainer for State {
    fn id(&mut self, this: Resource<Container>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.id.clone())
    }

    fn name(&mut self, this: Resource<Container>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.name.clone())
    }

    fn image(&mut self, this: Resource<Container>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.image.clone())
    }

    fn state(&mut self, this: Resource<Container>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.state.clone())
    }

    fn label(&mut self, this: Resource<Container>, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.label(&key).map(str::to_string))
    }

    fn drop(&mut self, this: Resource<Container>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl steps::Host for State {}

impl steps::HostSteps for State {
    fn add(
        &mut self,
        this: Resource<StepList>,
        title: String,
        action: Resource<Action>,
    ) -> wasmtime::Result<Resource<StepHandle>> {
        self.budget.step()?;
        self.budget.output(title.len())?;
        let action = self.table.delete(action)?;
        let list = self.table.get_mut(&this)?;
        list.push(Proposal {
            title: convert::one_line(&title),
            action,
            unless: None,
            may_fail: false,
            audit: None,
            time_limit: None,
            prepares: false,
        });
        let handle = StepHandle { list: this.rep(), index: list.len() - 1 };
        Ok(self.table.push(handle)?)
    }

    fn drop(&mut self, this: Resource<StepList>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl steps::HostStep for State {
    fn unless(&mut self, this: Resource<StepHandle>, probe: Vec<String>) -> wasmtime::Result<()> {
        self.budget.output(probe.iter().map(String::len).sum())?;
        self.step(&this)?.unless = Some(probe);
        Ok(())
    }

    fn may_fail(&mut self, this: Resource<StepHandle>) -> wasmtime::Result<()> {
        self.step(&this)?.may_fail = true;
        Ok(())
    }

    fn audit(&mut self, this: Resource<StepHandle>, message: String) -> wasmtime::Result<()> {
        self.budget.output(message.len())?;
        self.step(&this)?.audit = Some(convert::one_line(&message));
        Ok(())
    }

    fn time_limit(&mut self, this: Resource<StepHandle>, seconds: u64) -> wasmtime::Result<()> {
        self.step(&this)?.time_limit = Some(seconds);
        Ok(())
    }

    fn prepares(&mut self, this: Resource<StepHandle>) -> wasmtime::Result<()> {
        self.step(&this)?.prepares = true;
        Ok(())
    }

    fn drop(&mut self, this: Resource<StepHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl State {
    /// The step behind a handle; a trap if the list is gone or is none.
    fn step(&mut self, handle: &Resource<StepHandle>) -> wasmtime::Result<&mut Proposal> {
        let StepHandle { list, index } = *self.table.get(handle)?;
        let list = self.table.get_mut(&Resource::<StepList>::new_borrow(list))?;
        list.get_mut(index).ok_or_else(|| wasmtime::Error::msg("the step is gone"))
    }
}

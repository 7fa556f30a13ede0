//! The interfaces that plugins import, answered from plain values: a deployment and facts to read, a list of steps to add to.

use std::sync::Arc;

use plan::hooks::{Proposal, Registry};
use plan::{Action, App, Container, Facts};
use wasmtime::component::Resource;

use crate::bindings::sextant::deploy::{deployment, facts, steps, types};
use crate::convert;
use crate::sandbox::State;
use crate::snapshot::{AssetsSnapshot, CheckoutSnapshot, Pair, ProxySnapshot, RoleSnapshot, Snapshot};

/// What a guest sees as a deployment.
pub struct DeploymentView {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) settings: String,
}

/// `builder:` of a run.
pub struct BuilderView(pub(crate) Arc<Snapshot>);

/// The git checkout of a run.
pub struct CheckoutView(Arc<Snapshot>);

/// A role of a run, by its place in the configuration.
pub struct RoleView {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) index: usize,
}

/// What a guest sees as facts.
pub struct FactsView {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) facts: Arc<Facts>,
}

/// The steps of an answer.
pub type StepList = Vec<Proposal>;

/// A step of a list.
pub struct StepHandle {
    list: u32,
    index: usize,
}

impl types::Host for State {}

impl deployment::Host for State {}

impl deployment::HostDeployment for State {
    fn subcommand(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.subcommand.clone())
    }

    fn started_at(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.snapshot.started_at)
    }

    fn performer(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.performer.clone())
    }

    fn hosts(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.snapshot.hosts.clone())
    }

    fn service(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.service.clone())
    }

    fn destination(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.snapshot.destination.clone())
    }

    fn version(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.version.clone())
    }

    fn repository(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.repository.clone())
    }

    fn image(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.image.clone())
    }

    fn latest_image(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.latest_image.clone())
    }

    fn roles(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.snapshot.roles.clone())
    }

    fn primary_role(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.primary_role.clone())
    }

    fn app_hosts(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.snapshot.app_hosts.clone())
    }

    fn builder(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Resource<BuilderView>> {
        let view = BuilderView(self.table.get(&this)?.snapshot.clone());
        Ok(self.table.push(view)?)
    }

    fn checkout(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Option<Resource<CheckoutView>>> {
        let snapshot = self.table.get(&this)?.snapshot.clone();
        if snapshot.checkout.is_none() {
            return Ok(None);
        }
        Ok(Some(self.table.push(CheckoutView(snapshot))?))
    }

    fn local_registry_port(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<Option<u16>> {
        Ok(self.table.get(&this)?.snapshot.local_registry_port)
    }

    fn no_cache(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.snapshot.no_cache)
    }

    fn configuration(&mut self, this: Resource<DeploymentView>, pointer: String) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.snapshot.configuration.pointer(&pointer).map(ToString::to_string))
    }

    fn settings(&mut self, this: Resource<DeploymentView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.settings.clone())
    }

    fn token(&mut self, this: Resource<DeploymentView>, purpose: String, length: u32) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.snapshot.token(&purpose, length as usize))
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

    fn branch(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.checkout().branch.clone())
    }

    fn revision(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.checkout().revision.clone())
    }

    fn clones(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.checkout().clones.clone())
    }

    fn drop(&mut self, this: Resource<CheckoutView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl CheckoutView {
    fn checkout(&self) -> &CheckoutSnapshot {
        self.0.checkout.as_ref().expect("the view is made only where there is a checkout")
    }
}

impl RoleView {
    fn role(&self) -> &RoleSnapshot {
        &self.snapshot.role_settings[self.index]
    }
}

impl deployment::HostRole for State {
    fn name(&mut self, this: Resource<RoleView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.role().name.clone())
    }

    fn container_prefix(&mut self, this: Resource<RoleView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.role().container_prefix.clone())
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
        Ok(self.table.get(&this)?.role().labels.clone())
    }

    fn volumes(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.role().volumes.clone())
    }

    fn log_driver(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.role().log_driver.clone())
    }

    fn log_options(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Vec<Pair>> {
        Ok(self.table.get(&this)?.role().log_options.clone())
    }

    fn stop_timeout(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<u64>> {
        Ok(self.table.get(&this)?.role().stop_timeout)
    }

    fn environment(&mut self, this: Resource<RoleView>, host: String) -> wasmtime::Result<Vec<Pair>> {
        let environment = self.table.get(&this)?.role().environments.get(&host);
        Ok(environment.map(|environment| environment.clear.clone()).unwrap_or_default())
    }

    fn secrets(&mut self, this: Resource<RoleView>, host: String) -> wasmtime::Result<Vec<(String, String)>> {
        let environment = self.table.get(&this)?.role().environments.get(&host);
        Ok(environment.map(|environment| environment.secrets.clone()).unwrap_or_default())
    }

    fn environment_file(&mut self, this: Resource<RoleView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.role().environment_file.clone())
    }

    fn proxy(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<Resource<ProxySnapshot>>> {
        let Some(proxy) = self.table.get(&this)?.role().proxy.clone() else { return Ok(None) };
        Ok(Some(self.table.push(proxy)?))
    }

    fn assets(&mut self, this: Resource<RoleView>) -> wasmtime::Result<Option<Resource<AssetsSnapshot>>> {
        let Some(assets) = self.table.get(&this)?.role().assets.clone() else { return Ok(None) };
        Ok(Some(self.table.push(assets)?))
    }

    fn deploy_timeout(&mut self, this: Resource<RoleView>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.role().deploy_timeout)
    }

    fn readiness_delay(&mut self, this: Resource<RoleView>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.role().readiness_delay)
    }

    fn drop(&mut self, this: Resource<RoleView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl deployment::HostProxy for State {
    fn app_port(&mut self, this: Resource<ProxySnapshot>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.app_port)
    }

    fn hosts(&mut self, this: Resource<ProxySnapshot>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.hosts.clone())
    }

    fn tls(&mut self, this: Resource<ProxySnapshot>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.tls)
    }

    fn options(&mut self, this: Resource<ProxySnapshot>) -> wasmtime::Result<Vec<Pair>> {
        Ok(self.table.get(&this)?.options.clone())
    }

    fn drop(&mut self, this: Resource<ProxySnapshot>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl deployment::HostAssets for State {
    fn path(&mut self, this: Resource<AssetsSnapshot>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.path.clone())
    }

    fn options(&mut self, this: Resource<AssetsSnapshot>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.options.clone())
    }

    fn directory(&mut self, this: Resource<AssetsSnapshot>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.directory.clone())
    }

    fn drop(&mut self, this: Resource<AssetsSnapshot>) -> wasmtime::Result<()> {
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
        let Snapshot { service, destination, latest_image, .. } = &*view.snapshot;
        let app = App { service, destination: destination.as_deref() };
        let found = view.facts.current_of(app, latest_image, &host, &role).cloned();
        Ok(found.map(|container| self.table.push(container)).transpose()?)
    }

    fn containers(&mut self, this: Resource<FactsView>, host: String) -> wasmtime::Result<Vec<Resource<Container>>> {
        let all =
            self.table.get(&this)?.facts.hosts.get(&host).map(|facts| facts.containers.clone()).unwrap_or_default();
        all.into_iter().map(|container| Ok(self.table.push(container)?)).collect()
    }

    fn json(&mut self, this: Resource<FactsView>) -> wasmtime::Result<String> {
        Ok(serde_json::to_string(&*self.table.get(&this)?.facts)?)
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
            title: convert::title(&title),
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
        self.step(&this)?.audit = Some(convert::title(&message));
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

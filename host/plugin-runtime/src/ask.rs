//! A hook call as data: the question that a plugin is asked, and its reply. The one place where guests' exports are called, but for
//! secret adapters.

use std::sync::Arc;

use plan::hooks::{Credential, Happening, Place, Proposal, Registry, Whereabouts};
use plan::{Facts, HookError, Plan};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wasmtime::Store;
use wasmtime::component::{Instance, Resource};

use crate::access::Access;
use crate::bindings::exports::sextant::deploy as exports;
use crate::bindings::sextant::deploy::types::Fault;
use crate::call::measured;
use crate::convert::{self, one_line};
use crate::judged::JudgedPlan;
use crate::limits::{Limits, Usage};
use crate::plugin::{Hook, Plugin};
use crate::resources::{DeploymentView, FactsView, RoleView, StepList};
use crate::review::{PlanView, Verdicts};
use crate::sandbox::State;
use crate::snapshot::Snapshot;

/// What a plugin can look at while it answers.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The run.
    pub snapshot: Arc<Snapshot>,
    /// What was observed.
    pub facts: Arc<Facts>,
    /// The plugin's own settings, a JSON object.
    pub settings: String,
}

/// What a plugin is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "hook", rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Question {
    PreLogin { registry: RegistryRecord, place: Place },
    Build,
    Push,
    Tag { host: String },
    Boot { role: String, host: String },
    Credentials { registry: RegistryRecord },
    Errand { name: String },
    Policy { plan: SharedPlan },
    Notify { event: EventRecord },
}

/// A plan that several policies judge.
#[derive(Debug, Clone)]
pub struct SharedPlan(pub Arc<JudgedPlan>);

/// A recording keeps the plan itself.
impl Serialize for SharedPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.plan().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(Plan::deserialize(deserializer)?))
    }
}

impl From<Plan> for SharedPlan {
    fn from(plan: Plan) -> Self {
        Self(JudgedPlan::of(Arc::new(plan)))
    }
}

/// A registry that needs a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RegistryRecord {
    /// Host and port; absent is Docker Hub.
    pub server: Option<String>,
    /// The user, in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The name of the secret that is the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_secret: Option<String>,
    /// The name of the secret that holds the password.
    pub password_secret: String,
}

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EventRecord {
    /// `started`, `finished`, `failed`.
    pub kind: String,
    /// Hosts that the plan touches.
    pub hosts: Vec<String>,
    /// Seconds since the run began.
    pub seconds: u64,
    /// What went wrong, in one line.
    pub error: Option<String>,
}

/// What a plugin replies.
pub(crate) enum Reply {
    /// One list of steps.
    Steps(Vec<Proposal>),
    /// Steps, and where the image is afterwards.
    Build(Vec<Proposal>, Whereabouts),
    /// The three lists of a boot.
    Boot { start: Vec<Proposal>, finish: Vec<Proposal>, abort: Vec<Proposal> },
    /// User and password.
    Credential(Credential),
    /// What was done.
    Line(String),
    /// What a policy said.
    Verdicts(Verdicts),
    /// Nothing but that it is done.
    Done,
}

impl Question {
    /// The hook that answers it.
    pub fn hook(&self) -> Hook {
        match self {
            Self::PreLogin { .. } => Hook::PreLogin,
            Self::Build => Hook::Build,
            Self::Push => Hook::Push,
            Self::Tag { .. } => Hook::Tag,
            Self::Boot { .. } => Hook::Boot,
            Self::Credentials { .. } => Hook::Credentials,
            Self::Errand { .. } => Hook::Errand,
            Self::Policy { .. } => Hook::Policy,
            Self::Notify { .. } => Hook::Notify,
        }
    }
}

/// Asks a plugin in a store of its own, and tells what that took.
pub(crate) fn ask(
    plugin: &Plugin,
    limits: &Limits,
    access: Access,
    scene: &Scene,
    question: &Question,
) -> (Result<Reply, HookError>, Usage) {
    let hook = question.hook();
    measured(plugin, hook, limits, access, |store, instance| {
        let table = &mut store.data_mut().table;
        let (snapshot, settings) = (scene.snapshot.clone(), scene.settings.clone());
        let deployment = Resource::new_borrow(table.push(DeploymentView { snapshot, settings })?.rep());
        let guest = Guest { plugin, store, instance, scene, deployment };
        match question {
            Question::PreLogin { registry, place } => guest.pre_login(registry, *place),
            Question::Build => guest.build(),
            Question::Push => guest.push(),
            Question::Tag { host } => guest.tag(host),
            Question::Boot { role, host } => guest.boot(role, host),
            Question::Credentials { registry } => guest.credentials(registry),
            Question::Errand { name } => guest.errand(name),
            Question::Policy { plan } => guest.review(&plan.0),
            Question::Notify { event } => guest.tell(event),
        }
    })
}

/// A guest in its store, with the handle that every hook gets.
struct Guest<'a> {
    plugin: &'a Plugin,
    store: &'a mut Store<State>,
    instance: &'a Instance,
    scene: &'a Scene,
    deployment: Resource<DeploymentView>,
}

type Told = wasmtime::Result<Result<Reply, Fault>>;

impl Guest<'_> {
    fn pre_login(mut self, registry: &RegistryRecord, place: Place) -> Told {
        let guest =
            exports::pre_login::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let (facts, list, registry) = (self.facts()?, self.list()?, self.push_in(registry.to_registry())?);
        let (steps, place) = (Resource::new_borrow(list), convert::place(place));
        let told = guest.call_propose(&mut *self.store, self.deployment, facts, registry, place, steps)?;
        told.map(|()| taken(self.store, list)).transpose_into(Reply::Steps)
    }

    fn build(mut self) -> Told {
        let guest = exports::build::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let (facts, list) = (self.facts()?, self.list()?);
        let told = guest.call_propose(&mut *self.store, self.deployment, facts, Resource::new_borrow(list))?;
        Ok(match told {
            Ok(place) => Ok(Reply::Build(taken(self.store, list)?, convert::whereabouts(place))),
            Err(fault) => Err(fault),
        })
    }

    fn push(mut self) -> Told {
        let guest = exports::push::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let (facts, list) = (self.facts()?, self.list()?);
        let told = guest.call_propose(&mut *self.store, self.deployment, facts, Resource::new_borrow(list))?;
        told.map(|()| taken(self.store, list)).transpose_into(Reply::Steps)
    }

    fn tag(mut self, host: &str) -> Told {
        let guest = exports::tag::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let (facts, list) = (self.facts()?, self.list()?);
        let told = guest.call_propose(&mut *self.store, self.deployment, facts, host, Resource::new_borrow(list))?;
        told.map(|()| taken(self.store, list)).transpose_into(Reply::Steps)
    }

    fn boot(mut self, role: &str, host: &str) -> Told {
        let guest = exports::boot::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let snapshot = self.scene.snapshot.clone();
        let index = snapshot.role(role).ok_or_else(|| wasmtime::Error::msg(format!("there is no role {role}")))?;
        let role = self.push_in(RoleView { snapshot, index })?;
        let facts = self.facts()?;
        let (start, finish, abort) = (self.list()?, self.list()?, self.list()?);
        let told = guest.call_propose(
            &mut *self.store,
            self.deployment,
            facts,
            role,
            host,
            Resource::new_borrow(start),
            Resource::new_borrow(finish),
            Resource::new_borrow(abort),
        )?;
        Ok(match told {
            Ok(()) => Ok(Reply::Boot {
                start: taken(self.store, start)?,
                finish: taken(self.store, finish)?,
                abort: taken(self.store, abort)?,
            }),
            Err(fault) => Err(fault),
        })
    }

    fn credentials(mut self, registry: &RegistryRecord) -> Told {
        let guest =
            exports::credentials::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let registry = self.push_in(registry.to_registry())?;
        let told = guest.call_get(&mut *self.store, self.deployment, registry)?;
        Ok(told.map(|(username, password)| {
            let (username, password) = (SecretString::from(username), SecretString::from(password));
            Reply::Credential(Credential { username, password })
        }))
    }

    fn errand(self, name: &str) -> Told {
        let guest = exports::errand::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let told = guest.call_run(&mut *self.store, self.deployment, name)?;
        Ok(told.map(|done| Reply::Line(one_line(&done))))
    }

    fn review(mut self, plan: &Arc<JudgedPlan>) -> Told {
        let guest = exports::policy::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let (facts, plan) = (self.facts()?, self.push_in(PlanView(plan.clone()))?);
        let verdict = self.store.data_mut().table.push(Verdicts::new())?.rep();
        let told = guest.call_review(&mut *self.store, self.deployment, facts, plan, Resource::new_borrow(verdict))?;
        let verdicts = self.store.data_mut().table.delete(Resource::<Verdicts>::new_own(verdict))?;
        Ok(told.map(|()| Reply::Verdicts(verdicts)))
    }

    fn tell(mut self, event: &EventRecord) -> Told {
        let guest = exports::notify::GuestIndices::new(&self.plugin.instance)?.load(&mut *self.store, self.instance)?;
        let event = self.push_in(event.to_happening())?;
        let told = guest.call_tell(&mut *self.store, self.deployment, event)?;
        Ok(told.map(|()| Reply::Done))
    }

    fn facts(&mut self) -> wasmtime::Result<Resource<FactsView>> {
        let (snapshot, facts) = (self.scene.snapshot.clone(), self.scene.facts.clone());
        self.push_in(FactsView { snapshot, facts })
    }

    /// An empty list of steps.
    fn list(&mut self) -> wasmtime::Result<u32> {
        Ok(self.store.data_mut().table.push(StepList::new())?.rep())
    }

    fn push_in<T: Send + 'static>(&mut self, value: T) -> wasmtime::Result<Resource<T>> {
        Ok(Resource::new_borrow(self.store.data_mut().table.push(value)?.rep()))
    }
}

/// Takes a list of steps out of the store.
fn taken(store: &mut Store<State>, list: u32) -> wasmtime::Result<StepList> {
    Ok(store.data_mut().table.delete(Resource::<StepList>::new_own(list))?)
}

/// A reply around what may not have been there to take.
trait IntoReply<T> {
    fn transpose_into(self, reply: impl FnOnce(T) -> Reply) -> Told;
}

impl<T> IntoReply<T> for Result<wasmtime::Result<T>, Fault> {
    fn transpose_into(self, reply: impl FnOnce(T) -> Reply) -> Told {
        match self {
            Ok(taken) => Ok(Ok(reply(taken?))),
            Err(fault) => Ok(Err(fault)),
        }
    }
}

impl RegistryRecord {
    /// What stands for a registry.
    pub fn of(registry: &Registry) -> Self {
        let (username, username_secret) = match &registry.credentials.username {
            configuration::Text::Clear(text) => (Some(text.clone()), None),
            configuration::Text::Secret(name) => (None, Some(name.clone())),
        };
        let password_secret = registry.credentials.password.clone();
        Self { server: registry.server.clone(), username, username_secret, password_secret }
    }

    fn to_registry(&self) -> Registry {
        let username = match &self.username_secret {
            Some(name) => configuration::Text::Secret(name.clone()),
            None => configuration::Text::Clear(self.username.clone().unwrap_or_default()),
        };
        let password = self.password_secret.clone();
        Registry { server: self.server.clone(), credentials: configuration::Credentials { username, password } }
    }
}

impl EventRecord {
    /// What stands for something that happened.
    pub fn of(happening: &Happening) -> Self {
        let Happening { kind, hosts, seconds, error } = happening.clone();
        Self { kind: kind.to_string(), hosts, seconds, error }
    }

    fn to_happening(&self) -> Happening {
        let kind = ["started", "finished", "failed"].into_iter().find(|kind| *kind == self.kind).unwrap_or("started");
        Happening { kind, hosts: self.hosts.clone(), seconds: self.seconds, error: self.error.clone() }
    }
}

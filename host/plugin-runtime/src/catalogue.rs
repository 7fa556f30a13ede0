//! The set of plugins: who answers which hook, and what each may do.

use std::sync::{Arc, Mutex, PoisonError};

use configuration::PolicyMode;
use manifest::Kind;
use plan::hooks::{Answer, BootAnswer, Hooks, Opinion, Place, Proposal, Refusal, Registry, Whereabouts};
use plan::{Action, Facts, HookError, HookOwner, Plan, PluginUse, Run, Username};

use crate::access::{self, Access, granted_to};
use crate::ask::{Question, RegistryRecord, Reply, Scene, SharedPlan, ask};
use crate::cache::Cache;
use crate::convert;
use crate::judged::JudgedPlan;
use crate::limits::Limits;
use crate::plugin::{Hook, Load, Plugin};
use crate::recorder::Recorder;
use crate::snapshot::Snapshot;

/// A plugin that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// The component.
    pub component: &'static [u8],
}

/// Builtins and the project's own plugins.
pub struct Catalogue {
    pub(crate) members: Vec<Member>,
    loads: Vec<Load>,
    recorder: Option<Arc<Recorder>>,
    snapshots: Mutex<Vec<Taken>>,
    judged: Mutex<Option<SharedPlan>>,
}

/// A snapshot, and of what it was taken.
struct Taken {
    run: Arc<Run>,
    architecture: Option<String>,
    snapshot: Arc<Snapshot>,
}

pub(crate) struct Member {
    pub plugin: Plugin,
    /// Its entry in `x-plugins`; absent for a builtin.
    pub entry: Option<configuration::Plugin>,
    /// What it may use in a call.
    pub limits: Limits,
}

impl Catalogue {
    /// Loads builtins and the project's plugins with the bytes of their components. Two owners of one hook are an error.
    pub fn load(
        builtins: &[Builtin],
        own: Vec<(configuration::Plugin, Vec<u8>)>,
        limits: Limits,
        cache: Option<&Cache>,
    ) -> Result<Self, HookError> {
        let mut catalogue = Self {
            members: Vec::new(),
            loads: Vec::new(),
            recorder: None,
            snapshots: Mutex::default(),
            judged: Mutex::default(),
        };
        for (entry, bytes) in own {
            let (plugin, load) = Plugin::load(&entry.name, &bytes, cache)?;
            catalogue.loads.push(load);
            refuse_misplaced(&entry, &plugin)?;
            refuse_misfitting(&entry, &plugin)?;
            let limits = limits.with(&entry.limits);
            catalogue.members.push(Member { plugin, entry: Some(entry), limits });
        }
        for builtin in builtins {
            let (plugin, load) = Plugin::load(builtin.name, builtin.component, cache)?;
            catalogue.loads.push(load);
            catalogue.members.push(Member { plugin, entry: None, limits: limits.clone() });
        }
        catalogue.refuse_two_names()?;
        for hook in Hook::ALL {
            catalogue.refuse_two_owners(hook)?;
        }
        Ok(catalogue)
    }

    /// Compiles a component that no project has settings for yet; an error if no project could use it.
    pub fn compile(name: &str, component: &[u8], cache: Option<&Cache>) -> Result<(), HookError> {
        Plugin::load(name, component, cache).map(drop)
    }

    /// Gives a plugin other limits than the rest.
    pub fn limit(&mut self, plugin: &str, limits: &Limits) {
        let named = self.members.iter_mut().filter(|member| member.plugin.name == plugin);
        named.for_each(|member| member.limits = limits.clone());
    }

    /// The same, with every call recorded.
    pub fn recorded_by(mut self, recorder: Arc<Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// What loading took, plugin by plugin.
    pub fn loads(&self) -> &[Load] {
        &self.loads
    }

    /// The hooks that a plugin answers.
    pub fn hooks_of(&self, plugin: &str) -> Vec<&'static str> {
        let member = self.members.iter().find(|member| member.plugin.name == plugin);
        member.into_iter().flat_map(|member| &member.plugin.hooks).map(|hook| hook.name()).collect()
    }

    /// Names of all policies.
    pub fn policies(&self) -> Vec<&str> {
        let policies = self.members.iter().filter(|member| member.plugin.hooks.contains(&Hook::Policy));
        policies.map(|member| member.plugin.name.as_str()).collect()
    }

    /// Whether the objections of a policy may be set aside; nothing where there is no such policy.
    pub fn may_override(&self, policy: &str) -> Option<bool> {
        let mut policies = self.members.iter().filter(|member| member.plugin.hooks.contains(&Hook::Policy));
        policies.find(|member| member.plugin.name == policy).map(|member| member.policy().1)
    }

    /// A plan says by name who answers: nobody may pass for a builtin.
    fn refuse_two_names(&self) -> Result<(), HookError> {
        let builtin = |name: &str| self.members.iter().any(|other| other.entry.is_none() && other.plugin.name == name);
        let own = self.members.iter().filter(|member| member.entry.is_some());
        match own.map(|member| &member.plugin.name).find(|name| builtin(name)) {
            None => Ok(()),
            Some(name) => {
                let reason = "a builtin plugin has this name: give it another one".to_string();
                Err(HookError::Load { plugin: name.clone(), reason })
            }
        }
    }

    fn refuse_two_owners(&self, hook: Hook) -> Result<(), HookError> {
        let mut owners = self.members.iter().filter(|member| member.owns_always(hook));
        let (Some(first), Some(second)) = (owners.next(), owners.next()) else { return Ok(()) };
        let reason =
            format!("`{}` and it both take the hook `{}`: give it to one of them", first.plugin.name, hook.name());
        Err(HookError::Load { plugin: second.plugin.name.clone(), reason })
    }

    /// The owner of a hook: a plugin of the project that matches, else the builtin.
    fn owner(&self, hook: Hook, registry: Option<&Registry>) -> Result<&Member, HookError> {
        let mut owners = self.members.iter().filter(|member| member.entry.is_some() && member.takes(hook, registry));
        if let Some(first) = owners.next() {
            return match owners.next() {
                None => Ok(first),
                Some(second) => {
                    let server = registry.and_then(|registry| registry.server.as_deref()).unwrap_or("Docker Hub");
                    let reason = format!("`{}` and it both match the registry {server}", first.plugin.name);
                    Err(HookError::Load { plugin: second.plugin.name.clone(), reason })
                }
            };
        }
        let builtin = self.members.iter().find(|member| member.entry.is_none() && member.plugin.hooks.contains(&hook));
        builtin.ok_or_else(|| HookError::Load {
            plugin: "builtin".to_string(),
            reason: format!("no plugin answers the hook `{}`", hook.name()),
        })
    }

    /// What guests see of a run. It is taken once per run and architecture of the operator's docker.
    fn snapshot(&self, run: &Arc<Run>, facts: &Facts) -> Arc<Snapshot> {
        let mut taken = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |known: &&Taken| Arc::ptr_eq(&known.run, run) && known.architecture == facts.architecture;
        if let Some(known) = taken.iter().find(is) {
            return known.snapshot.clone();
        }
        let snapshot = Arc::new(Snapshot::of(run, facts.architecture.as_deref()));
        let architecture = facts.architecture.clone();
        taken.push(Taken { run: run.clone(), architecture, snapshot: snapshot.clone() });
        snapshot
    }

    /// What policies see of a plan. The last one is kept, as several of them judge it.
    pub(crate) fn judged(&self, plan: &Arc<Plan>) -> SharedPlan {
        let mut last = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|judged| Arc::ptr_eq(judged.0.plan(), plan)) {
            Some(judged) => judged.clone(),
            None => last.insert(SharedPlan(JudgedPlan::of(plan.clone()))).clone(),
        }
    }

    /// Asks a plugin, and has it recorded if somebody records.
    pub(crate) fn ask(
        &self,
        member: &Member,
        access: Access,
        (run, facts): (&Arc<Run>, &Arc<Facts>),
        question: Question,
    ) -> Result<Reply, HookError> {
        let scene = Scene { snapshot: self.snapshot(run, facts), facts: facts.clone(), settings: member.settings() };
        match &self.recorder {
            None => ask(&member.plugin, &member.limits, access, &scene, &question).0,
            Some(recorder) => recorder.ask(&member.plugin, &member.limits, access, &scene, question),
        }
    }

    /// Asks the owner of a hook that plans, and checks its steps.
    fn steps(
        &self,
        member: &Member,
        about: (&Arc<Run>, &Arc<Facts>),
        registry: Option<&Registry>,
        question: Question,
    ) -> Result<Answer, HookError> {
        let hook = question.hook();
        match self.ask(member, Access::Planning, about, question)? {
            Reply::Steps(steps) => member.only_in_turn(hook, member.answer(hook, steps, about.0, registry)?),
            _ => unreachable!("a question about steps is answered with steps"),
        }
    }
}

impl Hooks for Catalogue {
    fn pre_login(
        &self,
        run: &Arc<Run>,
        facts: &Arc<Facts>,
        registry: &Registry,
        place: Place,
    ) -> Result<Answer, HookError> {
        let member = self.owner(Hook::PreLogin, Some(registry))?;
        let question = Question::PreLogin { registry: RegistryRecord::of(registry), place };
        self.steps(member, (run, facts), Some(registry), question)
    }

    fn build(&self, run: &Arc<Run>, facts: &Arc<Facts>) -> Result<(Answer, Whereabouts), HookError> {
        let member = self.owner(Hook::Build, None)?;
        match self.ask(member, Access::Planning, (run, facts), Question::Build)? {
            Reply::Build(steps, whereabouts) => {
                let answer = member.answer(Hook::Build, steps, run, None)?;
                Ok((member.only_in_turn(Hook::Build, answer)?, whereabouts))
            }
            _ => unreachable!("a build is answered with steps and a place"),
        }
    }

    fn push(&self, run: &Arc<Run>, facts: &Arc<Facts>) -> Result<Answer, HookError> {
        self.steps(self.owner(Hook::Push, None)?, (run, facts), None, Question::Push)
    }

    fn tag(&self, run: &Arc<Run>, facts: &Arc<Facts>, host: &str) -> Result<Answer, HookError> {
        let question = Question::Tag { host: host.to_string() };
        self.steps(self.owner(Hook::Tag, None)?, (run, facts), None, question)
    }

    fn boot(&self, run: &Arc<Run>, facts: &Arc<Facts>, role: &str, host: &str) -> Result<BootAnswer, HookError> {
        let member = self.owner(Hook::Boot, None)?;
        let question = Question::Boot { role: role.to_string(), host: host.to_string() };
        let Reply::Boot { start, finish, abort } = self.ask(member, Access::Planning, (run, facts), question)? else {
            unreachable!("a boot is answered with three lists of steps")
        };
        let checked = |steps| member.answer(Hook::Boot, steps, run, None);
        let start = checked(start)?;
        let finish = member.only_in_turn(Hook::Boot, checked(finish)?)?;
        let abort = member.only_in_turn(Hook::Boot, checked(abort)?)?;
        let plugin = start.plugin.clone();
        let (prepare, steps) = start.steps.into_iter().partition(|step| step.prepares);
        Ok(BootAnswer {
            prepare: Answer { plugin: plugin.clone(), steps: prepare },
            start: Answer { plugin, steps },
            finish,
            abort,
        })
    }

    fn owners(&self, run: &Run) -> Vec<HookOwner> {
        let registry = &run.configuration.registry;
        let server = registry.login_server().map(str::to_string);
        let registry = registry.credentials.clone().map(|credentials| Registry { server, credentials });
        let owner = |hook| {
            let member = self.owner(hook, registry.as_ref()).ok()?;
            let (plugin, digest) = (member.plugin.name.clone(), member.plugin.digest.clone());
            Some(HookOwner { hook: Hook::name(hook).to_string(), plugin, digest })
        };
        Hook::ALL.into_iter().filter_map(owner).collect()
    }

    fn plugins(&self) -> Vec<PluginUse> {
        let own = self.members.iter().filter_map(|member| Some((member, member.entry.as_ref()?)));
        let used = own.map(|(Member { plugin, .. }, entry)| {
            let granted = granted_to(entry);
            let effective = |kind: Kind| (kind.name().to_string(), plugin.asked.effective(&granted, kind));
            let capabilities = Kind::ALL.into_iter().map(effective).filter(|(_, names)| !names.is_empty()).collect();
            let hooks = plugin.hooks.iter().map(|hook| hook.name().to_string()).collect();
            let mode = plugin.hooks.contains(&Hook::Policy).then(|| entry.mode.unwrap_or_default());
            let (name, digest, folder) = (plugin.name.clone(), plugin.digest.clone(), entry.folder.clone());
            PluginUse { name, digest, hooks, capabilities, mode, folder }
        });
        used.collect()
    }

    fn review(&self, run: &Arc<Run>, facts: &Arc<Facts>, plan: &Arc<Plan>) -> Vec<Opinion> {
        self.opinions(run, facts, plan)
    }
}

impl Member {
    /// Whether a plugin of the project takes a hook wherever it is called.
    fn owns_always(&self, hook: Hook) -> bool {
        let limited = |entry: &configuration::Plugin| hook == Hook::PreLogin && entry.registry_pattern.is_some();
        self.entry.as_ref().is_some_and(|entry| !limited(entry)) && self.plugin.hooks.contains(&hook)
    }

    fn takes(&self, hook: Hook, registry: Option<&Registry>) -> bool {
        let pattern = self.entry.as_ref().and_then(|entry| entry.registry_pattern.as_deref());
        let server = registry.and_then(|registry| registry.server.as_deref()).unwrap_or("docker.io");
        let matches = match (hook, pattern) {
            (Hook::PreLogin, Some(pattern)) => configuration::pattern::matches(pattern, server),
            _ => true,
        };
        matches && self.plugin.hooks.contains(&hook)
    }

    /// What becomes of a policy's objections, and whether they may be set aside.
    pub fn policy(&self) -> (PolicyMode, bool) {
        let entry = self.entry.as_ref();
        let mode = entry.and_then(|entry| entry.mode).unwrap_or_default();
        (mode, entry.is_some_and(|entry| entry.may_override))
    }

    pub fn settings(&self) -> String {
        self.entry.as_ref().map_or_else(|| "{}".to_string(), |entry| entry.settings.to_json())
    }

    /// The plugin's steps, if each uses only what it was granted.
    fn answer(
        &self,
        hook: Hook,
        mut steps: Vec<Proposal>,
        run: &Run,
        registry: Option<&Registry>,
    ) -> Result<Answer, HookError> {
        for step in &mut steps {
            self.sign(hook, &mut step.action)?;
        }
        if let Some(entry) = &self.entry {
            for step in &steps {
                self.check_grants(entry, hook, step, (run, registry))?;
            }
        }
        Ok(Answer { plugin: self.plugin.name.clone(), steps })
    }

    /// Writes the plugin's name into an action that calls it back, if it has the hook for it.
    fn sign(&self, hook: Hook, action: &mut Action) -> Result<(), HookError> {
        let (name, needs) = match action {
            Action::LoginWithCredentials { plugin, .. } => (plugin, Hook::Credentials),
            Action::Errand { plugin, .. } => (plugin, Hook::Errand),
            _ => return Ok(()),
        };
        *name = self.plugin.name.clone();
        if self.plugin.hooks.contains(&needs) {
            return Ok(());
        }
        let reason = format!("it proposes a step that needs its hook `{}`, which it does not export", needs.name());
        Err(HookError::Fault { plugin: self.plugin.name.clone(), hook: hook.name(), reason })
    }

    /// The answer, if none of its steps asks to run before its turn: only what a container needs in order to start may.
    fn only_in_turn(&self, hook: Hook, answer: Answer) -> Result<Answer, HookError> {
        if answer.steps.iter().any(|step| step.prepares) {
            let reason = "only steps in `start` of `boot` can prepare".to_string();
            return Err(HookError::Fault { plugin: self.plugin.name.clone(), hook: hook.name(), reason });
        }
        Ok(answer)
    }

    /// A plugin of the project runs programs and uses secrets only by name, as its `grants` list them. A login may use the user and
    /// password of the registry it was asked about, a container the secrets that the configuration gives it, a build its own.
    fn check_grants(
        &self,
        entry: &configuration::Plugin,
        hook: Hook,
        step: &Proposal,
        (run, registry): (&Run, Option<&Registry>),
    ) -> Result<(), HookError> {
        let deny = |what: String| HookError::Denied { plugin: self.plugin.name.clone(), hook: hook.name(), what };
        let unasked = |kind: Kind, name: &str| HookError::Refused {
            plugin: self.plugin.name.clone(),
            hook: hook.name(),
            what: access::words(kind, name),
            refusal: Refusal::NotAsked,
        };
        let granted = granted_to(entry);
        let ran = match &step.action {
            Action::Run { words } => words.first().map(String::as_str),
            Action::Pack { .. } => Some("pack"),
            _ => None,
        };
        let probed = step.unless.as_ref().and_then(|words| words.first()).map(String::as_str);
        for program in ran.into_iter().chain(probed) {
            if !self.plugin.asked.covers(Kind::Programs, program) {
                return Err(unasked(Kind::Programs, program));
            }
            if !granted.covers(Kind::Programs, program) {
                return Err(deny(format!("the program `{program}`")));
            }
        }
        let asked =
            registry.filter(|_| matches!(step.action, Action::Login { .. })).map(|registry| &registry.credentials);
        for secret in step.action.secrets() {
            let of_registry = asked.is_some_and(|credentials| {
                credentials.password == secret
                    || convert::username(convert::to_text(&credentials.username))
                        == Username::Secret(secret.to_string())
            });
            let of_deployment = match &step.action {
                Action::WriteEnvironmentFile { .. } => is_environment_secret(run, secret),
                Action::Build(_) | Action::Pack { .. } => {
                    run.configuration.builder.secrets.iter().any(|own| own == secret)
                }
                _ => false,
            };
            if of_registry || of_deployment {
                continue;
            }
            if !self.plugin.asked.covers(Kind::Secrets, secret) {
                return Err(unasked(Kind::Secrets, secret));
            }
            if !granted.covers(Kind::Secrets, secret) {
                return Err(deny(format!("the secret `{secret}`")));
            }
        }
        Ok(())
    }
}

/// Whether the configuration gives a secret to a container of the app.
fn is_environment_secret(run: &Run, secret: &str) -> bool {
    let environments = run.configuration.roles.iter().flat_map(|role| role.environments.values());
    environments.flat_map(|environment| environment.secret.values()).any(|own| own == secret)
}

/// Settings are what the plugin's manifest says that they are. One without a manifest takes what it is given.
fn refuse_misfitting(entry: &configuration::Plugin, plugin: &Plugin) -> Result<(), HookError> {
    let Some(manifest) = &plugin.manifest else { return Ok(()) };
    let given = serde_json::from_str(&entry.settings.to_json()).unwrap_or_default();
    manifest.check_settings(&given).map_err(|mistakes| {
        let key = mistakes.iter().find_map(|mistake| entry.settings.as_map()?.get(mistake.name()?));
        let place = key.map_or(&entry.settings.origin, |entry| &entry.key).clone();
        let reasons: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        HookError::Settings { plugin: entry.name.clone(), reason: reasons.join("; "), place }
    })
}

/// Refuses what is said about a policy of what is none, and what else a component of a folder of policies would do.
fn refuse_misplaced(entry: &configuration::Plugin, plugin: &Plugin) -> Result<(), HookError> {
    let refuse = |reason: String| Err(HookError::Load { plugin: entry.name.clone(), reason });
    let is_policy = plugin.hooks.contains(&Hook::Policy);
    if let Some(folder) = &entry.folder {
        if let Some(hook) = plugin.hooks.iter().find(|hook| **hook != Hook::Policy) {
            let hook = hook.name();
            return refuse(format!("it exports the hook `{hook}`, and only policies may be in the folder {folder}"));
        }
    } else if !is_policy && (entry.mode.is_some() || entry.may_override) {
        return refuse("`mode` and `override` are about policies, and it exports no hook `policy`".to_string());
    }
    Ok(())
}

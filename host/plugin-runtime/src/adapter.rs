//! A secret adapter: a plugin that looks secrets up in a store, with the programs that it declared and nothing else.

use std::sync::Arc;

use manifest::{Capabilities, Kind};
use plan::HookError;
use plan::hooks::Refusal;
use secrecy::SecretString;
use wasmtime::component::Resource;

use crate::access::{self, Access, Outside, Reach, granted_to};
use crate::bindings::exports::sextant::deploy::secrets::GuestIndices;
use crate::cache::Cache;
use crate::call::call;
use crate::catalogue::Builtin;
use crate::limits::Limits;
use crate::lookup::{ProgramsView, RequestView};
use crate::plugin::{Hook, Load, Plugin};

/// What is asked of a secret store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Names of secrets, as the user wrote them.
    pub secrets: Vec<String>,
    /// `--account`.
    pub account: Option<String>,
    /// `--from`.
    pub from: Option<String>,
}

/// A secret as a store gives it: its name, and its value if it is set.
pub type Found = (String, Option<SecretString>);

/// A plugin that answers the hook `secrets`.
pub struct Adapter {
    plugin: Plugin,
    load: Load,
    settings: String,
    limits: Limits,
    granted: Capabilities,
    programs: Vec<String>,
    variables: Vec<String>,
    needs_account: bool,
}

impl Adapter {
    /// Loads an adapter that comes with the program.
    pub fn builtin(builtin: &Builtin, limits: Limits, cache: Option<&Cache>) -> Result<Self, HookError> {
        Self::load(builtin.name, builtin.component, "{}".to_string(), limits, cache)
    }

    /// Loads an adapter of the project. What it declares must have been granted to it.
    pub fn of_project(
        entry: &configuration::Plugin,
        component: &[u8],
        limits: Limits,
        cache: Option<&Cache>,
    ) -> Result<Self, HookError> {
        let mut adapter =
            Self::load(&entry.name, component, entry.settings.to_json(), limits.with(&entry.limits), cache)?;
        let granted = |wanted: &[String], granted: &[String], kind: &str| {
            let denied = wanted.iter().find(|name| !granted.contains(name));
            denied.map_or(Ok(()), |name| {
                let plugin = entry.name.clone();
                Err(HookError::Denied { plugin, hook: Hook::Secrets.name(), what: format!("the {kind} `{name}`") })
            })
        };
        let asked = |kind: Kind, names: &[String]| {
            let unasked = names.iter().find(|name| !adapter.plugin.asked.covers(kind, name));
            unasked.map_or(Ok(()), |name| {
                let (plugin, hook) = (entry.name.clone(), Hook::Secrets.name());
                let what = access::words(kind, name);
                Err(HookError::Refused { plugin, hook, what, refusal: Refusal::NotAsked })
            })
        };
        asked(Kind::Programs, &adapter.programs)?;
        asked(Kind::Variables, &adapter.variables)?;
        granted(&adapter.programs, &entry.programs, "program")?;
        granted(&adapter.variables, &entry.variables, "variable")?;
        adapter.granted = granted_to(entry);
        Ok(adapter)
    }

    /// Loads a component and asks it what it needs, without giving it anything.
    fn load(
        name: &str,
        component: &[u8],
        settings: String,
        limits: Limits,
        cache: Option<&Cache>,
    ) -> Result<Self, HookError> {
        let (plugin, load) = Plugin::load(name, component, cache)?;
        if !plugin.hooks.contains(&Hook::Secrets) {
            let reason = "it is no secret adapter: it does not answer the hook `secrets`".to_string();
            return Err(HookError::Load { plugin: name.to_string(), reason });
        }
        let (programs, variables, needs_account) =
            call(&plugin, Hook::Secrets, &limits, Access::Planning, |store, instance| {
                let guest = GuestIndices::new(&plugin.instance)?.load(&mut *store, instance)?;
                let programs = guest.call_needs_programs(&mut *store)?;
                let variables = guest.call_needs_variables(&mut *store)?;
                Ok(Ok((programs, variables, guest.call_needs_account(&mut *store)?)))
            })?;
        let granted = Capabilities::default();
        Ok(Self { plugin, load, settings, limits, granted, programs, variables, needs_account })
    }

    /// What loading it took.
    pub fn load_time(&self) -> &Load {
        &self.load
    }

    /// Whether `--account` has to be given.
    pub fn needs_account(&self) -> bool {
        self.needs_account
    }

    /// Asks the store. Programs run while this runs, on the thread that calls it; their time is not the plugin's.
    ///
    /// # Errors
    /// [`HookError::Fault`] with the adapter's own words; [`HookError::Undeclared`] if it reaches for more than it declared.
    pub fn fetch(&self, request: &Request, machine: Arc<dyn Outside>) -> Result<Vec<Found>, HookError> {
        let (asked, granted) = (self.plugin.asked.clone(), self.granted.clone());
        let access = Access::Acting(Box::new(Reach { asked, granted, outside: machine.clone() }));
        let found = call(&self.plugin, Hook::Secrets, &self.limits, access, |store, instance| {
            let guest = GuestIndices::new(&self.plugin.instance)?.load(&mut *store, instance)?;
            let table = &mut store.data_mut().table;
            let request = table.push(RequestView { request: request.clone(), settings: self.settings.clone() })?;
            let (programs, variables) = (self.programs.clone(), self.variables.clone());
            let programs = table.push(ProgramsView { programs, variables, machine })?;
            let (request, programs) = (Resource::new_borrow(request.rep()), Resource::new_borrow(programs.rep()));
            let found = guest.call_fetch(&mut *store, request, programs)?;
            for (name, value) in found.iter().flatten() {
                store.data_mut().budget.output(name.len() + value.as_ref().map_or(0, String::len))?;
            }
            Ok(found)
        })?;
        Ok(found.into_iter().map(|(name, value)| (name, value.map(SecretString::from))).collect())
    }
}

//! A plugin: a component whose imports were checked and whose hooks are known.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use manifest::{Capabilities, Manifest};
use plan::HookError;
use semver::Version;
use sha2::{Digest, Sha256};
use wasmtime::component::{Component, InstancePre, Linker};

use crate::access::Asked;
use crate::bindings::EveryHook;
use crate::cache::Cache;
use crate::convert;
use crate::engine::engine;
use crate::panics;
use crate::sandbox::{self, State};

/// The largest component that is compiled.
const SIZE: usize = 64 << 20;

/// How long compiling a component may take: those of Python and JavaScript take up to 20 seconds, on a slow machine more.
const COMPILING: Duration = Duration::from_secs(300);

/// A hook that a plugin may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Hook {
    PreLogin,
    Build,
    Push,
    Tag,
    Boot,
    Secrets,
    Credentials,
    Errand,
    Policy,
    Notify,
}

impl Hook {
    /// Every hook of the lifecycle, in the order of a deploy.
    pub const ALL: [Self; 5] = [Self::PreLogin, Self::Build, Self::Push, Self::Tag, Self::Boot];

    /// Hooks that are no part of the lifecycle: they are called beside it, or for a step of it.
    const BESIDE: [Self; 5] = [Self::Secrets, Self::Credentials, Self::Errand, Self::Policy, Self::Notify];

    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreLogin => "pre-login",
            Self::Build => "build",
            Self::Push => "push",
            Self::Tag => "tag",
            Self::Boot => "boot",
            Self::Secrets => "secrets",
            Self::Credentials => "credentials",
            Self::Errand => "errand",
            Self::Policy => "policy",
            Self::Notify => "notify",
        }
    }

    /// Whether it is called while a plan is carried out, and may reach outside.
    pub fn acts(self) -> bool {
        matches!(self, Self::Secrets | Self::Credentials | Self::Errand | Self::Notify)
    }

    /// As components name it; an older version of the same minor is found by this name too.
    fn interface(self) -> String {
        format!("{CONTRACT}{}@{SERVED}", self.name())
    }
}

/// What loading a plugin took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// The plugin.
    pub plugin: String,
    /// Whether it had to be compiled.
    pub compiled: bool,
    /// How long it took.
    pub took: Duration,
}

/// A plugin that can be called.
pub(crate) struct Plugin {
    pub name: String,
    pub digest: String,
    pub hooks: Vec<Hook>,
    pub asked: Asked,
    pub contract: Version,
    pub manifest: Option<Manifest>,
    pub instance: InstancePre<State>,
}

impl Plugin {
    /// Compiles a component, or takes it from the cache, and checks what it asks for and offers.
    pub fn load(name: &str, bytes: &[u8], cache: Option<&Cache>) -> Result<(Self, Load), HookError> {
        let refuse = |reason: String| HookError::Load { plugin: name.to_string(), reason };
        if bytes.len() > SIZE {
            return Err(refuse(format!("it has {} MiB, the limit is {} MiB", bytes.len() >> 20, SIZE >> 20)));
        }
        if !bytes.starts_with(b"\0asm") && wasmtime::Engine::detect_precompiled(bytes).is_none() {
            return Err(refuse("it is not a WebAssembly component".to_string()));
        }
        if wasmtime::Engine::detect_precompiled(bytes).is_some() {
            return Err(refuse("it is compiled code, not a WebAssembly component".to_string()));
        }
        let begin = Instant::now();
        let digest = digest(bytes);
        let cached = cache.and_then(|cache| cache.load(&digest));
        let compiled = cached.is_none();
        let component = match cached {
            Some(component) => component,
            None => {
                let component = compile(bytes, COMPILING).map_err(refuse)?;
                if let Some(cache) = cache {
                    cache.store(&digest, &component);
                }
                component
            }
        };
        let contract = check_imports(&component).map_err(refuse)?;
        let manifest = Manifest::of(bytes).map_err(|error| refuse(error.to_string()))?;
        let asked = match &manifest {
            Some(manifest) => Asked::ByManifest(manifest.capabilities.clone()),
            None if contract < WITH_MANIFESTS => Asked::WithoutManifest,
            None => Asked::ByManifest(Capabilities::default()),
        };
        let hooks = hooks(&component);
        if hooks.is_empty() {
            return Err(refuse("it exports no hook of sextant:deploy@0.1".to_string()));
        }
        let instance = linker().and_then(|linker| linker.instantiate_pre(&component)).map_err(|error| {
            refuse(format!(
                "it does not fit this version of Sextant: {}",
                convert::one_line(&error.root_cause().to_string())
            ))
        })?;
        let load = Load { plugin: name.to_string(), compiled, took: begin.elapsed() };
        Ok((Self { name: name.to_string(), digest, hooks, asked, contract, manifest, instance }, load))
    }
}

/// Compiles in a thread of its own, which is left alone when it takes too long: a component may be made to.
fn compile(bytes: &[u8], within: Duration) -> Result<Component, String> {
    let (done, compiled) = mpsc::channel();
    let bytes = bytes.to_vec();
    std::thread::spawn(move || {
        let component = panics::caught(|| Component::from_binary(engine(), &bytes));
        // Nobody may be waiting any more.
        let _ = done.send(component);
    });
    match compiled.recv_timeout(within) {
        Ok(Ok(component)) => component.map_err(|error| {
            format!("it is not a WebAssembly component: {}", convert::one_line(&error.root_cause().to_string()))
        }),
        Ok(Err(panic)) => Err(format!("the compiler made a mistake: {}", convert::one_line(&panic))),
        Err(_) => Err(format!("compiling it takes longer than {} seconds", within.as_secs())),
    }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A plugin may import the contract and what its standard library needs to start. Anything else is refused by name. Gives the newest
/// version of the contract that it knows.
fn check_imports(component: &Component) -> Result<Version, String> {
    let component_type = component.component_type();
    let mut contract = Version::new(0, 1, 0);
    for (import, _) in component_type.imports(engine()) {
        if import.starts_with(CONTRACT) {
            contract = contract.max(check_version(import)?);
        } else if !sandbox::is_given(import) {
            let import = convert::one_line(import);
            return Err(format!("it asks for `{import}`, which no plugin is given while planning"));
        }
    }
    for (export, _) in component_type.exports(engine()) {
        if export.starts_with(CONTRACT) {
            contract = contract.max(check_version(export)?);
        }
    }
    Ok(contract)
}

/// Whether a plugin may import an interface of that name: one of the contract, or what its standard library needs to start.
pub fn may_import(name: &str) -> bool {
    name.starts_with(CONTRACT) || sandbox::is_given(name)
}

/// The contract that this version serves.
const CONTRACT: &str = "sextant:deploy/";
const SERVED: Version = Version::new(0, 1, 1);

/// The version since which plugins say in a manifest what they ask for.
const WITH_MANIFESTS: Version = Version::new(0, 1, 1);

/// Versions of one minor fit together, as long as the plugin's is not newer.
fn check_version(interface: &str) -> Result<Version, String> {
    let version = interface.rsplit_once('@').and_then(|(_, version)| Version::parse(version).ok());
    let Some(version) = version else { return Err(format!("its interface `{interface}` has no version")) };
    if version.major == SERVED.major && version.minor == SERVED.minor && version <= SERVED {
        return Ok(version);
    }
    Err(format!(
        "it was built for sextant:deploy {version}, this Sextant serves {SERVED}: {}",
        if version > SERVED { "a newer Sextant is needed" } else { "the plugin has to be built anew" }
    ))
}

fn hooks(component: &Component) -> Vec<Hook> {
    let offered = |hook: &Hook| component.get_export_index(None, hook.interface()).is_some();
    Hook::ALL.into_iter().chain(Hook::BESIDE).filter(offered).collect()
}

fn linker() -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine());
    sandbox::link(&mut linker)?;
    EveryHook::add_to_linker::<State, wasmtime::component::HasSelf<State>>(&mut linker, |state| {
        state.budget.called();
        state
    })?;
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_that_compiles_for_ever_is_given_up() {
        let component = bundle::PLUGINS[0].1;
        let refused = compile(component, Duration::ZERO).err();
        assert_eq!(refused.as_deref(), Some("compiling it takes longer than 0 seconds"));
        assert!(compile(component, COMPILING).is_ok());
    }

    #[test]
    fn a_plugin_of_another_contract_is_told_who_is_behind() {
        let check = |interface: &str, expected: Result<(), &str>| {
            assert_eq!(check_version(interface).map(drop), expected.map_err(str::to_string), "{interface}");
        };
        check("sextant:deploy/types@0.1.0", Ok(()));
        check("sextant:deploy/types@0.1.1", Ok(()));
        let newer = "it was built for sextant:deploy 0.1.7, this Sextant serves 0.1.1: a newer Sextant is needed";
        check("sextant:deploy/types@0.1.7", Err(newer));
        let newer = "it was built for sextant:deploy 0.2.0, this Sextant serves 0.1.1: a newer Sextant is needed";
        check("sextant:deploy/types@0.2.0", Err(newer));
        let older = "it was built for sextant:deploy 0.0.9, this Sextant serves 0.1.1: the plugin has to be built anew";
        check("sextant:deploy/types@0.0.9", Err(older));
        check("sextant:deploy/types", Err("its interface `sextant:deploy/types` has no version"));
    }
}

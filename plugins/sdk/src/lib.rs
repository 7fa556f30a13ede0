//! What the author of a Sextant plugin depends on.
//!
//! A plugin implements one trait per hook it wants and names them in [`export!`]:
//!
//! ```
//! use sextant_sdk::{Action, Deployment, Facts, Fault, Steps, Tag};
//!
//! struct Mine;
//!
//! impl Tag for Mine {
//!     fn propose(deployment: &Deployment, _: &Facts, _host: &str, steps: &Steps) -> Result<(), Fault> {
//!         steps.add("mark the image as stable", Action::tag(&deployment.image(), "acme/app:stable"));
//!         Ok(())
//!     }
//! }
//!
//! sextant_sdk::export!(Mine: tag);
//! ```
//!
//! Built for `wasm32-wasip2`, the crate is a component. A hook is a pure function: it proposes steps and cannot act.

#[doc(hidden)]
pub mod bindings;

pub use bindings::host::sextant::deploy::deployment::{Assets, Builder, Checkout, Deployment, Proxy, Registry, Role};
pub use bindings::host::sextant::deploy::facts::{Container, Facts};
pub use bindings::host::sextant::deploy::steps::{Action, BuilderSpec, ContainerSpec, ImageBuild, Step, Steps};
pub use bindings::host::sextant::deploy::types::{Fault, Place, Text, Whereabouts};
pub use bindings::secrets::sextant::deploy::lookup::{Command, Outcome, Programs, Request};

/// Logs in to a registry. Called once per registry and place that needs a login.
pub trait PreLogin {
    /// Adds the steps that log in. For [`Place::Hosts`] they run on every host with an app role.
    fn propose(
        deployment: &Deployment,
        facts: &Facts,
        registry: &Registry,
        place: Place,
        steps: &Steps,
    ) -> Result<(), Fault>;
}

/// Builds the image. Called once, never under `--skip-push`.
pub trait Build {
    /// Adds the steps that produce the image and says where it is afterwards.
    fn propose(deployment: &Deployment, facts: &Facts, steps: &Steps) -> Result<Whereabouts, Fault>;
}

/// Pushes the image. Called once if the build left it on the operator's machine.
pub trait Push {
    /// Adds the steps that bring the image to the registry.
    fn propose(deployment: &Deployment, facts: &Facts, steps: &Steps) -> Result<(), Fault>;
}

/// Tags the image on the hosts. Called once per host with an app role.
pub trait Tag {
    /// Adds the steps that mark the image as the latest on `host`.
    fn propose(deployment: &Deployment, facts: &Facts, host: &str, steps: &Steps) -> Result<(), Fault>;
}

/// Boots containers. Called once per role and host of the role.
pub trait Boot {
    /// Adds the steps that bring up a container of `role` on `host`. `start` ends when it serves, `finish` retires the old one,
    /// `abort` runs when a step of `start` failed and must leave the old container serving.
    fn propose(
        deployment: &Deployment,
        facts: &Facts,
        role: &Role,
        host: &str,
        start: &Steps,
        finish: &Steps,
        abort: &Steps,
    ) -> Result<(), Fault>;
}

/// A secret as a store gives it: its name, and its value if it is set.
pub type Found = (String, Option<String>);

/// Looks secrets up in a store. Called while `.kamal/secrets` is read and by `sextant secrets fetch`.
pub trait Secrets {
    /// Names of the programs that [`Secrets::fetch`] may run. The host refuses all others.
    const PROGRAMS: &'static [&'static str];

    /// Names of the variables of the operator's environment that [`Secrets::fetch`] may look at.
    const VARIABLES: &'static [&'static str] = &[];

    /// Whether `--account` has to be given.
    const NEEDS_ACCOUNT: bool;

    /// Finds the secrets that are asked for, in the order in which they are shown.
    fn fetch(request: &Request, programs: &Programs) -> Result<Vec<Found>, Fault>;
}

/// Makes a type the plugin: `export!(Mine: build, push)`. Hooks: `pre_login`, `build`, `push`, `tag`, `boot`, `secrets`.
///
/// Exports nothing unless the crate is built for WebAssembly, so that its own tests link.
#[macro_export]
macro_rules! export {
    ($plugin:ident: $($hook:ident),+ $(,)?) => {
        $( $crate::export_hook!($plugin $hook); )+
    };
}

/// One hook of [`export!`].
#[doc(hidden)]
#[macro_export]
macro_rules! export_hook {
    ($plugin:ident pre_login) => {
        // Natively the hook is only checked, so that a plugin's own tests link.
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            let _ = <$plugin as $crate::PreLogin>::propose;
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::pre_login::exports::sextant::deploy::pre_login as hook;
            struct Exported;
            impl hook::Guest for Exported {
                fn propose(
                    deployment: &$crate::Deployment,
                    facts: &$crate::Facts,
                    registry: &$crate::Registry,
                    place: $crate::Place,
                    steps: &$crate::Steps,
                ) -> Result<(), $crate::Fault> {
                    <$plugin as $crate::PreLogin>::propose(deployment, facts, registry, place, steps)
                }
            }
    $crate::bindings::pre_login::export_pre_login!(Exported with_types_in $crate::bindings::pre_login);
        };
    };
    ($plugin:ident build) => {
        // Natively the hook is only checked, so that a plugin's own tests link.
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            let _ = <$plugin as $crate::Build>::propose;
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::build::exports::sextant::deploy::build as hook;
            struct Exported;
            impl hook::Guest for Exported {
                fn propose(
                    deployment: &$crate::Deployment,
                    facts: &$crate::Facts,
                    steps: &$crate::Steps,
                ) -> Result<$crate::Whereabouts, $crate::Fault> {
                    <$plugin as $crate::Build>::propose(deployment, facts, steps)
                }
            }
    $crate::bindings::build::export_build!(Exported with_types_in $crate::bindings::build);
        };
    };
    ($plugin:ident push) => {
        // Natively the hook is only checked, so that a plugin's own tests link.
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            let _ = <$plugin as $crate::Push>::propose;
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::push::exports::sextant::deploy::push as hook;
            struct Exported;
            impl hook::Guest for Exported {
                fn propose(
                    deployment: &$crate::Deployment,
                    facts: &$crate::Facts,
                    steps: &$crate::Steps,
                ) -> Result<(), $crate::Fault> {
                    <$plugin as $crate::Push>::propose(deployment, facts, steps)
                }
            }
    $crate::bindings::push::export_push!(Exported with_types_in $crate::bindings::push);
        };
    };
    ($plugin:ident tag) => {
        // Natively the hook is only checked, so that a plugin's own tests link.
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            let _ = <$plugin as $crate::Tag>::propose;
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::tag::exports::sextant::deploy::tag as hook;
            struct Exported;
            impl hook::Guest for Exported {
                fn propose(
                    deployment: &$crate::Deployment,
                    facts: &$crate::Facts,
                    host: String,
                    steps: &$crate::Steps,
                ) -> Result<(), $crate::Fault> {
                    <$plugin as $crate::Tag>::propose(deployment, facts, &host, steps)
                }
            }
    $crate::bindings::tag::export_tag!(Exported with_types_in $crate::bindings::tag);
        };
    };
    ($plugin:ident boot) => {
        // Natively the hook is only checked, so that a plugin's own tests link.
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            let _ = <$plugin as $crate::Boot>::propose;
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::boot::exports::sextant::deploy::boot as hook;
            struct Exported;
            impl hook::Guest for Exported {
                fn propose(
                    deployment: &$crate::Deployment,
                    facts: &$crate::Facts,
                    role: &$crate::Role,
                    host: String,
                    start: &$crate::Steps,
                    finish: &$crate::Steps,
                    abort: &$crate::Steps,
                ) -> Result<(), $crate::Fault> {
                    <$plugin as $crate::Boot>::propose(deployment, facts, role, &host, start, finish, abort)
                }
            }
    $crate::bindings::boot::export_boot!(Exported with_types_in $crate::bindings::boot);
        };
    };
    ($plugin:ident secrets) => {
        // Natively the hook is only checked, so that a plugin's own tests link.
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            let _ = <$plugin as $crate::Secrets>::fetch;
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::secrets::exports::sextant::deploy::secrets as hook;
            struct Exported;
            impl hook::Guest for Exported {
                fn needs_programs() -> Vec<String> {
                    <$plugin as $crate::Secrets>::PROGRAMS.iter().map(ToString::to_string).collect()
                }
                fn needs_variables() -> Vec<String> {
                    <$plugin as $crate::Secrets>::VARIABLES.iter().map(ToString::to_string).collect()
                }
                fn needs_account() -> bool {
                    <$plugin as $crate::Secrets>::NEEDS_ACCOUNT
                }
                fn fetch(
                    request: &$crate::Request,
                    programs: &$crate::Programs,
                ) -> Result<Vec<$crate::Found>, $crate::Fault> {
                    <$plugin as $crate::Secrets>::fetch(request, programs)
                }
            }
    $crate::bindings::secrets::export_secrets!(Exported with_types_in $crate::bindings::secrets);
        };
    };
}

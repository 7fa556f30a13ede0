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
//! Built for `wasm32-wasip2`, the crate is a component; `sextant plugin build` does it and adds what `plugin.toml` says. Hooks that plan are
//! pure functions: they propose steps and cannot act. Hooks that act ([`Credentials`], [`Errand`], [`Notify`], [`Secrets`]) reach outside
//! through [`network`], [`files`], [`execution`], [`vault`] and [`clock`], as far as the manifest asks and the project grants:
//!
//! ```
//! use sextant_sdk::{Deployment, Event, Fault, Notify, network::Request, secret};
//!
//! struct Webhook;
//!
//! impl Notify for Webhook {
//!     fn tell(deployment: &Deployment, event: &Event) -> Result<(), Fault> {
//!         let text = format!("{} of {} {}", deployment.subcommand(), deployment.service(), event.kind());
//!         Request::post(secret("WEBHOOK_URL")).with_body([text.into()]).send()?.successful()?;
//!         Ok(())
//!     }
//! }
//!
//! sextant_sdk::export!(Webhook: notify);
//! ```

#[doc(hidden)]
pub mod bindings;
mod export;
mod faults;
mod requests;
mod settings;

pub use bindings::host::sextant::deploy::capability::Refusal;
pub use bindings::host::sextant::deploy::deployment::{Assets, Builder, Checkout, Deployment, Proxy, Registry, Role};
pub use bindings::host::sextant::deploy::events::Event;
pub use bindings::host::sextant::deploy::facts::{Container, Facts};
pub use bindings::host::sextant::deploy::lookup::{Command, Outcome, Programs, Request};
pub use bindings::host::sextant::deploy::review::{Finding, Plan, PlannedStep, Verdict};
pub use bindings::host::sextant::deploy::steps::{
    Action, BuilderSpec, ContainerSpec, ImageAssembly, ImageBuild, Step, Steps,
};
pub use bindings::host::sextant::deploy::types::{Fault, Place, Text, Whereabouts};
/// What hooks that act may reach. Every call takes a capability that `plugin.toml` asks for and the project grants.
pub use bindings::host::sextant::deploy::{clock, execution, files, network, vault};
pub use requests::secret;
pub use settings::settings;

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

/// Gives short-lived passwords for registries. Called while a plan is carried out, for a login proposed with
/// [`Action::login_with_credentials`].
pub trait Credentials {
    /// User and password.
    fn get(deployment: &Deployment, registry: &Registry) -> Result<(String, String), Fault>;
}

/// Does work of its own. Called while a plan is carried out, for a step proposed with [`Action::errand`].
pub trait Errand {
    /// Does it and tells what was done, in one line. What is already so is no error.
    fn run(deployment: &Deployment, name: &str) -> Result<String, Fault>;
}

/// Judges plans. Called after planning, always; it cannot act.
pub trait Policy {
    /// Says on `verdict` what it thinks. Nothing said is consent; a fault denies.
    fn review(deployment: &Deployment, facts: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault>;
}

/// Tells others what happens. Called while a plan is carried out.
pub trait Notify {
    /// Tells somebody what happened.
    fn tell(deployment: &Deployment, event: &Event) -> Result<(), Fault>;
}

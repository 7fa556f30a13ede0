//! Real hosts on one machine: three servers with sshd and a docker engine each, an operator's docker engine with buildx,
//! and a private registry, all reached over a bridge. The README tells what is real and what stands in for something.
//!
//! ```no_run
//! # fn main() -> Result<(), fleet::Error> {
//! let fleet = fleet::Fleet::up(|line| eprintln!("{line}"))?;
//! let project = fleet.project(&fleet.directory().join("project"))?;
//! project.commit("first")?;
//! let load = fleet.load("/version");
//! fleet.command("sextant").arg("deploy").current_dir(project.path()).status().ok();
//! assert_eq!(load.finish().failures(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! One fleet per machine: [`Fleet::up`] waits for whoever holds it, and takes over one that is already running. It never
//! prints; it tells what it does through the callback.

mod command;
mod daemon;
mod error;
mod fleet;
mod host;
mod images;
mod kamal;
mod layout;
mod load;
mod network;
mod operator;
mod project;
mod registry;
mod requirements;

pub use error::Error;
pub use fleet::Fleet;
pub use host::{Event, Host, Output};
pub use images::PROXY_IMAGE;
pub use kamal::Kamal;
pub use layout::{ACCESSORY_HOST, APP_HOSTS};
pub use load::{HostReport, Load, LoadReport};
pub use project::Project;
pub use registry::{Registry, RegistryRequest};
pub use requirements::install_packages;

/// What everything here answers with.
pub type Result<T> = std::result::Result<T, Error>;

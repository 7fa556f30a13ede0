//! Where plugins come from, and what makes them the ones that were chosen.
//!
//! A plugin is fetched from a path, the web or a registry ([`find`]); `sextant.lock` ([`Lock`]) pins what was found; [`components`] gives
//! a run the pinned components and nothing else, offline if it has them. This crate reads files and opens connections; it prints
//! nothing and reads no environment, and what a component does is none of its business.

mod cache;
mod docker;
mod door;
mod error;
mod evidence;
mod find;
mod keys;
mod layout;
mod lock;
mod revoked;
mod source;
mod web;

use std::path::PathBuf;

pub use docker::Docker;
pub use door::{Resolved, components};
pub use error::DistributionError;
pub use evidence::Evidence;
pub use find::{Expectation, Found, find, leads_to};
pub use keys::{PrivateKey, PublicKey};
pub use layout::{Pushed, push};
pub use lock::{LOCK_FILE, Lock, Locked};
pub use source::Source;

/// The largest component that is taken, in bytes.
pub const SIZE: usize = 64 << 20;

/// What surrounds the plugins of a project.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The project's folder, where `sextant.lock` is.
    pub project: PathBuf,
    /// Where downloaded components are kept; nowhere if there is no such place.
    pub cache: Option<PathBuf>,
    /// What docker knows about registries.
    pub docker: Docker,
    /// Files with revoked digests; those that do not exist are left out.
    pub revoked: Vec<PathBuf>,
    /// Whether every plugin has to be in the lock.
    pub frozen: bool,
    /// Whether nothing is fetched: what is not on this machine is missing.
    pub offline: bool,
}

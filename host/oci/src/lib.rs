//! Images as files, and their way into a registry: no docker, no daemon.
//!
//! [`Registry`] speaks to one registry, with a login and the certificates that docker would trust. [`Publisher`] puts images together
//! from files of a project, or takes those that another tool left as files, and pushes them. Nothing here prints or knows of plugins.

mod archive;
mod assembly;
mod base;
mod content;
mod error;
mod layer;
mod media;
mod name;
mod publish;
mod registry;
mod trust;

pub use content::{Content, digest};
pub use error::OciError;
pub use name::Name;
pub use publish::{Published, Publisher, server_of};
pub use registry::{Login, Manifest, Registry};
pub use trust::Trust;

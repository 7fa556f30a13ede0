//! Images as files, and their way into a registry: no docker, no daemon.
//!
//! [`Registry`] speaks to one registry, with a login and the certificates that docker would trust. It prints nothing and reads no
//! environment; what is slow is async.

mod content;
mod error;
mod name;
mod registry;
mod trust;

pub use content::{Content, digest};
pub use error::OciError;
pub use name::Name;
pub use registry::{Login, Manifest, Registry};
pub use trust::Trust;

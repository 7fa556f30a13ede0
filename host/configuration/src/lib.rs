//! Reads a Kamal project: YAML text in, a validated [`Configuration`] with the origin of every value out.
//!
//! Pure: no files, no environment, no clock. Callers hand in texts; what has to be run or looked up comes in as a closure.
//!
//! The way of a project through here: [`load()`] reads each file ([`yaml`]), lays them over each other, checks the result against
//! the schema and the rules, and builds the [`Configuration`]. [`Selection`] narrows it to what was asked for, [`Secrets`] holds
//! the values its secret names stand for.

mod accessories;
mod approvals;
mod arguments;
mod builder;
mod documentation;
mod dotenv;
mod dump;
mod erb;
mod error;
mod hints;
mod hooks;
mod keys;
mod lines;
mod load;
mod merge;
mod model;
mod naming;
mod node;
mod origins;
pub mod pattern;
mod plugins;
mod proxy;
mod registry;
mod roles;
mod rules;
mod scalar;
mod schema;
mod secrets;
mod sections;
mod selection;
mod servers;
mod settings;
mod units;
mod validate;
mod version;
pub mod yaml;

pub use documentation::{documentation, documented_sections};
pub use dotenv::SecretCommand;
pub use dump::dump;
pub use erb::{Nowhere, Ran, Standing, Surroundings, render_file};
pub use error::{Class, ConfigurationError};
pub use hints::nearest;
pub use keys::keys;
pub use load::{Source, Sources, document, load, load_within, reload};
pub use merge::merge;
pub use model::*;
pub use naming::{CERTIFICATE, PRIVATE_KEY, PROXY_DIRECTORY};
pub use node::{Entry, Map, Node, Origin, Value};
pub use origins::Effective;
pub use plugins::{bare_plugin, policies};
pub use proxy::published;
pub use rules::refuse_traefik_hooks;
pub use secrets::{Secrets, files_for};
pub use selection::{Filter, Selection};
pub use version::KAMAL_VERSION;

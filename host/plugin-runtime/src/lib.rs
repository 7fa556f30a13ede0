//! Loads, limits and calls plugins: the only crate that names wasmtime.
//!
//! A plugin is a WebAssembly component that exports lifecycle hooks. It plans in a sandbox without clock, files, network, environment
//! and randomness; every call gets a fresh store that is dropped afterwards. Nothing here runs a step. A secret adapter alone may have
//! programs run, those that it declared, through a door that the caller of this crate opens.

mod actions;
mod adapter;
mod bindings;
mod builder;
mod cache;
mod call;
mod catalogue;
mod convert;
mod engine;
mod limits;
mod lookup;
mod plugin;
mod resources;
mod sandbox;

pub use adapter::{Adapter, Found, Request};
pub use cache::Cache;
pub use catalogue::{Builtin, Catalogue};
pub use limits::Limits;
pub use lookup::{Call, Outcome, Programs};
pub use plugin::{Hook, Load};

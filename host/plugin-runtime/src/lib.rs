//! Loads, limits and calls plugins: the only crate that names wasmtime.
//!
//! A plugin is a WebAssembly component that exports lifecycle hooks. It plans in a sandbox without clock, files, network, environment
//! and randomness; every call gets a fresh store that is dropped afterwards. Nothing here runs a step.

mod actions;
mod bindings;
mod builder;
mod cache;
mod call;
mod catalogue;
mod convert;
mod engine;
mod limits;
mod plugin;
mod resources;
mod sandbox;

pub use cache::Cache;
pub use catalogue::{Builtin, Catalogue};
pub use limits::Limits;
pub use plugin::{Hook, Load};

//! Loads, limits and calls plugins: the only crate that names wasmtime.
//!
//! A plugin is a WebAssembly component that exports hooks. It plans in a sandbox without clock, files, network, environment and
//! randomness; every call gets a fresh store that is dropped afterwards. Nothing here runs a step. Hooks that act reach the world outside
//! by what their manifest asks for and the project grants, through a door ([`Outside`]) that the caller of this crate opens.

mod access;
mod acting;
mod actions;
mod adapter;
mod ask;
mod assembly;
mod bindings;
mod builder;
mod cache;
mod call;
mod capabilities;
mod catalogue;
mod convert;
mod engine;
mod judged;
mod limits;
mod lookup;
mod panics;
mod plugin;
mod recorder;
mod recording;
mod resources;
mod review;
mod sandbox;
mod scrub;
mod snapshot;
mod specimen;
mod tape;

pub use access::{HttpRequest, HttpResponse, Outside};
pub use acting::Acting;
pub use adapter::{Adapter, Found, Request};
pub use ask::{EventRecord, Question, RegistryRecord, Scene, SharedPlan};
pub use cache::Cache;
pub use catalogue::{Builtin, Catalogue};
pub use judged::JudgedPlan;
pub use limits::{Limits, Usage};
pub use lookup::{Call, Outcome};
pub use plugin::{Hook, Load, may_import};
pub use recorder::Recorder;
pub use recording::{Answered, Content, Exchange, FORMAT, RecordedCall, Recording, Told};
pub use snapshot::{
    AssetsSnapshot, BuilderSnapshot, CheckoutSnapshot, EnvironmentSnapshot, Pair, ProxySnapshot, RoleSnapshot, Snapshot,
};
pub use specimen::{Attempt, Replayed, Specimen};
pub use tape::stand_in;

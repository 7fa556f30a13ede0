//! The command grammar: every docker, kamal-proxy and shell line, from plain values.
//!
//! Pure. Functions take names, lists and maps and give a [`Command`]; nothing here knows a configuration, a plan or a connection.

pub mod assets;
pub mod builds;
mod command;
pub mod docker;
pub mod host;
pub mod lease;
pub mod observation;
pub mod proxy;
pub mod prune;
pub mod quoting;
pub mod reading;
pub mod registry;
pub mod side_by_side;

pub use command::{Command, Fragment, Machine};

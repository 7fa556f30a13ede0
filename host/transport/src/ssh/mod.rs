//! Hosts over SSH: one connection each for the whole run, one channel for each batch.
//!
//! The connection is the system's own `ssh` as a multiplexing master, so the user's configuration, keys, jump hosts and hardware
//! tokens work as they do by hand. Channels are opened on its control socket, without a process.

mod channel;
mod connection;
mod destination;
mod hosts;
mod keeper;
mod messages;
mod settings;

pub(crate) use hosts::Hosts;
pub use settings::{LogLevel, SshSettings};

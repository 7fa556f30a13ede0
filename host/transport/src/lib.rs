//! Machines, and how they are spoken to.
//!
//! The only crate that starts processes or opens sockets. It takes [`commands::Command`]s in batches, one batch per machine and
//! trip, and tells what became of each. It decides nothing: what to run, where and in which order comes from above.
//!
//! A batch is one shell script, fed to `/bin/sh -s` over standard input: on the operator's machine in a child process, on a host in
//! a channel of its one SSH connection. Secrets join the commands here, at the last moment, and are taken out of everything a
//! machine says before anyone else sees it.

mod batch;
mod error;
mod http;
mod interrupts;
mod local;
mod machines;
mod marks;
mod notices;
mod output;
mod redaction;
mod registry;
mod script;
mod scripted;
mod secrets;
mod ssh;
mod task;
mod telling;

pub use error::{At, TransportError};
pub use http::{Collector, HttpAnswer, send};
pub use interrupts::{Interrupt, Interrupts};
pub use local::{Complaints, Variables, capture, converse, feed};
pub use machines::Machines;
pub use notices::Notices;
pub use redaction::{REDACTED, Redactor};
pub use scripted::{Answer, Call, Scripted};
pub use secrets::SecretValues;
pub use ssh::{LogLevel, SshSettings};
pub use task::{Ending, OnFailure, Outcome, Progress, Report, Stream, Task};

use commands::Machine;

/// Runs batches of commands on machines: [`Machines`] does, and [`Scripted`] pretends to.
pub trait Transport: Send + Sync {
    /// Runs the tasks on the machine, in order, in one trip, and tells of each as it happens.
    ///
    /// The outcomes of the commands that ran are in the report in any case. A failing command whose task says so stops the batch; an
    /// error breaks it. Commands share nothing but the machine: each has its own subshell, variables, input and outputs.
    ///
    /// Once `interrupts` is raised the batch ends, and no batch begins. Dropping the future kills a local batch, and leaves a host
    /// to run the present command to its end: it stops at the next, when its output has nowhere to go.
    fn run(
        &self,
        machine: &Machine,
        tasks: &[Task],
        interrupts: &Interrupts,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> impl Future<Output = Report> + Send;

    /// Connects to the machine, so that later batches find it connected and callers know whether it can be reached.
    fn connect(
        &self,
        machine: &Machine,
        interrupts: &Interrupts,
    ) -> impl Future<Output = Result<(), TransportError>> + Send;

    /// Makes a port of the host's loopback interface lead to the same port of the operator's machine, until the connection ends: a
    /// registry on the operator's machine is reached that way. The operator's machine needs nothing of the kind.
    fn share_port(&self, machine: &Machine, port: u16) -> impl Future<Output = Result<(), TransportError>> + Send;

    /// Takes a shared port back. A connection that is gone shares nothing any more.
    fn unshare_port(&self, machine: &Machine, port: u16) -> impl Future<Output = ()> + Send;

    /// Serves container images on a port of the operator's machine until the connections end, and tells whether it does: not if
    /// somebody listens there already, nor if `image` is named and not kept here.
    fn serve_registry(
        &self,
        port: u16,
        image: Option<&str>,
    ) -> impl Future<Output = Result<bool, TransportError>> + Send;

    /// Adds secret values that were not known at the beginning. They are redacted from now on.
    fn learn(&self, secrets: SecretValues);

    /// Ends every connection. Batches that run meanwhile are lost.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

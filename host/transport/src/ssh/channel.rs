//! A shell on a host: one channel of its connection.

use std::borrow::Cow;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use openssh_mux_client::{Connection as Control, Error, EstablishedSession as Established, NonZeroByteSlice};
use openssh_mux_client::{ForwardType, Session as Request, SessionStatus as Status, Socket};
use tokio::net::unix::pipe;
use tokio::time::timeout;

use super::connection::{Connection, User};
use crate::TransportError;
use crate::batch::{Blow, PATIENCE, Pipes, Shell, Silence};

/// What a shell's channel runs. `exec`, so that the login shell gives its place, and its process group, to ours.
const SHELL: &str = "exec /bin/sh -s";

/// `/bin/sh -s` on a host.
pub(crate) struct HostShell {
    connection: Arc<Connection>,
    pipes: Option<Pipes>,
    channel: Option<Established>,
    _user: User,
}

impl HostShell {
    pub(super) async fn open(connection: Arc<Connection>) -> Result<Self, TransportError> {
        let user = connection.user();
        let (channel, pipes) = match open(&connection, SHELL).await {
            Ok(opened) => opened,
            Err(error) => return Err(refused(&connection, error).await),
        };
        Ok(Self { connection, pipes: Some(pipes), channel: Some(channel), _user: user })
    }
}

impl Shell for HostShell {
    fn pipes(&mut self) -> Pipes {
        self.pipes.take().unwrap_or_else(|| unreachable!("asked for once"))
    }

    async fn strike(&self, shell: u32, blow: Blow) {
        let kill = match blow {
            Blow::Halt => format!("kill -TERM {shell}"),
            Blow::End => format!("kill -TERM -{shell}"),
            Blow::Kill => format!("kill -KILL -{shell}"),
        };
        if let Ok((channel, pipes)) = open(&self.connection, &format!("exec /bin/sh -c '{kill}'")).await {
            let _ = channel.wait().await;
            drop(pipes);
        }
    }

    async fn silence(&mut self) -> Silence {
        // The channel's own end tells whether it was the shell that ended; without one, the connection did.
        if let Some(channel) = self.channel.take()
            && let Ok(Ok(Status::Exited { exit_value: Some(code) })) = timeout(PATIENCE, channel.wait()).await
        {
            return Silence { disconnected: false, reason: format!("its shell ended with exit code {code}") };
        }
        match self.connection.last_words().await {
            Some(reason) => Silence { disconnected: true, reason },
            None => Silence { disconnected: false, reason: "its shell closed its output".to_string() },
        }
    }

    async fn finished(self) {}
}

/// Opens a channel that runs a line with the login shell, its three streams at our pipes.
async fn open(connection: &Connection, line: &str) -> Result<(Established, Pipes), Error> {
    let (stdin, their_stdin) = pipe::pipe()?;
    let (their_stdout, stdout) = pipe::pipe()?;
    let (their_stderr, stderr) = pipe::pipe()?;
    let theirs = [their_stdin.into_blocking_fd()?, their_stdout.into_blocking_fd()?, their_stderr.into_blocking_fd()?];
    let text = |text| NonZeroByteSlice::new(text).unwrap_or_else(|| unreachable!("written above, without a NUL"));

    connection.start.trips.fetch_add(1, Ordering::Relaxed);
    let request = Request::builder()
        .term(Cow::Borrowed(text(b"")))
        .agent(connection.start.forward_agent)
        .cmd(Cow::Borrowed(text(line.as_bytes())))
        .build();
    let control = Control::connect(&connection.start.socket).await?;
    let channel = control.open_new_session(&request, &theirs.each_ref().map(|fd| fd.as_raw_fd())).await?;
    Ok((channel, Pipes { stdin: Box::new(stdin), stdout: Box::new(stdout), stderr: Box::new(stderr) }))
}

impl Connection {
    /// Makes a port of the host's loopback interface lead to the same port here.
    pub async fn share_port(&self, port: u16) -> Result<(), TransportError> {
        let ask = async {
            let mut control = Control::connect(&self.start.socket).await?;
            control.request_port_forward(ForwardType::Remote, &loopback(port), &loopback(port)).await
        };
        match ask.await {
            Ok(()) => {
                self.keep();
                Ok(())
            }
            Err(error) => Err(refused(self, error).await),
        }
    }

    /// Takes the port back. Where that fails, the port goes with the connection.
    pub async fn unshare_port(&self, port: u16) {
        if let Ok(mut control) = Control::connect(&self.start.socket).await {
            let _ = control.close_port_forward(ForwardType::Remote, &loopback(port), &loopback(port)).await;
        }
    }
}

fn loopback(port: u16) -> Socket<'static> {
    Socket::TcpSocket { port: port.into(), host: Cow::Borrowed("localhost") }
}

/// Why a channel could not be opened.
async fn refused(connection: &Connection, error: Error) -> TransportError {
    let machine = connection.start.machine.clone();
    match error {
        Error::RequestFailure(reason) | Error::PermissionDenied(reason) => {
            TransportError::ChannelRefused { machine, reason: reason.into() }
        }
        error => {
            let reason = connection.last_words().await.unwrap_or_else(|| error.to_string());
            TransportError::ConnectionLost { machine, during: None, reason }
        }
    }
}

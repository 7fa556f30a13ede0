//! Runs one batch in one shell: feeds the script, follows what it says, and ends it when it must.

use std::sync::Arc;
use std::time::Duration;

use commands::Machine;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};

use crate::error::At;
use crate::marks::Reader;
use crate::redaction::Redactor;
use crate::script::Nonce;
use crate::telling::Telling;
use crate::{Ending, Interrupt, Interrupts, Progress, Report, Stream, Task, TransportError};

/// How long a process group has between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(2);

/// How long we wait for news of something that ought to be over.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How a shell and what it runs are brought to an end. Ordered by force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blow {
    /// SIGTERM to the shell alone, whose trap makes it stop before the next command.
    Halt,
    /// SIGTERM to its process group.
    End,
    /// SIGKILL to its process group.
    Kill,
}

/// A `/bin/sh -s` somewhere, leader of its own process group.
pub(crate) trait Shell: Send {
    /// Its three pipes; asked for once.
    fn pipes(&mut self) -> Pipes;
    /// Sends a signal. A shell that is gone is no failure.
    fn strike(&self, shell: u32, blow: Blow) -> impl Future<Output = ()> + Send;
    /// Why it fell silent, as far as can be known.
    fn silence(&mut self) -> impl Future<Output = Silence> + Send;
    /// Called when the script is over.
    fn finished(self) -> impl Future<Output = ()> + Send;
}

pub(crate) struct Pipes {
    pub stdin: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    pub stdout: Box<dyn AsyncRead + Send + Sync + Unpin>,
    pub stderr: Box<dyn AsyncRead + Send + Sync + Unpin>,
}

/// Why a shell fell silent.
pub(crate) struct Silence {
    /// The way to it is gone, and not only the shell.
    pub disconnected: bool,
    pub reason: String,
}

/// What a batch needs besides its shell.
pub(crate) struct Batch<'a> {
    pub machine: &'a Machine,
    pub tasks: &'a [Task],
    pub nonce: Nonce,
    pub script: SecretString,
    pub redactor: Arc<Redactor>,
}

impl Batch<'_> {
    /// Runs it to its end, whatever that is.
    pub async fn run(
        self,
        mut shell: impl Shell,
        interrupts: &Interrupts,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Report {
        let Pipes { mut stdin, mut stdout, mut stderr } = shell.pipes();
        let script = &self.script;
        let feed = async move {
            // A script that stops early leaves the rest unread; that is no failure of ours.
            let _ = stdin.write_all(script.expose_secret().as_bytes()).await;
            let _ = stdin.shutdown().await;
        };
        tokio::pin!(feed);
        let mut fed = false;

        let mut telling = Telling::new(self.tasks, progress);
        let mut readers = [(); 2].map(|()| Reader::new(&self.nonce, self.redactor.clone()));
        let mut buffers = [vec![0; 16 * 1024], vec![0; 16 * 1024]];
        let mut force = Force::default();

        while !telling.ended() && !force.spent {
            let [reader_out, reader_err] = &mut readers;
            let [buffer_out, buffer_err] = &mut buffers;
            let (task, deadline) = telling.deadline();
            tokio::select! {
                () = &mut feed, if !fed => fed = true,
                read = stdout.read(buffer_out), if force.open[0] => match read {
                    Ok(count @ 1..) => reader_out.read(&buffer_out[..count], |event| telling.hear(Stream::Stdout, event)),
                    _ => {
                        reader_out.end(|event| telling.hear(Stream::Stdout, event));
                        force.closed(0);
                    }
                },
                read = stderr.read(buffer_err), if force.open[1] => match read {
                    Ok(count @ 1..) => reader_err.read(&buffer_err[..count], |event| telling.hear(Stream::Stderr, event)),
                    _ => {
                        reader_err.end(|event| telling.hear(Stream::Stderr, event));
                        force.closed(1);
                    }
                },
                level = interrupts.reached(force.next_interrupt()), if force.may_be_interrupted() => {
                    force.interrupts = level;
                    if level == Interrupt::Now {
                        telling.cut_short();
                        let during = telling.running().map(|task| self.at(task));
                        force.want(Blow::End, Some(TransportError::Interrupted { machine: self.machine.clone(), during }));
                    } else {
                        force.want(Blow::Halt, None);
                    }
                }
                () = sleep_until(force.until.unwrap_or(deadline)) => {
                    if force.until.is_some() {
                        force.out_of_patience();
                    } else {
                        telling.cut_short();
                        let limit = self.tasks[task].time_limit;
                        let error = TransportError::TimeLimit { machine: self.machine.clone(), at: self.at(task), limit };
                        force.want(Blow::End, Some(error));
                    }
                }
            }
            if let Some((pid, blow)) = force.due(telling.shell()) {
                let _ = timeout(PATIENCE, shell.strike(pid, blow)).await;
            }
        }

        let ending = self.ending(force, &mut telling, &mut shell).await;
        drop((stdout, stderr));
        shell.finished().await;
        Report { outcomes: telling.into_outcomes(), ending }
    }

    async fn ending(&self, force: Force, telling: &mut Telling<'_>, shell: &mut impl Shell) -> Ending {
        let machine = self.machine.clone();
        if let Some(cause) = force.cause {
            return Ending::Broken(cause);
        }
        if telling.stopped() {
            return Ending::Stopped;
        }
        if telling.ended() {
            return match telling.complete() {
                true => Ending::Complete,
                false => Ending::Broken(TransportError::Interrupted { machine, during: None }),
            };
        }
        let Silence { disconnected, reason } = shell.silence().await;
        let reason = self.redactor.redact(&[reason.trim(), telling.noise()].join(" ")).trim().to_string();
        Ending::Broken(match (disconnected, telling.shell()) {
            (false, None) => TransportError::ChannelRefused { machine, reason },
            _ => {
                let during = telling.running().map(|task| self.at(task));
                TransportError::ConnectionLost { machine, during, reason }
            }
        })
    }

    fn at(&self, task: usize) -> At {
        At { task, title: self.redactor.redact(&self.tasks[task].title) }
    }
}

/// How far we have gone in bringing the batch to an end.
struct Force {
    wanted: Option<Blow>,
    struck: Option<Blow>,
    /// Why the batch is being brought to an end.
    cause: Option<TransportError>,
    interrupts: Interrupt,
    open: [bool; 2],
    /// When we stop waiting for the last blow, or for the rest of a shell whose output has ended.
    until: Option<Instant>,
    spent: bool,
}

impl Default for Force {
    fn default() -> Self {
        Self {
            wanted: None,
            struck: None,
            cause: None,
            interrupts: Interrupt::None,
            open: [true; 2],
            until: None,
            spent: false,
        }
    }
}

impl Force {
    fn may_be_interrupted(&self) -> bool {
        self.cause.is_none() && self.interrupts < Interrupt::Now
    }

    fn next_interrupt(&self) -> Interrupt {
        if self.interrupts == Interrupt::None { Interrupt::Gentle } else { Interrupt::Now }
    }

    fn want(&mut self, blow: Blow, cause: Option<TransportError>) {
        self.wanted = self.wanted.max(Some(blow));
        if cause.is_some() {
            self.cause = cause;
            self.until = Some(Instant::now() + GRACE);
        }
    }

    /// The blow to strike now: not before the shell's process id is known, and each only once.
    fn due(&mut self, shell: Option<u32>) -> Option<(u32, Blow)> {
        let pid = shell?;
        let blow = self.wanted.filter(|blow| self.struck < Some(*blow))?;
        self.struck = Some(blow);
        Some((pid, blow))
    }

    fn closed(&mut self, output: usize) {
        self.open[output] = false;
        self.spent |= self.open == [false, false];
        self.until.get_or_insert(Instant::now() + PATIENCE);
    }

    fn out_of_patience(&mut self) {
        if self.wanted == Some(Blow::End) && self.struck == self.wanted {
            self.wanted = Some(Blow::Kill);
            self.until = Some(Instant::now() + PATIENCE);
        } else {
            self.spent = true;
        }
    }
}

//! One machine's part of a stage: its blocks in turn, one trip each, with the barrier between them.

use std::time::{Duration, Instant};

use commands::Machine;
use journal::{Entry, Journal};
use plan::{Action, Barrier as Stance, Block, Step, Track, lower};
use transport::{Ending, Interrupt, Interrupts, OnFailure, Outcome, Progress, Stream, Task, Transport, TransportError};

use crate::account::sent;
use crate::barrier::{Barrier, Decision};
use crate::deeds::Deeds;
use crate::error::{Failure, FailureKind, last_lines};
use crate::event::{Event, Events};
use crate::fence::Fence;

/// How many log lines of a failed container are kept for the error.
const LOG_LINES: usize = 20;

/// What the tracks of a run share.
pub(crate) struct Crew<'a, T> {
    pub transport: &'a T,
    pub deeds: &'a dyn Deeds,
    pub journal: &'a Journal,
    pub events: &'a dyn Events,
    pub interrupts: &'a Interrupts,
    pub barrier: Barrier,
    pub fence: &'a Fence,
}

impl<T: Transport> Crew<'_, T> {
    /// Runs a track to its end or its first failure.
    pub async fn run(&self, track: &Track) -> Result<(), Failure> {
        for block in &track.blocks {
            self.pass_barrier(&track.machine, block).await?;
            let steps: Vec<&Step> = block.start.iter().chain(&block.finish).collect();
            let begun = self.steps(&track.machine, block, &steps).await;
            let Err((failed_at, mut failure)) = begun else { continue };
            if self.serves_instead(&failure).await {
                continue;
            }
            if failed_at < block.start.len() {
                self.close_barrier(&track.machine, block);
                if !self.fence.is_down() {
                    failure.aftermath = self.abort(&track.machine, block).await;
                }
            }
            return Err(failure);
        }
        Ok(())
    }

    /// Whether images are served here because docker could not start its registry. The plan lets nothing come after that step.
    async fn serves_instead(&self, failure: &Failure) -> bool {
        let step = failure.step.as_ref().map(|step| &step.action);
        let (Some(Action::StartRegistry { port }), FailureKind::Exit { stderr, .. }) = (step, &failure.kind) else {
            return false;
        };
        if self.transport.serve_registry(*port, None).await.is_err() {
            return false;
        }
        let reason = last_lines(stderr, 1).join("");
        self.events.tell(Event::ServingRegistry { port: *port, reason: &reason });
        true
    }

    /// A block that waits goes on once the barrier opened.
    async fn pass_barrier(&self, machine: &Machine, block: &Block) -> Result<(), Failure> {
        if block.barrier != Stance::Waits {
            return Ok(());
        }
        let role = block.role.as_deref().unwrap_or_default();
        self.events.tell(Event::Waiting { machine, role });
        let decision = tokio::select! {
            decision = self.barrier.decision() => decision,
            _ = self.interrupts.reached(Interrupt::Gentle) => {
                return Err(failure(machine, block, None, FailureKind::Interrupted));
            }
        };
        match decision {
            Decision::Opened => Ok(()),
            Decision::Closed => Err(failure(machine, block, None, FailureKind::Halted)),
        }
    }

    /// Runs steps: commands in one trip, what the host does itself in between. Gives the position of the step that failed.
    async fn steps(&self, machine: &Machine, block: &Block, steps: &[&Step]) -> Result<(), (usize, Failure)> {
        if block.start.is_empty() {
            self.open_barrier(machine, block);
        }
        let mut done = 0;
        for part in steps.chunk_by(|one, next| !one.action.is_deed() && !next.action.is_deed()) {
            let announced = self.announce(machine, block, part);
            announced.map_err(|kind| (done, failure(machine, block, part.first(), kind)))?;
            let ran = match part {
                [step] if step.action.is_deed() => {
                    self.deed(machine, block, step).await.map_err(|failure| (0, failure))
                }
                commands => self.trip(machine, block, commands, done).await,
            };
            ran.map_err(|(at, failure)| (done + at, failure))?;
            done += part.len();
        }
        Ok(())
    }

    /// Writes down which steps are about to be sent. None is if that fails, or if the lock is no longer ours.
    fn announce(&self, machine: &Machine, block: &Block, steps: &[&Step]) -> Result<(), FailureKind> {
        if self.fence.is_down() {
            return Err(FailureKind::LockLost);
        }
        let entry = Entry::Sending {
            machine: machine.clone(),
            role: block.role.clone(),
            steps: steps.iter().map(|step| sent(step)).collect(),
        };
        self.journal.note(entry).map_err(|error| FailureKind::Journal(error.to_string()))
    }

    /// Has the host do a step itself.
    async fn deed(&self, machine: &Machine, block: &Block, step: &Step) -> Result<(), Failure> {
        let role = block.role.as_deref();
        let begin = Instant::now();
        self.events.tell(Event::StepBegan { machine, role, step });
        let limit = tokio::time::sleep(Duration::from_secs(step.time_limit));
        let done = tokio::select! {
            done = self.deeds.perform(&step.action) => done.map_err(FailureKind::Deed),
            () = limit => Err(FailureKind::Deed(format!("it took longer than {} s", step.time_limit))),
            _ = self.interrupts.reached(Interrupt::Now) => Err(FailureKind::Interrupted),
        };
        let exit = i32::from(done.is_err());
        if let Ok(line) = &done {
            self.events.tell(Event::StepSaid { machine, step, stream: Stream::Stdout, line });
        }
        let said = match &done {
            Err(FailureKind::Deed(reason)) => vec![reason.clone()],
            _ => Vec::new(),
        };
        self.ended(machine, role, step, exit, begin.elapsed(), said);
        match done {
            Err(kind) if !step.may_fail => Err(failure(machine, block, Some(&step), kind)),
            _ => Ok(()),
        }
    }

    /// Runs commands in one trip, of which so many steps of the block came before; the barrier opens when the last of `start` ended.
    async fn trip(
        &self,
        machine: &Machine,
        block: &Block,
        steps: &[&Step],
        before: usize,
    ) -> Result<(), (usize, Failure)> {
        let mut tasks: Vec<Task> = steps.iter().map(|step| task(step)).collect();
        let (role, opens_after) = (block.role.as_deref(), block.start.len());
        // Once the new container serves, the old one has to go, whoever still listens.
        if let Some(last) = opens_after.checked_sub(before + 1).and_then(|last| tasks.get_mut(last)) {
            last.is_point_of_no_return = !block.finish.is_empty();
        }
        let mut progress = |progress: Progress<'_>| {
            self.tell(machine, role, steps, progress);
            if let Progress::Ended { task, outcome } = progress
                && before + task + 1 == opens_after
                && (outcome.succeeded() || steps[task].may_fail)
            {
                self.open_barrier(machine, block);
            }
        };
        let report = self.transport.run(machine, &tasks, self.interrupts, &mut progress).await;
        let ended = report.outcomes.len();
        match report.ending {
            Ending::Complete => Ok(()),
            Ending::Stopped => {
                let at = ended.saturating_sub(1);
                let kind = report.outcomes.last().map_or(FailureKind::Interrupted, exit);
                Err((at, failure(machine, block, steps.get(at), kind)))
            }
            // Whoever has just joined docker's group ends the connection: the next one may speak to docker.
            Ending::Broken(TransportError::ConnectionLost { .. })
                if joins(steps.get(ended)) && ended + 1 == steps.len() =>
            {
                Ok(())
            }
            Ending::Broken(TransportError::Interrupted { .. }) => {
                Err((ended, failure(machine, block, steps.get(ended), FailureKind::Interrupted)))
            }
            Ending::Broken(error) => {
                Err((ended, failure(machine, block, steps.get(ended), FailureKind::Transport(error))))
            }
        }
    }

    /// Runs what a block does after a failure, whatever was interrupted, and keeps what the container last said.
    async fn abort(&self, machine: &Machine, block: &Block) -> Vec<String> {
        if block.abort.is_empty() {
            return Vec::new();
        }
        let role = block.role.as_deref();
        self.events.tell(Event::Aborting { machine, role: role.unwrap_or_default() });
        let steps: Vec<&Step> = block.abort.iter().collect();
        // What cleans up is done even where it cannot be written down.
        let _ = self.announce(machine, block, &steps);
        let tasks: Vec<Task> = steps.iter().map(|step| task(step)).collect();
        let mut progress = |progress: Progress<'_>| self.tell(machine, role, &steps, progress);
        // Cleaning up is not cut short by the interrupt that made it necessary.
        let report = self.transport.run(machine, &tasks, &Interrupts::new(), &mut progress).await;
        let logs =
            steps.iter().zip(&report.outcomes).filter(|(step, _)| matches!(step.action, Action::ShowLogs { .. }));
        // A container without a health check has the health `null`.
        let lines =
            logs.flat_map(|(_, outcome)| last_lines(outcome.stdout.trim_end().trim_end_matches("\nnull"), LOG_LINES));
        lines.map(str::to_string).collect()
    }

    fn open_barrier(&self, machine: &Machine, block: &Block) {
        if block.barrier == Stance::Decides && self.barrier.decide(Decision::Opened) {
            self.events.tell(Event::BarrierOpened { machine, role: block.role.as_deref().unwrap_or_default() });
        }
    }

    fn close_barrier(&self, machine: &Machine, block: &Block) {
        if block.barrier == Stance::Decides && self.barrier.decide(Decision::Closed) {
            self.events.tell(Event::BarrierClosed { machine, role: block.role.as_deref().unwrap_or_default() });
        }
    }

    fn tell(&self, machine: &Machine, role: Option<&str>, steps: &[&Step], progress: Progress<'_>) {
        match progress {
            Progress::Started { task } => self.events.tell(Event::StepBegan { machine, role, step: steps[task] }),
            Progress::Output { task, stream, line } => {
                self.events.tell(Event::StepSaid { machine, step: steps[task], stream, line });
            }
            Progress::Ended { task, outcome } => {
                let said = if outcome.succeeded() { Vec::new() } else { told(outcome) };
                self.ended(machine, role, steps[task], outcome.exit, outcome.took, said);
            }
        }
    }

    /// Tells that a step ended, and writes it down. Without that line one only knows less of it.
    fn ended(&self, machine: &Machine, role: Option<&str>, step: &Step, exit: i32, took: Duration, said: Vec<String>) {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let _ = self.journal.report(Entry::Ended { machine: machine.clone(), step: step.id, exit, milliseconds, said });
        self.events.tell(Event::StepEnded { machine, role, step, exit, took });
    }
}

fn joins(step: Option<&&Step>) -> bool {
    step.is_some_and(|step| matches!(step.action, Action::JoinDockerGroup))
}

/// The last lines of what a step said.
fn told(outcome: &Outcome) -> Vec<String> {
    let lines = last_lines(&outcome.stdout, LOG_LINES).into_iter().chain(last_lines(&outcome.stderr, LOG_LINES));
    lines.map(str::to_string).collect()
}

/// The task of a step.
fn task(step: &Step) -> Task {
    let on_failure = if step.may_fail { OnFailure::Continue } else { OnFailure::Stop };
    let time_limit = Duration::from_secs(step.time_limit);
    Task { on_failure, ..Task::new(lower::command(step)).titled(&step.title).within(time_limit) }
}

fn exit(outcome: &Outcome) -> FailureKind {
    FailureKind::Exit { code: outcome.exit, stdout: outcome.stdout.clone(), stderr: outcome.stderr.clone() }
}

fn failure(machine: &Machine, block: &Block, step: Option<&&Step>, kind: FailureKind) -> Failure {
    let step = step.map(|step| (*step).clone());
    Failure { machine: machine.clone(), role: block.role.clone(), step, kind, aftermath: Vec::new() }
}

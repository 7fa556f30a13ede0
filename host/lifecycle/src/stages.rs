//! Stages one after the other, the machines of a stage side by side.

use std::collections::BTreeSet;

use commands::Machine;
use futures_util::future::join_all;
use journal::Journal;
use plan::{Action, SharedRegistry, Stage, Step};
use transport::{Interrupt, Interrupts, Transport};

use crate::barrier::Barrier;
use crate::deeds::Idle;
use crate::error::{Failure, FailureKind, LifecycleError};
use crate::event::{Event, Events};
use crate::fence::Fence;
use crate::track::Crew;

/// Runs steps on the operator's machine, outside of any stage.
pub(crate) async fn run_local<T: Transport>(
    transport: &T,
    events: &dyn Events,
    interrupts: &Interrupts,
    title: &str,
    steps: &[Step],
) -> Result<(), LifecycleError> {
    let (journal, fence) = (Journal::nowhere(), Fence::default());
    let crew =
        Crew { transport, deeds: &Idle, journal: &journal, events, interrupts, barrier: Barrier::new(), fence: &fence };
    let stage = Stage::of_steps(title, [(Machine::Local, steps.to_vec())]);
    run_stages(&crew, stage.as_slice()).await
}

/// Runs stages to their end, or to the first that fails.
pub(crate) async fn run_stages<T: Transport>(crew: &Crew<'_, T>, stages: &[Stage]) -> Result<(), LifecycleError> {
    for stage in stages {
        if crew.interrupts.level() != Interrupt::None {
            return Err(LifecycleError::Interrupted);
        }
        crew.events.tell(Event::Stage { title: &stage.title });
        if stage.begins_boot {
            crew.barrier.renew();
        }
        let mut failures = share(crew, stage.registry.as_ref()).await;
        failures.extend(learn_credentials(crew, stage).await);
        if failures.is_empty() {
            // Every machine finishes its part, so that a failure on one leaves the others whole.
            let results = join_all(stage.tracks.iter().map(|track| crew.run(track))).await;
            failures.extend(results.into_iter().filter_map(Result::err));
        }
        unshare(crew, stage.registry.as_ref()).await;
        if failures.is_empty() {
            continue;
        }
        if let Some(held) = failures.iter().find_map(lock_held) {
            return Err(held);
        }
        return Err(if failures.iter().all(|failure| failure.kind == FailureKind::Interrupted) {
            LifecycleError::Interrupted
        } else {
            LifecycleError::Steps { stage: stage.title.clone(), failures }
        });
    }
    Ok(())
}

/// Asks plugins for the short-lived passwords that logins of a stage need, right before they are needed.
async fn learn_credentials<T: Transport>(crew: &Crew<'_, T>, stage: &Stage) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut asked = BTreeSet::new();
    let blocks = stage.tracks.iter().flat_map(|track| track.blocks.iter().map(move |block| (&track.machine, block)));
    for (machine, block) in blocks {
        for step in block.start.iter().chain(&block.finish) {
            let Action::LoginWithCredentials { plugin, server } = &step.action else { continue };
            if !asked.insert((plugin, server)) {
                continue;
            }
            match crew.deeds.credentials(plugin, server.as_deref()).await {
                Ok(values) => crew.transport.learn(values),
                Err(reason) => failures.push(Failure {
                    machine: machine.clone(),
                    role: block.role.clone(),
                    step: Some(step.clone()),
                    kind: FailureKind::Deed(reason),
                    aftermath: Vec::new(),
                }),
            }
        }
    }
    failures
}

/// Makes a port of machines lead to the operator's registry. Where nobody answers there, images that are kept are served.
async fn share<T: Transport>(crew: &Crew<'_, T>, registry: Option<&SharedRegistry>) -> Vec<Failure> {
    let Some(SharedRegistry { port, image, machines }) = registry else { return Vec::new() };
    let failed = |machine: &Machine, error| Failure {
        machine: machine.clone(),
        role: None,
        step: None,
        kind: FailureKind::Transport(error),
        aftermath: Vec::new(),
    };
    if let Err(error) = crew.transport.serve_registry(*port, Some(image)).await {
        return vec![failed(&Machine::Local, error)];
    }
    crew.events.tell(Event::SharingRegistry { port: *port, machines });
    let shares = machines
        .iter()
        .map(async |machine| crew.transport.share_port(machine, *port).await.map_err(|error| failed(machine, error)));
    join_all(shares).await.into_iter().filter_map(Result::err).collect()
}

async fn unshare<T: Transport>(crew: &Crew<'_, T>, registry: Option<&SharedRegistry>) {
    let Some(SharedRegistry { port, machines, .. }) = registry else { return };
    join_all(machines.iter().map(|machine| crew.transport.unshare_port(machine, *port))).await;
}

/// The failure of a step that was to take the lock because somebody else holds it.
fn lock_held(failure: &Failure) -> Option<LifecycleError> {
    let takes = matches!(failure.step.as_ref()?.action, Action::TakeLock { .. });
    match &failure.kind {
        FailureKind::Exit { code: commands::host::LOCK_HELD, stdout, .. } if takes => {
            Some(LifecycleError::LockHeld { host: failure.machine.to_string(), details: stdout.clone() })
        }
        _ => None,
    }
}

//! One hook call: a fresh store with limits, the call, and what became of it.

use std::time::{Duration, Instant};

use plan::HookError;
use wasmtime::component::Instance;
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::access::Access;
use crate::bindings::sextant::deploy::types;
use crate::convert;
use crate::engine::{engine, ticks};
use crate::limits::{Limits, Usage};
use crate::plugin::{Hook, Plugin};
use crate::sandbox::State;

/// How many resources a guest may hold at once.
const HANDLES: usize = 10_000;

/// Bytes that one call of a host function may hand over.
const HOSTCALL: usize = 4 << 20;

/// Calls a hook in a store of its own. `body` puts arguments into the store and calls the guest; whatever it leaves in the table is read
/// by `answer`.
pub(crate) fn call<T>(
    plugin: &Plugin,
    hook: Hook,
    limits: &Limits,
    access: Access,
    body: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<Result<T, types::Fault>>,
) -> Result<T, HookError> {
    measured(plugin, hook, limits, access, body).0
}

/// The same, and what the call took of its limits.
pub(crate) fn measured<T>(
    plugin: &Plugin,
    hook: Hook,
    limits: &Limits,
    access: Access,
    body: impl FnOnce(&mut Store<State>, &Instance) -> wasmtime::Result<Result<T, types::Fault>>,
) -> (Result<T, HookError>, Usage) {
    let begin = Instant::now();
    let mut store = Store::new(engine(), State::new(limits, access));
    store.limiter(|state| &mut state.budget);
    store.set_hostcall_fuel(HOSTCALL.max(limits.output));
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(ticks(limits.time));
    store.epoch_deadline_callback(|mut store| {
        Ok(match std::mem::take(&mut store.data_mut().waited) {
            Duration::ZERO => UpdateDeadline::Interrupt,
            waited => UpdateDeadline::Continue(ticks(waited)),
        })
    });
    let called = plugin.instance.instantiate(&mut store).and_then(|instance| body(&mut store, &instance));
    let answer = match called {
        // A guest may have caught what a limit or a refusal did to it; it counts all the same.
        Ok(_) if store.data().budget.breach.is_some() || store.data().refused.is_some() => {
            Err(failure(plugin, hook, limits, &store, None))
        }
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(fault)) => {
            let reason = convert::fault(&fault);
            Err(HookError::Fault { plugin: plugin.name.clone(), hook: hook.name(), reason })
        }
        Err(error) => Err(failure(plugin, hook, limits, &store, Some(&error))),
    };
    let usage = Usage { time: begin.elapsed(), ..store.data().budget.usage() };
    (answer, usage)
}

fn failure(
    plugin: &Plugin,
    hook: Hook,
    limits: &Limits,
    store: &Store<State>,
    error: Option<&wasmtime::Error>,
) -> HookError {
    let (plugin, hook) = (plugin.name.clone(), hook.name());
    if let Some(what) = &store.data().undeclared {
        return HookError::Undeclared { plugin, hook, what: convert::one_line(what) };
    }
    if let Some((refusal, what)) = &store.data().refused {
        return HookError::Refused { plugin, hook, what: what.clone(), refusal: *refusal };
    }
    if let Some(limit) = &store.data().budget.breach {
        return HookError::Limit { plugin, hook, limit: limit.clone() };
    }
    let trap = error.and_then(|error| error.downcast_ref::<Trap>());
    if trap == Some(&Trap::Interrupt) {
        return HookError::Limit { plugin, hook, limit: format!("{} ms of time", limits.time.as_millis()) };
    }
    let cause = error.map(|error| error.root_cause().to_string()).unwrap_or_default();
    let said = String::from_utf8_lossy(&store.data().stderr.contents()).trim().to_string();
    let message = if said.is_empty() { cause } else { format!("{cause}; it said: {said}") };
    HookError::Crash { plugin, hook, message: convert::one_line(&message) }
}

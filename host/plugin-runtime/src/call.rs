//! One hook call: a fresh store with limits, the call, and what became of it.

use std::time::Instant;

use plan::HookError;
use wasmtime::component::Instance;
use wasmtime::{Store, UpdateDeadline};

use crate::access::Access;
use crate::bindings::sextant::deploy::types;
use crate::convert;
use crate::engine::engine;
use crate::limits::{HANDLES, Limits, TRANSFER, Usage};
use crate::panics;
use crate::plugin::{Hook, Plugin};
use crate::sandbox::State;

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
    store.set_hostcall_fuel(TRANSFER.max(limits.output));
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        Ok(if store.data_mut().budget.tick() { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    });
    let called =
        panics::caught(|| plugin.instance.instantiate(&mut store).and_then(|instance| body(&mut store, &instance)));
    let crashed = matches!(called, Ok(Err(_)));
    let usage = Usage { time: begin.elapsed(), crashed, ..store.data().budget.usage() };
    let answer = match called {
        Err(panic) => Err(HookError::Crash {
            plugin: plugin.name.clone(),
            hook: hook.name(),
            message: convert::one_line(&format!("the host made a mistake: {panic}")),
        }),
        Ok(called) => told(plugin, hook, &store, called),
    };
    (answer, usage)
}

/// What a guest told, unless a limit or a refusal speaks against it.
fn told<T>(
    plugin: &Plugin,
    hook: Hook,
    store: &Store<State>,
    called: wasmtime::Result<Result<T, types::Fault>>,
) -> Result<T, HookError> {
    match called {
        // A guest may have caught what a limit or a refusal did to it; it counts all the same.
        Ok(_) if store.data().budget.breach.is_some() || store.data().refused.is_some() => {
            Err(failure(plugin, hook, store, None))
        }
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(fault)) => {
            let reason = convert::fault(&fault);
            Err(HookError::Fault { plugin: plugin.name.clone(), hook: hook.name(), reason })
        }
        Err(error) => Err(failure(plugin, hook, store, Some(&error))),
    }
}

fn failure(plugin: &Plugin, hook: Hook, store: &Store<State>, error: Option<&wasmtime::Error>) -> HookError {
    let (plugin, hook) = (plugin.name.clone(), hook.name());
    if let Some(what) = &store.data().undeclared {
        return HookError::Undeclared { plugin, hook, what: convert::one_line(what) };
    }
    if let Some((refusal, what)) = &store.data().refused {
        return HookError::Refused { plugin, hook, what: what.clone(), refusal: *refusal };
    }
    let budget = &store.data().budget;
    if let Some((limit, value)) = budget.breach.or_else(|| budget.behind(error?)) {
        return HookError::Limit { plugin, hook, limit, value };
    }
    let cause = error.map(|error| error.root_cause().to_string()).unwrap_or_default();
    let said = String::from_utf8_lossy(&store.data().stderr.contents()).trim().to_string();
    let message = if said.is_empty() { cause } else { format!("{cause}; it said: {said}") };
    HookError::Crash { plugin, hook, message: convert::one_line(&message) }
}

//! The same for programs: one JSON object a line on standard output.

use lifecycle::{Event, Events};
use serde_json::{Value, json};
use transport::Stream;

use crate::console::print;

/// Tells programs on standard output.
pub struct Json;

impl Events for Json {
    fn tell(&self, event: Event<'_>) {
        if let Some(object) = object(event) {
            print(&object.to_string());
        }
    }
}

/// An event as an object. How a run failed is told by whoever tells every failure.
fn object(event: Event<'_>) -> Option<Value> {
    let object = match event {
        Event::Failed { .. } => return None,
        Event::Observing { hosts } => json!({ "event": "observing", "hosts": hosts }),
        Event::Observed { hosts, took } => {
            json!({ "event": "observed", "hosts": hosts, "seconds": took.as_secs_f64() })
        }
        Event::Planned { plan } => json!({ "event": "planned", "plan": plan }),
        Event::PolicyWarned { policy, reason, steps } => {
            json!({ "event": "policy-warned", "policy": policy, "reason": reason, "steps": steps })
        }
        Event::PolicyNoted { policy, reason, steps } => {
            json!({ "event": "policy-noted", "policy": policy, "reason": reason, "steps": steps })
        }
        Event::PolicyOverridden { policy, reason } => {
            json!({ "event": "policy-overridden", "policy": policy, "reason": reason })
        }
        Event::NotifyFailed { reason } => json!({ "event": "notify-failed", "reason": reason }),
        Event::Replanned { plan } => json!({ "event": "replanned", "plan": plan }),
        Event::TakingLock { host, patience } => {
            json!({ "event": "taking-lock", "host": host, "patience": patience.map(|patience| patience.as_secs()) })
        }
        Event::LockHeld { host, details } => json!({ "event": "lock-held", "host": host, "details": details }),
        Event::LockDying { host, lease } => json!({ "event": "lock-dying", "host": host, "lease": lease.as_secs() }),
        Event::LockTakenOver { host, details } => {
            json!({ "event": "lock-taken-over", "host": host, "details": details })
        }
        Event::LockSkipped { host, reason } => json!({ "event": "lock-skipped", "host": host, "reason": reason }),
        Event::LockRetry { host, pause, remaining } => json!({
            "event": "lock-retry", "host": host, "pause": pause.as_secs_f64(), "remaining": remaining.as_secs_f64(),
        }),
        Event::TookLock { host } => json!({ "event": "took-lock", "host": host }),
        Event::ReleasedLock { host } => json!({ "event": "released-lock", "host": host }),
        Event::KeptLock { host, reason } => json!({ "event": "kept-lock", "host": host, "reason": reason }),
        Event::SharingRegistry { port, machines } => {
            json!({ "event": "sharing-registry", "port": port, "machines": machines })
        }
        Event::ServingRegistry { port, reason } => {
            json!({ "event": "serving-registry", "port": port, "reason": reason })
        }
        Event::Stage { title } => json!({ "event": "stage", "title": title }),
        Event::StepBegan { machine, role, step } => {
            json!({ "event": "step-began", "machine": machine.to_string(), "role": role, "step": step.id, "title": step.title })
        }
        Event::StepSaid { machine, step, stream, line } => {
            let stream = if stream == Stream::Stdout { "stdout" } else { "stderr" };
            json!({ "event": "step-said", "machine": machine.to_string(), "step": step.id, "stream": stream, "line": line })
        }
        Event::StepEnded { machine, role, step, exit, took } => json!({
            "event": "step-ended", "machine": machine.to_string(), "role": role, "step": step.id, "title": step.title,
            "exit": exit, "seconds": took.as_secs_f64(),
        }),
        Event::Waiting { machine, role } => json!({ "event": "waiting", "machine": machine.to_string(), "role": role }),
        Event::BarrierOpened { machine, role } => {
            json!({ "event": "barrier-opened", "machine": machine.to_string(), "role": role })
        }
        Event::BarrierClosed { machine, role } => {
            json!({ "event": "barrier-closed", "machine": machine.to_string(), "role": role })
        }
        Event::Aborting { machine, role } => {
            json!({ "event": "aborting", "machine": machine.to_string(), "role": role })
        }
        Event::Finished { took } => json!({ "event": "finished", "seconds": took.as_secs_f64() }),
    };
    Some(object)
}

//! What runs before the first connection.

use std::sync::Arc;

use plan::Run;
use transport::{Interrupts, Transport};

use crate::error::LifecycleError;
use crate::event::Events;
use crate::stages;

/// Runs what has to run before the first connection: the hook script `pre-connect`, if the project has it.
pub async fn connect<T: Transport>(
    run: &Arc<Run>,
    transport: &T,
    events: &dyn Events,
    interrupts: &Interrupts,
) -> Result<(), LifecycleError> {
    let steps = plan::before_connecting(run);
    stages::run_local(transport, events, interrupts, "Hook script pre-connect", &steps).await
}

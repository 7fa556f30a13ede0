//! A small run for the tests of the logs.

use std::time::Duration;

use commands::Machine;
use lifecycle::{Event, Events, LifecycleError};
use plan::{Action, Step};
use transport::Stream;

/// Everything but the end.
pub fn tell(events: &dyn Events) {
    let machine = &Machine::Host("10.0.0.1".to_string());
    let step = &Step { id: 3, ..Step::new("pull shop:v1", Action::Pull { image: "shop:v1".to_string() }) };
    events.tell(Event::Observing { hosts: &["10.0.0.1".to_string()] });
    events.tell(Event::Stage { title: "Stage of the story" });
    events.tell(Event::StepBegan { machine, role: Some("web"), step });
    events.tell(Event::StepSaid { machine, step, stream: Stream::Stderr, line: "pulling" });
    events.tell(Event::StepEnded { machine, role: Some("web"), step, exit: 1, took: Duration::from_millis(1500) });
}

/// It went well.
pub fn ends_well(events: &dyn Events) {
    events.tell(Event::Finished { took: Duration::from_millis(12_340) });
}

/// It did not.
pub fn ends_early(events: &dyn Events) {
    events.tell(Event::Failed { error: &LifecycleError::Interrupted, took: Duration::from_secs(2) });
}

//! Any bytes as the answer of a hook: whatever is planned of it, no shell runs anything else.

#![no_main]

#[path = "../../tests/hostile/planned.rs"]
mod planned;
#[path = "../../tests/hostile/proposals.rs"]
#[allow(dead_code)]
mod proposals;
#[path = "../../tests/hostile/shells.rs"]
mod shells;

use std::cell::RefCell;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;

/// Shells take long to start, so they are given the lines of many inputs at once. A crash names the step and the line at fault; the input
/// that is kept may be a later one.
const AT_ONCE: usize = 200;

fuzz_target!(|bytes: &[u8]| {
    thread_local! {
        static RUN: Arc<plan::Run> = planned::run();
        static SHELLS: RefCell<shells::Shells> = RefCell::new(shells::Shells::new());
    }
    let proposal = proposals::from_bytes(bytes);
    let shown = format!("{proposal:?}");
    let Ok(lines) = RUN.with(|run| planned::lines(run, proposal)) else { return };
    SHELLS.with_borrow_mut(|shells| {
        lines.into_iter().for_each(|line| shells.add(&shown, line));
        if shells.count() >= AT_ONCE {
            shells.assert_nothing_else_runs();
            *shells = shells::Shells::new();
        }
    });
});

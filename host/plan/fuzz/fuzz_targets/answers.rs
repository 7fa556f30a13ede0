//! Any bytes as the answer of a hook: whatever is planned of it, no shell runs anything else.

#![no_main]

#[path = "../../tests/hostile/planned.rs"]
mod planned;
#[path = "../../tests/hostile/proposals.rs"]
#[allow(dead_code)]
mod proposals;
#[path = "../../tests/hostile/shells.rs"]
mod shells;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static RUN: std::sync::Arc<plan::Run> = planned::run());
    let proposal = proposals::from_bytes(bytes);
    let shown = format!("{proposal:?}");
    if let Ok(lines) = RUN.with(|run| planned::lines(run, proposal)) {
        let mut shells = shells::Shells::new();
        lines.into_iter().for_each(|line| shells.add(&shown, line));
        shells.assert_nothing_else_runs();
    }
});

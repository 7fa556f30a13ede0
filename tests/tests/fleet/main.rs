//! What Sextant promises, kept on real hosts: one test per promise, each of which real sshd, docker and registry can break.
//!
//! `cargo xtask test` runs these one at a time. A machine that cannot carry the fleet gets `skipped: …` and its reason;
//! with `SEXTANT_NO_SKIP=1` that is a failure.

mod crashes;
mod deploys;
mod differential;
mod drift;
mod failures;
mod images;
mod interrupts;
mod locks;
mod operator;
mod plugins;
mod policies;
mod programs;
mod removal;
mod rollback;
mod scene;
mod secrecy;
mod skip_push;
mod snapshot;
mod subcommands;
mod swarm;
mod tags;
mod takeover;
mod traces;

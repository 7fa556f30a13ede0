//! The one engine of the process, and the clock that ends calls which take too long.

use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::{Config, Engine};

/// Bytes of stack that a guest has.
pub(crate) const STACK: usize = 512 << 10;

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(10);

/// The engine. Types of two engines must never meet, so there is only one.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config.epoch_interruption(true).wasm_component_model(true).max_wasm_stack(STACK);
        let engine = Engine::new(&config).expect("the engine's own configuration is valid");
        start_clock(&engine);
        engine
    })
}

/// So many looks pass in a time.
pub(crate) fn ticks(time: Duration) -> u64 {
    (time.as_millis() / TICK.as_millis()).max(1) as u64
}

/// A late tick is not made up for: on a busy machine a guest gets more time, never less.
fn start_clock(engine: &Engine) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    });
}

//! The one engine of the process, and the clock that ends calls which take too long.

use std::sync::OnceLock;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::{INSTANCES, MEMORIES, TABLES};

/// Bytes of stack that a guest has.
pub(crate) const STACK: usize = 512 << 10;

/// Bytes of an instance's memory that stay with the process when the instance is gone. Builtins touch a tenth of that.
const WARM: usize = 1 << 20;

/// So many calls run at once, each with all that its limits allow: hooks are asked one after the other, but for deeds on several hosts.
const CALLS: u32 = 4;

/// Elements of a table, and tables and memories of a module, as many as WebAssembly's own limits for implementations allow: what a
/// call may have of them is for its limits to say.
const ELEMENTS: usize = 10_000_000;
const PER_MODULE: u32 = 100;

/// Bytes of what the engine itself keeps of an instance. A component of the largest size that is taken stays below.
const BOOKS: usize = 64 << 20;

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(10);

/// The engine. Types of two engines must never meet, so there is only one.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config.epoch_interruption(true).wasm_component_model(true).max_wasm_stack(STACK);
        // Where so much address space is not to be had, instances get theirs one by one: slower, and the same otherwise.
        let strategies = [pool(Enabled::Yes), pool(Enabled::No), InstanceAllocationStrategy::OnDemand];
        let engine = strategies.into_iter().find_map(|way| Engine::new(config.clone().allocation_strategy(way)).ok());
        let engine = engine.expect("the engine's own configuration is valid");
        start_clock(&engine);
        engine
    })
}

/// Address space for instances is reserved once: mapping and unmapping it costs as much as all else of a short call. What an instance
/// wrote is wiped before its place is used again, page by page where `scan` can tell which it were: an engine that is to have it and
/// cannot (Linux before 6.7) is refused. Nothing is refused here that the limits of a call would take.
fn pool(scan: Enabled) -> InstanceAllocationStrategy {
    let (instances, tables, memories) = (INSTANCES as u32, TABLES as u32, MEMORIES as u32);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(CALLS * instances).total_tables(CALLS * tables).total_memories(CALLS * memories);
    pool.table_elements(ELEMENTS).max_tables_per_module(PER_MODULE).max_memories_per_module(PER_MODULE);
    pool.max_core_instance_size(BOOKS).max_component_instance_size(BOOKS);
    if scan == Enabled::Yes {
        pool.linear_memory_keep_resident(WARM).table_keep_resident(WARM);
    }
    pool.pagemap_scan(scan);
    InstanceAllocationStrategy::Pooling(pool)
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

//! How much a plugin may use in one call, and the record of a limit it ran into.

use std::time::Duration;

use plan::hooks::LimitKind;
use wasmtime::component::ResourceTableError;
use wasmtime::{ResourceLimiter, Trap};

use crate::engine::STACK;

/// Limits for one hook call. What goes beyond ends the call, and with it the run before anything is touched.
///
/// The functions of the contract are synchronous and every call has a store of its own, so a plugin has one host call in flight at
/// most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: usize,
    /// Time.
    pub time: Duration,
    /// Bytes of text in its answer.
    pub output: usize,
    /// Steps in its answer.
    pub steps: usize,
    /// Calls of the host's functions.
    pub calls: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 64 << 20, time: Duration::from_secs(2), output: 1 << 20, steps: 1000, calls: 100_000 }
    }
}

impl Limits {
    /// The same limits but for those that the project sets for a plugin.
    pub(crate) fn with(&self, set: &configuration::PluginLimits) -> Self {
        let number =
            |set: Option<u64>, usual: usize| set.map_or(usual, |set| usize::try_from(set).unwrap_or(usize::MAX));
        Self {
            memory: number(set.memory, self.memory),
            time: set.time.unwrap_or(self.time),
            output: number(set.output, self.output),
            steps: number(set.steps, self.steps),
            calls: number(set.calls, self.calls),
        }
    }
}

/// How many resources a guest may hold at once, or the host for it.
pub(crate) const HANDLES: usize = 10_000;

/// Bytes that one call of a host function may hand over, unless the output may be more.
pub(crate) const TRANSFER: usize = 4 << 20;

/// Elements of each table.
const ELEMENTS: usize = 100_000;

/// Tables of all instances.
pub(crate) const TABLES: usize = 200;

/// Memories of all instances.
pub(crate) const MEMORIES: usize = 50;

/// Instances of modules.
pub(crate) const INSTANCES: usize = 200;

/// A limit that was hit, and its value.
pub(crate) type Breach = (LimitKind, u64);

/// What one call took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of memory at most.
    pub memory: usize,
    /// Time, with what it waited for.
    pub time: Duration,
    /// Bytes of text in its answer.
    pub output: usize,
    /// Steps in its answer.
    pub steps: usize,
    /// Whether it ended in a trap, whatever it was refused before.
    pub crashed: bool,
}

/// Keeps count during one call.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    output: usize,
    steps: usize,
    calls: usize,
    ticks: u64,
    memory: usize,
    /// The first limit that was hit.
    pub breach: Option<Breach>,
}

impl Budget {
    pub fn new(limits: Limits) -> Self {
        let ticks = crate::engine::ticks(limits.time);
        Self { limits, output: 0, steps: 0, calls: 0, ticks, memory: 0, breach: None }
    }

    /// What was used so far, but for time.
    pub fn usage(&self) -> Usage {
        Usage { memory: self.memory, output: self.output, steps: self.steps, ..Usage::default() }
    }

    /// Counts text of the answer.
    pub fn output(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.output = self.output.saturating_add(bytes);
        if self.output > self.limits.output {
            return self.broken(LimitKind::Output, self.limits.output);
        }
        Ok(())
    }

    /// Counts a step of the answer.
    pub fn step(&mut self) -> wasmtime::Result<()> {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return self.broken(LimitKind::Steps, self.limits.steps);
        }
        Ok(())
    }

    /// Counts a call of the host. One too many is noted; the guest is stopped at the next tick.
    pub fn called(&mut self) {
        self.calls += 1;
        if self.calls > self.limits.calls {
            self.note(LimitKind::Calls, self.limits.calls);
        }
    }

    /// Counts a tick of the guest's own time and tells whether it may go on. Ticks that pass in a call of the host come to one.
    pub fn tick(&mut self) -> bool {
        self.ticks = self.ticks.saturating_sub(1);
        if self.ticks == 0 {
            self.note(LimitKind::Time, self.limits.time.as_millis() as usize);
        }
        self.breach.is_none()
    }

    /// The limit that an error of the engine's stands for, if it does for one.
    pub fn behind(&self, error: &wasmtime::Error) -> Option<Breach> {
        if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
            return Some((LimitKind::Stack, STACK as u64));
        }
        if matches!(error.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full)) {
            return Some((LimitKind::Handles, HANDLES as u64));
        }
        let (limit, value) = told(&error.root_cause().to_string())?;
        Some((limit, value.max(if limit == LimitKind::Transfer { self.limits.output as u64 } else { 0 })))
    }

    fn note(&mut self, limit: LimitKind, value: usize) {
        self.breach.get_or_insert((limit, value as u64));
    }

    fn broken<T>(&mut self, limit: LimitKind, value: usize) -> wasmtime::Result<T> {
        self.note(limit, value);
        Err(wasmtime::Error::msg(limit.words(value as u64)))
    }
}

/// The limit that the engine tells of in text alone.
fn told(message: &str) -> Option<Breach> {
    let known = [
        ("store handle limit exceeded", LimitKind::Handles, HANDLES),
        ("instance count too high", LimitKind::Instances, INSTANCES),
        ("table count too high", LimitKind::Tables, TABLES),
        ("memory count too high", LimitKind::Memories, MEMORIES),
        ("fuel allocated for hostcalls has been exhausted", LimitKind::Transfer, TRANSFER),
    ];
    let found = known.into_iter().find(|(words, ..)| message.contains(words))?;
    Some((found.1, found.2 as u64))
}

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limits.memory {
            return self.broken(LimitKind::Memory, self.limits.memory);
        }
        self.memory = self.memory.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > ELEMENTS {
            return self.broken(LimitKind::Elements, ELEMENTS);
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

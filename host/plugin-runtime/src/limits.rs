//! How much a plugin may use in one call, and the record of a limit it ran into.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// Limits for one hook call. What goes beyond ends the call, and with it the run before anything is touched.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 64 << 20, time: Duration::from_secs(2), output: 1 << 20, steps: 1000 }
    }
}

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
}

/// Keeps count during one call.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    output: usize,
    steps: usize,
    memory: usize,
    /// The limit that was hit, in words with its value.
    pub breach: Option<String>,
}

impl Budget {
    pub fn new(limits: Limits) -> Self {
        Self { limits, output: 0, steps: 0, memory: 0, breach: None }
    }

    /// What was used so far, but for time.
    pub fn usage(&self) -> Usage {
        Usage { memory: self.memory, time: Duration::ZERO, output: self.output, steps: self.steps }
    }

    /// Counts text of the answer.
    pub fn output(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.output = self.output.saturating_add(bytes);
        if self.output > self.limits.output {
            return self.broken(format!("{} bytes of output", self.limits.output));
        }
        Ok(())
    }

    /// Counts a step of the answer.
    pub fn step(&mut self) -> wasmtime::Result<()> {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return self.broken(format!("{} steps", self.limits.steps));
        }
        Ok(())
    }

    fn broken<T>(&mut self, limit: String) -> wasmtime::Result<T> {
        let error = wasmtime::Error::msg(limit.clone());
        self.breach = Some(limit);
        Err(error)
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limits.memory {
            return self.broken(format!("{} MiB of memory", self.limits.memory >> 20));
        }
        self.memory = self.memory.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        const TABLE_ELEMENTS: usize = 100_000;
        if desired > TABLE_ELEMENTS {
            return self.broken(format!("{TABLE_ELEMENTS} table elements"));
        }
        Ok(true)
    }
}

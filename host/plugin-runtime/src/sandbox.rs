//! What surrounds a guest during one call: empty standard streams, a clock that stands still, no randomness, no environment.

use std::time::Duration;

use plan::hooks::Refusal;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, random, sync};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{Deterministic, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::access::Access;
use crate::limits::{Budget, HANDLES, Limits};

/// How much a guest may write to its standard error; the end of it stands in the error when the guest crashes.
const STDERR: usize = 64 << 10;

/// The state of one call.
pub(crate) struct State {
    pub table: ResourceTable,
    pub budget: Budget,
    pub stderr: MemoryOutputPipe,
    /// What the guest reached for without having declared it.
    pub undeclared: Option<String>,
    /// What the guest may reach outside.
    pub access: Access,
    /// The first thing outside that it was refused.
    pub refused: Option<(Refusal, String)>,
    wasi: WasiCtx,
}

impl State {
    pub fn new(limits: &Limits, access: Access) -> Self {
        let stderr = MemoryOutputPipe::new(STDERR);
        let mut wasi = WasiCtx::builder();
        wasi.stderr(stderr.clone())
            .wall_clock(StoppedClock)
            .secure_random(Deterministic::new(vec![0]))
            .insecure_random(Deterministic::new(vec![0]))
            .insecure_random_seed(0)
            .max_random_size(4096)
            .allow_tcp(false)
            .allow_udp(false);
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Self {
            table,
            budget: Budget::new(limits.clone()),
            stderr,
            undeclared: None,
            access,
            refused: None,
            wasi: wasi.build(),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The interfaces of WASI that a guest may import: what a standard library needs to start, nothing that reaches outside.
const GIVEN: [&str; 5] =
    ["wasi:cli/", "wasi:io/", "wasi:clocks/wall-clock", "wasi:clocks/monotonic-clock", "wasi:random/"];

/// Whether a guest may import an interface of WASI.
pub(crate) fn is_given(import: &str) -> bool {
    GIVEN.iter().any(|given| import.starts_with(given))
}

/// Links what [`is_given`] allows. Files, sockets and HTTP are not linked anywhere.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::bindings::io::error::add_to_linker::<State, HasTable>(linker, |state| &mut state.table)?;
    sync::io::poll::add_to_linker::<State, HasTable>(linker, |state| &mut state.table)?;
    sync::io::streams::add_to_linker::<State, HasTable>(linker, |state| &mut state.table)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(linker, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, HasStoppedClock>(linker, |state| NoTime(&mut state.table))?;
    random::random::add_to_linker::<State, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure::add_to_linker::<State, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, |state| state.ctx().ctx.random())
}

struct HasTable;

impl wasmtime::component::HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// Always the same moment.
struct StoppedClock;

impl HostWallClock for StoppedClock {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

struct HasStoppedClock;

impl wasmtime::component::HasData for HasStoppedClock {
    type Data<'a> = NoTime<'a>;
}

/// A clock that stands still: whoever waits for it has waited already, so that no guest can sleep in the host.
struct NoTime<'a>(&'a mut ResourceTable);

impl clocks::monotonic_clock::Host for NoTime<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(0)
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1_000_000_000)
    }

    fn subscribe_instant(&mut self, _: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribe_duration(0)
    }

    fn subscribe_duration(&mut self, _: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let over = self.0.push(Over)?;
        subscribe(self.0, over)
    }
}

/// What has happened already.
struct Over;

#[wasmtime_wasi::async_trait]
impl Pollable for Over {
    async fn ready(&mut self) {}
}

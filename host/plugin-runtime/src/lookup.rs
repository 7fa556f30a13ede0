//! The interface that secret adapters import: what is asked for, and a door to the programs that they declared.

use std::sync::Arc;

use wasmtime::component::Resource;

use crate::access::Outside;
use crate::adapter::Request;
use crate::bindings::sextant::deploy::lookup;
use crate::sandbox::State;

/// A call of a program, as an adapter puts it together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The program, then its arguments.
    pub words: Vec<String>,
    /// Variables of its environment.
    pub variables: Vec<(String, String)>,
    /// Whether its standard error is kept from the operator.
    pub is_quiet: bool,
}

/// How a program ended.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code; 127 if it is not installed.
    pub exit: i32,
    /// What it wrote to its standard output. May hold secrets.
    pub stdout: String,
}

/// What a guest sees of a request.
pub struct RequestView {
    pub(crate) request: Request,
    pub(crate) settings: String,
}

/// The programs and variables that one adapter declared.
pub struct ProgramsView {
    pub(crate) programs: Vec<String>,
    pub(crate) variables: Vec<String>,
    pub(crate) machine: Arc<dyn Outside>,
}

impl lookup::Host for State {}

impl lookup::HostRequest for State {
    fn secrets(&mut self, this: Resource<RequestView>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&this)?.request.secrets.clone())
    }

    fn account(&mut self, this: Resource<RequestView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.request.account.clone())
    }

    fn from(&mut self, this: Resource<RequestView>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&this)?.request.from.clone())
    }

    fn settings(&mut self, this: Resource<RequestView>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.settings.clone())
    }

    fn drop(&mut self, this: Resource<RequestView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl lookup::HostCommand for State {
    fn new(&mut self, words: Vec<String>) -> wasmtime::Result<Resource<Call>> {
        Ok(self.table.push(Call { words, ..Call::default() })?)
    }

    fn variable(&mut self, this: Resource<Call>, name: String, value: String) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.variables.push((name, value));
        Ok(())
    }

    fn quiet(&mut self, this: Resource<Call>) -> wasmtime::Result<()> {
        self.table.get_mut(&this)?.is_quiet = true;
        Ok(())
    }

    fn drop(&mut self, this: Resource<Call>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl lookup::HostOutcome for State {
    fn exit(&mut self, this: Resource<Outcome>) -> wasmtime::Result<i32> {
        Ok(self.table.get(&this)?.exit)
    }

    fn stdout(&mut self, this: Resource<Outcome>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.stdout.clone())
    }

    fn drop(&mut self, this: Resource<Outcome>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl lookup::HostPrograms for State {
    fn run(&mut self, this: Resource<ProgramsView>, command: Resource<Call>) -> wasmtime::Result<Resource<Outcome>> {
        self.budget.step()?;
        let call = self.table.get(&command)?.clone();
        let programs = self.table.get(&this)?;
        let program = call.words.first().cloned().unwrap_or_default();
        if !programs.programs.contains(&program) {
            return self.undeclared(format!("the program `{program}`"));
        }
        let machine = programs.machine.clone();
        let outcome = machine.run(&call);
        Ok(self.table.push(outcome)?)
    }

    fn variable(&mut self, this: Resource<ProgramsView>, name: String) -> wasmtime::Result<Option<String>> {
        let programs = self.table.get(&this)?;
        if !programs.variables.contains(&name) {
            return self.undeclared(format!("the variable `{name}`"));
        }
        Ok(programs.machine.variable(&name))
    }

    fn drop(&mut self, this: Resource<ProgramsView>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl State {
    /// Ends the call of a guest that reached for something it had not declared.
    fn undeclared<T>(&mut self, what: String) -> wasmtime::Result<T> {
        let error = wasmtime::Error::msg(format!("{what} was not declared"));
        self.undeclared = Some(what);
        Err(error)
    }
}

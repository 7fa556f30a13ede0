//! How plugins describe an image that is put together from files.

use plan::{AssembledFile, ImageAssembly};
use wasmtime::component::Resource;

use crate::bindings::sextant::deploy::steps;
use crate::sandbox::State;

impl State {
    /// Changes an image; every byte of text counts.
    fn assembly(
        &mut self,
        this: &Resource<ImageAssembly>,
        bytes: usize,
        change: impl FnOnce(&mut ImageAssembly),
    ) -> wasmtime::Result<()> {
        self.budget.output(bytes)?;
        change(self.table.get_mut(this)?);
        Ok(())
    }
}

impl steps::HostImageAssembly for State {
    fn new(&mut self, name: String, platform: String) -> wasmtime::Result<Resource<ImageAssembly>> {
        self.budget.output(name.len() + platform.len())?;
        Ok(self.table.push(ImageAssembly { names: vec![name], platform, ..ImageAssembly::default() })?)
    }

    fn tag(&mut self, this: Resource<ImageAssembly>, name: String) -> wasmtime::Result<()> {
        self.assembly(&this, name.len(), |image| image.names.push(name))
    }

    fn base(&mut self, this: Resource<ImageAssembly>, base: String) -> wasmtime::Result<()> {
        self.assembly(&this, base.len(), |image| image.base = Some(base))
    }

    fn file(
        &mut self,
        this: Resource<ImageAssembly>,
        source: String,
        path: String,
        mode: Option<u32>,
    ) -> wasmtime::Result<()> {
        let bytes = source.len() + path.len();
        self.assembly(&this, bytes, |image| image.files.push(AssembledFile { source, path, mode }))
    }

    fn entrypoint(&mut self, this: Resource<ImageAssembly>, words: Vec<String>) -> wasmtime::Result<()> {
        self.assembly(&this, words.iter().map(String::len).sum(), |image| image.entrypoint = words)
    }

    fn command(&mut self, this: Resource<ImageAssembly>, words: Vec<String>) -> wasmtime::Result<()> {
        self.assembly(&this, words.iter().map(String::len).sum(), |image| image.command = words)
    }

    fn environment(&mut self, this: Resource<ImageAssembly>, name: String, value: String) -> wasmtime::Result<()> {
        self.assembly(&this, name.len() + value.len(), |image| image.environment.push((name, value)))
    }

    fn working_directory(&mut self, this: Resource<ImageAssembly>, path: String) -> wasmtime::Result<()> {
        self.assembly(&this, path.len(), |image| image.working_directory = Some(path))
    }

    fn user(&mut self, this: Resource<ImageAssembly>, user: String) -> wasmtime::Result<()> {
        self.assembly(&this, user.len(), |image| image.user = Some(user))
    }

    fn port(&mut self, this: Resource<ImageAssembly>, port: u16) -> wasmtime::Result<()> {
        self.assembly(&this, 2, |image| image.ports.push(port))
    }

    fn label(&mut self, this: Resource<ImageAssembly>, name: String, value: String) -> wasmtime::Result<()> {
        self.assembly(&this, name.len() + value.len(), |image| image.labels.push((name, value)))
    }

    fn drop(&mut self, this: Resource<ImageAssembly>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

//! `builder:` as a plugin reads it.

use wasmtime::component::Resource;

use crate::bindings::sextant::deploy::deployment;
use crate::resources::BuilderView;
use crate::sandbox::State;
use crate::snapshot::{BuilderSnapshot, Pair};

type Builder = Resource<BuilderView>;

impl State {
    fn of_builder(&self, this: &Builder) -> wasmtime::Result<&BuilderSnapshot> {
        Ok(&self.table.get(this)?.0.builder)
    }
}

impl deployment::HostBuilder for State {
    fn architectures(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        Ok(self.of_builder(&this)?.architectures.clone())
    }

    fn context(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.of_builder(&this)?.context.clone())
    }

    fn dockerfile(&mut self, this: Builder) -> wasmtime::Result<String> {
        Ok(self.of_builder(&this)?.dockerfile.clone())
    }

    fn target(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.of_builder(&this)?.target.clone())
    }

    fn arguments(&mut self, this: Builder) -> wasmtime::Result<Vec<Pair>> {
        Ok(self.of_builder(&this)?.arguments.clone())
    }

    fn secrets(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        Ok(self.of_builder(&this)?.secrets.clone())
    }

    fn driver(&mut self, this: Builder) -> wasmtime::Result<String> {
        Ok(self.of_builder(&this)?.driver.clone())
    }

    fn remote(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.of_builder(&this)?.remote.clone())
    }

    fn local_architectures(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        Ok(self.of_builder(&this)?.local_architectures.clone())
    }

    fn remote_architectures(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        Ok(self.of_builder(&this)?.remote_architectures.clone())
    }

    fn pack(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.of_builder(&this)?.pack.clone())
    }

    fn buildpacks(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        Ok(self.of_builder(&this)?.buildpacks.clone())
    }

    fn cache_to(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.of_builder(&this)?.cache_to.clone())
    }

    fn cache_from(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.of_builder(&this)?.cache_from.clone())
    }

    fn ssh(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.of_builder(&this)?.ssh.clone())
    }

    fn provenance(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.of_builder(&this)?.provenance.clone())
    }

    fn sbom(&mut self, this: Builder) -> wasmtime::Result<Option<bool>> {
        Ok(self.of_builder(&this)?.sbom)
    }

    fn output(&mut self, this: Builder) -> wasmtime::Result<String> {
        Ok(self.of_builder(&this)?.output.clone())
    }

    fn working_directory(&mut self, this: Builder) -> wasmtime::Result<bool> {
        Ok(self.of_builder(&this)?.working_directory)
    }

    fn drop(&mut self, this: Builder) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

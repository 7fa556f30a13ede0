//! `builder:` as a plugin reads it.

use plan::Intent;
use wasmtime::component::Resource;

use crate::bindings::sextant::deploy::deployment;
use crate::convert;
use crate::resources::BuilderView;
use crate::sandbox::State;

type Builder = Resource<BuilderView>;

impl State {
    /// What the configuration says about the builder.
    fn builder_settings(&self, this: &Builder) -> wasmtime::Result<&configuration::Builder> {
        Ok(self.table.get(this)?.settings())
    }
}

impl deployment::HostBuilder for State {
    fn architectures(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        Ok(self.builder_settings(&this)?.arches.clone())
    }

    fn context(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.builder_settings(&this)?.context.clone())
    }

    fn dockerfile(&mut self, this: Builder) -> wasmtime::Result<String> {
        Ok(self.builder_settings(&this)?.dockerfile.clone())
    }

    fn target(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.builder_settings(&this)?.target.clone())
    }

    fn arguments(&mut self, this: Builder) -> wasmtime::Result<Vec<(String, Option<String>)>> {
        Ok(convert::pairs(&self.builder_settings(&this)?.args))
    }

    fn secrets(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        Ok(self.builder_settings(&this)?.secrets.clone())
    }

    fn driver(&mut self, this: Builder) -> wasmtime::Result<String> {
        Ok(self.builder_settings(&this)?.driver.clone())
    }

    fn remote(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.builder_settings(&this)?.remote.clone())
    }

    fn local_architectures(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        let view = self.table.get(&this)?;
        Ok(view.settings().local_arches(view.architecture()))
    }

    fn remote_architectures(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        let view = self.table.get(&this)?;
        Ok(view.settings().remote_arches(view.architecture()))
    }

    fn pack(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.builder_settings(&this)?.pack.as_ref().map(|pack| pack.builder.clone()))
    }

    fn buildpacks(&mut self, this: Builder) -> wasmtime::Result<Vec<String>> {
        let pack = self.builder_settings(&this)?.pack.as_ref();
        Ok(pack.map(|pack| pack.buildpacks.clone()).unwrap_or_default())
    }

    fn cache_to(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.builder_settings(&this)?.cache.as_ref().map(|cache| cache.to.clone()))
    }

    fn cache_from(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.builder_settings(&this)?.cache.as_ref().map(|cache| cache.from.clone()))
    }

    fn ssh(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.builder_settings(&this)?.ssh.clone())
    }

    fn provenance(&mut self, this: Builder) -> wasmtime::Result<Option<String>> {
        Ok(self.builder_settings(&this)?.provenance.clone())
    }

    fn sbom(&mut self, this: Builder) -> wasmtime::Result<Option<bool>> {
        Ok(self.builder_settings(&this)?.sbom)
    }

    fn output(&mut self, this: Builder) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.intent().output().to_string())
    }

    fn working_directory(&mut self, this: Builder) -> wasmtime::Result<bool> {
        Ok(matches!(self.table.get(&this)?.intent(), Intent::BuildDev { .. }))
    }

    fn drop(&mut self, this: Builder) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

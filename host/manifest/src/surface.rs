//! What a component imports and exports, told from its bytes without compiling them.

use semver::Version;
use wasmparser::Payload;

use crate::component::walk;
use crate::error::ManifestError;

/// What the interfaces of the contract begin with.
pub const CONTRACT: &str = "sextant:deploy/";

/// The names of a component's imports and exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surface {
    /// What it asks the host for, in its own order.
    pub imports: Vec<String>,
    /// What it offers, in its own order.
    pub exports: Vec<String>,
}

impl Surface {
    /// Looks at a component. Says nothing about whether it would run.
    pub fn of(component: &[u8]) -> Result<Self, ManifestError> {
        let mut surface = Self::default();
        walk(component, |payload, _| {
            match payload {
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        surface.imports.push(import?.name.name.to_string());
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        surface.exports.push(export?.name.name.to_string());
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(surface)
    }

    /// The hooks it answers, by their names in the contract, in the order of the alphabet.
    pub fn hooks(&self) -> Vec<String> {
        let mut hooks: Vec<String> =
            self.exports.iter().filter_map(|name| Some(interface(name)?.0.to_string())).collect();
        hooks.sort();
        hooks.dedup();
        hooks
    }

    /// The version of the contract it was built for: the newest among its interfaces.
    pub fn contract(&self) -> Option<Version> {
        self.imports.iter().chain(&self.exports).filter_map(|name| interface(name)?.1).max()
    }
}

/// The name of an interface of the contract, and its version: `boot` and 0.1.0 of `sextant:deploy/boot@0.1.0`.
fn interface(name: &str) -> Option<(&str, Option<Version>)> {
    let own = name.strip_prefix(CONTRACT)?;
    Some(own.split_once('@').map_or((own, None), |(own, version)| (own, Version::parse(version).ok())))
}

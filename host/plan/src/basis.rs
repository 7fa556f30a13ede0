//! Everything that a plan is made from, but the answers of plugins: kept with a plan, so that it can be made again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::PlanError;
use crate::facts::Facts;
use crate::hooks::Hooks;
use crate::plan::Plan;
use crate::run::{Run, digest};

/// A run and what was observed for it. No secret is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Basis {
    /// The run.
    pub run: Run,
    /// The facts.
    pub facts: Facts,
}

impl Basis {
    /// The plan that comes of it: the same one as ever, as long as the plugins are the same.
    ///
    /// # Errors
    /// As for [`crate::plan()`].
    pub fn plan(&self, hooks: &dyn Hooks) -> Result<Plan, PlanError> {
        crate::plan(&Arc::new(self.run.clone()), &Arc::new(self.facts.clone()), hooks)
    }

    /// SHA-256 of the configuration as it is written, without secrets, in hexadecimal.
    pub fn configuration_digest(&self) -> String {
        digest(&configuration::dump(&self.run.configuration.document))
    }
}

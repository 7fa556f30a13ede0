//! Takes the whole hook `pre-login`, whatever the registry.

use sextant_sdk::{Deployment, Facts, Fault, Place, PreLogin, Registry, Steps};

struct Guest;

impl PreLogin for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &Registry, _: Place, _: &Steps) -> Result<(), Fault> {
        Ok(())
    }
}

sextant_sdk::export!(Guest: pre_login);

//! A third party's login: takes `pre-login` for the registry that `x-plugins` matches it with.

use sextant_sdk::{Action, Deployment, Facts, Fault, Place, PreLogin, Registry, Steps};

struct Login;

impl PreLogin for Login {
    fn propose(deployment: &Deployment, _: &Facts, registry: &Registry, _: Place, steps: &Steps) -> Result<(), Fault> {
        if deployment.settings().contains("\"region\":\"\"") {
            return Err(Fault::InvalidSetting(("region".into(), "must not be empty".into())));
        }
        let login = Action::login(registry.server().as_deref(), &registry.username(), &registry.password());
        steps.add("log in the third party's way", login).time_limit(60);
        Ok(())
    }
}

sextant_sdk::export!(Login: pre_login);

//! The builtin registry plugin: logs docker in with the configured user and password.

use sextant_sdk::{Action, Deployment, Facts, Fault, Place, PreLogin, Registry, Steps};

struct Login;

impl PreLogin for Login {
    fn propose(_: &Deployment, _: &Facts, registry: &Registry, _: Place, steps: &Steps) -> Result<(), Fault> {
        let server = registry.server();
        let title = format!("log in to {}", server.as_deref().unwrap_or("Docker Hub"));
        let login = Action::login(server.as_deref(), &registry.username(), &registry.password());
        steps.add(&title, login).time_limit(60);
        Ok(())
    }
}

sextant_sdk::export!(Login: pre_login);

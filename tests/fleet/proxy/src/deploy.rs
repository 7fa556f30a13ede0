//! The control calls, carried out on the routes everyone shares.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::{Call, Deployment};
use crate::health;
use crate::routes::Routes;
use crate::target::Target;

/// Where the container's volume is mounted: routes outlive the container.
const STATE: &str = "/home/kamal-proxy/.config/kamal-proxy/routes";

/// The routes that forwarding reads and control calls change.
#[derive(Debug)]
pub struct Shared {
    routes: Mutex<Routes>,
}

impl Shared {
    /// Starts with what an earlier run left.
    pub fn restore() -> Self {
        Self { routes: Mutex::new(Routes::from_text(&fs::read_to_string(STATE).unwrap_or_default())) }
    }

    pub fn routes(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what was asked; the text is for the caller's stdout, the error for its stderr.
    pub fn carry_out(&self, call: Call) -> Result<String, String> {
        match call {
            Call::Deploy(deployment) => self.deploy(&deployment).map(|()| String::new()),
            Call::List => Ok(self.routes().table()),
            Call::Remove { service } => {
                self.routes().remove(&service).ok_or("service not found")?;
                self.save()
            }
            Call::Stop { service, message, drain_timeout } => {
                let target = {
                    let mut routes = self.routes();
                    let service = routes.get_mut(&service).ok_or("service not found")?;
                    service.stopped = Some(message);
                    Arc::clone(&service.target)
                };
                target.drain(drain_timeout);
                self.save()
            }
            Call::Resume { service } => {
                self.routes().get_mut(&service).ok_or("service not found")?.stopped = None;
                self.save()
            }
            Call::Run { .. } => Err("the server is already running".into()),
        }
    }

    /// A target that never gets healthy changes nothing: the old one keeps serving.
    fn deploy(&self, deployment: &Deployment) -> Result<(), String> {
        if self.routes().conflicts_with(deployment) {
            return Err("host settings conflict with another service".into());
        }
        let target = Arc::new(Target::new(deployment.target.clone()));
        if !health::becomes_healthy(&target, deployment) {
            let limit = deployment.deploy_timeout.as_secs();
            return Err(format!("target failed to become healthy within configured timeout ({limit}s)"));
        }
        let old = self.routes().switch(deployment, target);
        self.save()?;
        if let Some(old) = old {
            old.drain(deployment.drain_timeout);
        }
        Ok(())
    }

    /// Writes aside and renames, so that a crash leaves the old routes or the new ones.
    fn save(&self) -> Result<String, String> {
        let routes = self.routes(); // held while writing: the file never goes back in time
        let aside = Path::new(STATE).with_extension("new");
        fs::write(&aside, routes.to_text())
            .and_then(|()| fs::rename(&aside, STATE))
            .map(|()| String::new())
            .map_err(|error| format!("unable to save state: {error}"))
    }
}

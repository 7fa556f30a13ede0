//! Boots roles as services of a Docker Swarm instead of containers. A role's first host is a manager of the swarm: there the service is created
//! or updated, and the swarm does the rest.

mod options;
mod service;
mod settings;

use sextant_sdk::{Action, Boot, Deployment, Facts, Fault, Role, Steps, Tag};

use service::Service;
use settings::Settings;

struct Swarm;

impl Boot for Swarm {
    fn propose(
        deployment: &Deployment,
        _: &Facts,
        role: &Role,
        host: &str,
        start: &Steps,
        _finish: &Steps,
        abort: &Steps,
    ) -> Result<(), Fault> {
        let name = role.name();
        if role.proxy().is_some() {
            let reason =
                format!("the role {name} stands behind kamal-proxy, which knows no services: give it `proxy: false`");
            return Err(Fault::Unsupported(reason));
        }
        if role.assets().is_some() {
            return Err(Fault::Unsupported(format!("the role {name} has `asset_path`, which a service cannot share")));
        }
        let servers = deployment.configuration("/servers").unwrap_or_default();
        let hosts = settings::hosts(&servers, &name);
        let Some(manager) = hosts.first() else {
            return Err(Fault::Unsupported(format!("the role {name} has no hosts")));
        };
        if !deployment.app_hosts().contains(manager) {
            let reason = format!("the service of the role {name} is seen to on {manager}, which is not selected");
            return Err(Fault::Unsupported(reason));
        }
        if host == manager {
            let settings = Settings::read(&deployment.settings())?;
            let service = Service::new(deployment, role, host, &settings, hosts.len())?;
            service.start(start);
            service.abort(abort);
        }
        Ok(())
    }
}

impl Tag for Swarm {
    fn propose(deployment: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        let (image, latest) = (deployment.image(), deployment.latest_image());
        steps.add(&format!("tag {image} as the latest image"), Action::tag(&image, &latest)).time_limit(60);
        Ok(())
    }
}

sextant_sdk::export!(Swarm: boot, tag);

//! The builtin app plugin: boots containers behind the proxy as Kamal does, and tags the image that runs as the latest.

mod assets;
mod boot;

use sextant_sdk::{Action, Boot, Deployment, Facts, Fault, Role, Steps, Tag};

struct App;

impl Tag for App {
    fn propose(deployment: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        let (image, latest) = (deployment.image(), deployment.latest_image());
        let step = steps.add(&format!("tag {image} as the latest image"), Action::tag(&image, &latest));
        step.audit(&format!("Tagging {image} as the latest image"));
        step.time_limit(60);
        Ok(())
    }
}

impl Boot for App {
    fn propose(
        deployment: &Deployment,
        facts: &Facts,
        role: &Role,
        host: &str,
        start: &Steps,
        finish: &Steps,
        abort: &Steps,
    ) -> Result<(), Fault> {
        let container = boot::Container::new(deployment, role, host);
        let assets = role.assets().map(|assets| assets::SharedAssets::new(deployment, role, assets));
        if let Some(assets) = &assets {
            assets.prepare(facts, host, start);
        }
        container.make_room(facts, start);
        container.start(start, assets.as_ref().map(assets::SharedAssets::volume));
        container.await_ready(start);
        if container.retire_old(facts, finish)
            && let Some(assets) = &assets
        {
            assets.clean(finish);
        }
        container.abort(abort);
        Ok(())
    }
}

sextant_sdk::export!(App: tag, boot);

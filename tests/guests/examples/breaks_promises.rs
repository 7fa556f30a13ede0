//! Breaks what the contract promises, one way in every hook, and crashes nowhere but where it is refused.

use sextant_sdk::{
    Action, Deployment, Errand, Event, Facts, Fault, Notify, Place, PreLogin, Registry, Steps, Tag, vault,
};

struct Guest;

impl PreLogin for Guest {
    fn propose(_: &Deployment, _: &Facts, _: &Registry, place: Place, steps: &Steps) -> Result<(), Fault> {
        if place == Place::Local {
            steps.add("tell the token", Action::errand("token"));
        }
        Ok(())
    }
}

impl Errand for Guest {
    fn run(_: &Deployment, _: &str) -> Result<String, Fault> {
        vault::reveal("TOKEN").map_err(|_| Fault::Failed("it is not granted".into()))
    }
}

impl Tag for Guest {
    fn propose(deployment: &Deployment, _: &Facts, _: &str, steps: &Steps) -> Result<(), Fault> {
        let (image, latest) = (deployment.image(), deployment.latest_image());
        steps.add("run what the manifest does not ask for", Action::run(&["curl".into(), "\x1b[2J".into()]));
        // Done twice, what was there before is lost.
        steps.add("remember the image", Action::tag(&latest, "previous"));
        steps.add("tag the image", Action::tag(&image, &latest));
        Ok(())
    }
}

impl Notify for Guest {
    fn tell(_: &Deployment, _: &Event) -> Result<(), Fault> {
        vault::reveal("TOKEN").expect("nobody would refuse it");
        Ok(())
    }
}

sextant_sdk::export!(Guest: pre_login, errand, tag, notify);

//! A third party's builder: runs a granted program and leaves the image on the operator's machine, so that `push` is called next.

use sextant_sdk::{Action, Build, Deployment, Facts, Fault, Steps, Whereabouts};

struct Builder;

impl Build for Builder {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<Whereabouts, Fault> {
        let (label, image) = (format!("service={}", deployment.service()), deployment.image());
        let words = ["docker", "build", "--label", &label, "--tag", &image, "."].map(String::from);
        steps.add("build the image the third party's way", Action::run(&words)).time_limit(600);
        let words = ["docker", "tag", &image, &deployment.latest_image()].map(String::from);
        steps.add("name it the latest image too", Action::run(&words)).time_limit(60);
        Ok(Whereabouts::Local)
    }
}

sextant_sdk::export!(Builder: build);

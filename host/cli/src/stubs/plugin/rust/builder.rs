//! Builds the image with `docker build` in the project's folder, and pushes it.

use sextant_sdk::{Action, Build, Deployment, Facts, Fault, Push, Steps, Whereabouts};
use serde::Deserialize;

struct Builder;

/// What a project gives under `with:`; `plugin.toml` describes it.
#[derive(Deserialize)]
struct Settings {
    target: Option<String>,
}

impl Build for Builder {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<Whereabouts, Fault> {
        let settings: Settings = deployment.read_settings()?;
        let words = words(&deployment.service(), &deployment.image(), settings.target.as_deref());
        steps.add("build the image with PLUGIN-NAME", Action::run(&words)).time_limit(1800);
        let (image, latest) = (deployment.image(), deployment.latest_image());
        steps.add(&format!("name it {latest} too"), Action::tag(&image, &latest)).time_limit(60);
        // The host calls `push` next.
        Ok(Whereabouts::Local)
    }
}

impl Push for Builder {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<(), Fault> {
        for name in [deployment.image(), deployment.latest_image()] {
            steps.add(&format!("push {name}"), Action::push(&name)).time_limit(1800);
        }
        Ok(())
    }
}

/// The program and its arguments. The label is how hosts know whose image it is.
fn words(service: &str, image: &str, target: Option<&str>) -> Vec<String> {
    let label = format!("service={service}");
    let mut words = vec!["docker", "build", "--label", &label, "--tag", image];
    words.extend(target.into_iter().flat_map(|target| ["--target", target]));
    words.push(".");
    words.into_iter().map(str::to_string).collect()
}

sextant_sdk::export!(Builder: build, push);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_has_its_name_and_its_label() {
        assert_eq!(
            words("shop", "acme/shop:v1", Some("app")).join(" "),
            "docker build --label service=shop --tag acme/shop:v1 --target app ."
        );
        assert_eq!(words("shop", "acme/shop:v1", None).join(" "), "docker build --label service=shop --tag acme/shop:v1 .");
    }
}

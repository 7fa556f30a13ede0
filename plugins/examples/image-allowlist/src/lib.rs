//! A policy for Sextant: every image that a plan brings to a host comes from where it should.

mod image;

use serde::Deserialize;
use sextant_sdk::{Deployment, Facts, Fault, Plan, PlannedStep, Policy, Verdict};

use image::Image;

/// Programs that start containers from images which a policy cannot tell among their words.
const ENGINES: [&str; 5] = ["docker", "podman", "nerdctl", "ctr", "crictl"];

/// What stands below `with:`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    images: Vec<String>,
    #[serde(default)]
    require_digest: bool,
    #[serde(default)]
    trust_programs: Vec<String>,
}

struct ImageAllowlist;

impl Policy for ImageAllowlist {
    fn review(deployment: &Deployment, _: &Facts, plan: &Plan, verdict: &Verdict) -> Result<(), Fault> {
        let settings: Settings = serde_json::from_str(&deployment.settings())
            .map_err(|error| Fault::InvalidSetting(("with".to_string(), error.to_string())))?;
        let own = deployment.repository();
        for step in plan.steps() {
            for name in images(&step) {
                if let Some(reason) = settings.objection(&name, &own) {
                    verdict.deny(&reason, &[step.id()]);
                }
            }
            if let Some(program) = engine(&step).filter(|program| !settings.trust_programs.contains(program)) {
                verdict
                    .deny(&format!("what `{program}` is told cannot be judged, and it is not trusted"), &[step.id()]);
            }
        }
        Ok(())
    }
}

impl Settings {
    /// What is wrong with an image, if something is. The app's own image is built by this very project and is named by its version.
    fn objection(&self, name: &str, own: &str) -> Option<String> {
        let image = Image::read(name);
        if !self.images.iter().any(|pattern| image.matches(pattern)) {
            return Some(format!("the image {name} is not among those that may be used"));
        }
        let is_own = image.repository == Image::read(own).repository;
        (self.require_digest && !is_own && !image.has_digest)
            .then(|| format!("the image {name} is not named by its digest"))
    }
}

/// The images that a step brings to a machine. What only takes images away is nobody's concern.
fn images(step: &PlannedStep) -> Vec<String> {
    let detail = |pointer: &str| step.detail(pointer).and_then(|json| serde_json::from_str::<String>(&json).ok());
    match step.kind().as_str() {
        "pull"
        | "pull-accessory-image"
        | "push"
        | "build"
        | "pack"
        | "tag"
        | "extract-assets"
        | "start-container"
        | "start-accessory"
        | "publish-files" => step.image().into_iter().collect(),
        "publish" => step.image().into_iter().chain(detail("/image/base")).collect(),
        "boot-proxy" | "run-proxy" => detail("/container/image").into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The container engine that a step runs by itself.
fn engine(step: &PlannedStep) -> Option<String> {
    let program = step.detail("/words/0").filter(|_| step.kind() == "run")?;
    serde_json::from_str(&program).ok().filter(|program: &String| ENGINES.contains(&program.as_str()))
}

sextant_sdk::export!(ImageAllowlist: policy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_judged_by_name_and_digest() {
        let check = |require_digest: bool, name: &str, expected: Option<&str>| {
            let images = vec!["ghcr.io/acme/*".to_string(), "docker.io/library/*".to_string()];
            let settings = Settings { images, require_digest, trust_programs: Vec::new() };
            assert_eq!(settings.objection(name, "ghcr.io/acme/shop").as_deref(), expected, "{name}");
        };
        check(false, "ghcr.io/acme/shop:v1", None);
        check(false, "postgres:17", None);
        check(false, "evil/postgres:17", Some("the image evil/postgres:17 is not among those that may be used"));
        check(true, "ghcr.io/acme/shop:v1", None);
        check(true, "ghcr.io/acme/tool:v1", Some("the image ghcr.io/acme/tool:v1 is not named by its digest"));
        check(true, &format!("postgres@sha256:{}", "0".repeat(64)), None);
        check(true, "postgres@sha256:short", Some("the image postgres@sha256:short is not named by its digest"));
    }
}

//! A policy for Sextant: every image that a plan brings to a host comes from where it should.

mod image;

use serde::Deserialize;
use sextant_sdk::{Deployment, Facts, Fault, Plan, Policy, Verdict};

use image::Image;

/// Programs that start containers from images which a policy cannot tell among their words.
const ENGINES: [&str; 5] = ["docker", "podman", "nerdctl", "ctr", "crictl"];

/// Kinds of steps that bring an image to a machine.
const BRINGING: [&str; 11] = [
    "pull",
    "pull-accessory-image",
    "push",
    "build",
    "pack",
    "tag",
    "extract-assets",
    "start-container",
    "start-accessory",
    "publish-files",
    "publish",
];

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
        for (name, steps) in images(plan) {
            if let Some(reason) = settings.objection(&name, &own) {
                verdict.deny(&reason, &steps);
            }
        }
        for (program, steps) in values(plan, &["run"], "/words/0") {
            if ENGINES.contains(&program.as_str()) && !settings.trust_programs.contains(&program) {
                verdict.deny(&format!("what `{program}` is told cannot be judged, and it is not trusted"), &steps);
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

/// The images that steps bring to a machine, with the numbers of the steps. What only takes images away is nobody's concern.
fn images(plan: &Plan) -> Vec<(String, Vec<u32>)> {
    let mut images = plan.images(&BRINGING.map(str::to_string));
    images.extend(values(plan, &["publish"], "/image/base"));
    images.extend(values(plan, &["boot-proxy", "run-proxy"], "/container/image"));
    images
}

/// The texts that a pointer leads to in steps of some kinds, with the numbers of the steps.
fn values(plan: &Plan, kinds: &[&str], pointer: &str) -> Vec<(String, Vec<u32>)> {
    let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    let found = plan.values(&kinds, pointer).into_iter();
    found.filter_map(|(json, steps)| Some((serde_json::from_str(&json).ok()?, steps))).collect()
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

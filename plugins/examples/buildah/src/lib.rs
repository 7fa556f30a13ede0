//! A builder that drives another tool: buildah turns the Dockerfile into an image, without a daemon, and leaves it as a file. The host pushes
//! that file, so buildah never learns how to log in to the registry.

use serde::Deserialize;
use sextant_sdk::{Action, Build, Deployment, Facts, Fault, Steps, Whereabouts};

struct Buildah;

/// What a project says under `with:`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    dockerfile: String,
    isolation: Option<String>,
    archive: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { dockerfile: "Dockerfile".to_string(), isolation: None, archive: "tmp/image.tar".to_string() }
    }
}

impl Build for Buildah {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<Whereabouts, Fault> {
        let settings: Settings = serde_json::from_str(&deployment.settings())
            .map_err(|error| Fault::InvalidSetting(("with".to_string(), error.to_string())))?;
        let architectures = deployment.builder().architectures();
        let [architecture] = architectures.as_slice() else {
            return Err(Fault::Unsupported(format!("images for {} at once", architectures.join(" and "))));
        };
        let name = format!("{}:{}", deployment.service(), deployment.version());
        if let Some((folder, _)) = settings.archive.rsplit_once('/') {
            steps.add(&format!("make the folder {folder}"), Action::make_directory(folder));
        }
        let build = build(&settings, architecture, &name, deployment.no_cache());
        steps.add(&format!("build {name} with buildah"), Action::run(&build)).time_limit(60 * 60);
        let leave = words(&["buildah", "push", "--quiet", &name, &format!("oci-archive:{}", settings.archive)]);
        steps.add(&format!("leave it as {}", settings.archive), Action::run(&leave));
        let names = [deployment.image(), deployment.latest_image()];
        let publish = Action::publish_files(&settings.archive, &names);
        steps.add(&format!("push {}", deployment.image()), publish).time_limit(60 * 30);
        Ok(Whereabouts::Registry)
    }
}

/// The words that build the image.
fn build(settings: &Settings, architecture: &str, name: &str, no_cache: bool) -> Vec<String> {
    let platform = format!("linux/{architecture}");
    let mut build = words(&["buildah", "build", "--quiet", "--layers", "--platform", &platform]);
    if let Some(isolation) = &settings.isolation {
        build.extend(words(&["--isolation", isolation]));
    }
    if no_cache {
        build.extend(words(&["--no-cache"]));
    }
    build.extend(words(&["--file", &settings.dockerfile, "--tag", name, "."]));
    build
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

sextant_sdk::export!(Buildah: build);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_build() {
        let line = |settings: &str, no_cache: bool| {
            let settings: Settings = serde_json::from_str(settings).unwrap();
            build(&settings, "amd64", "shop:v1", no_cache).join(" ")
        };
        assert_eq!(
            line("{}", false),
            "buildah build --quiet --layers --platform linux/amd64 --file Dockerfile --tag shop:v1 ."
        );
        assert_eq!(
            line(r#"{"isolation":"chroot","dockerfile":"docker/app"}"#, true),
            "buildah build --quiet --layers --platform linux/amd64 --isolation chroot --no-cache --file docker/app --tag shop:v1 ."
        );
    }

    #[test]
    fn a_setting_that_nobody_knows_is_refused() {
        assert!(serde_json::from_str::<Settings>(r#"{"docker-file":"x"}"#).is_err());
    }
}

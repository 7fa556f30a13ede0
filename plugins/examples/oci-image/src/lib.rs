//! A builder for programs that need no Dockerfile: a static binary, a folder of files, a base image with something on top.
//!
//! It says what is in the image; the host packs it and pushes it. No docker is needed on the operator's machine, and this plugin asks for
//! no capability at all.

mod settings;

use settings::Settings;
use sextant_sdk::{Action, Build, Deployment, Facts, Fault, ImageAssembly, Steps, Whereabouts};

struct OciImage;

impl Build for OciImage {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<Whereabouts, Fault> {
        let settings = Settings::read(&deployment.settings())
            .map_err(|wrong| Fault::InvalidSetting((wrong.setting, wrong.reason)))?;
        let platform = match settings.platform.clone() {
            Some(platform) => platform,
            None => platform(&deployment.builder().architectures())?,
        };
        let image = ImageAssembly::new(&deployment.image(), &platform);
        image.tag(&deployment.latest_image());
        describe(&image, &settings);
        let title = format!("put {} together and push it", deployment.image());
        steps.add(&title, Action::publish(image)).time_limit(60 * 30);
        Ok(Whereabouts::Registry)
    }
}

/// The one platform that the project builds for.
fn platform(architectures: &[String]) -> Result<String, Fault> {
    match architectures {
        [one] => Ok(format!("linux/{one}")),
        several => Err(Fault::Unsupported(format!(
            "an image for {} at once: give one of them as `platform`",
            several.join(" and ")
        ))),
    }
}

fn describe(image: &ImageAssembly, settings: &Settings) {
    if let Some(base) = &settings.base {
        image.base(base);
    }
    for (source, path) in &settings.files {
        image.file(source, path, None);
    }
    for (name, value) in &settings.environment {
        image.environment(name, value);
    }
    if !settings.entrypoint.is_empty() {
        image.entrypoint(&settings.entrypoint);
    }
    if !settings.command.is_empty() {
        image.command(&settings.command);
    }
    if let Some(path) = &settings.workdir {
        image.working_directory(path);
    }
    if let Some(user) = &settings.user {
        image.user(user);
    }
    if let Some(port) = settings.port {
        image.port(port);
    }
}

sextant_sdk::export!(OciImage: build);

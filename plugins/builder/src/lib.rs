//! The builtin builder plugin: builds with buildx or buildpacks, from a clean clone unless a context is configured. buildx pushes in
//! the same stroke.

mod instance;

use sextant_sdk::{Action, Build, Builder, Deployment, Facts, Fault, ImageBuild, Push, Steps, Whereabouts};

struct Builtin;

impl Build for Builtin {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<Whereabouts, Fault> {
        let settings = deployment.builder();
        let directory = checkout(deployment, &settings, steps);
        if let Some(builder) = settings.pack().filter(|_| settings.remote_architectures().is_empty()) {
            let build = image_build(deployment, &settings, directory);
            let action = Action::pack(&deployment.repository(), &builder, &buildpacks(&settings), build);
            steps.add(&format!("build {} with buildpacks", deployment.image()), action).time_limit(60 * 60);
            return Ok(Whereabouts::Local);
        }
        let instance = instance::propose(deployment, &settings, steps);
        let build = image_build(deployment, &settings, directory);
        buildx_settings(&settings, &build);
        if let Some(instance) = &instance {
            build.builder(instance);
        }
        let tag = if settings.working_directory() { "-dirty" } else { "" };
        let what = if settings.output() == "registry" { "build and push" } else { "build" };
        steps.add(&format!("{what} {}{tag}", deployment.image()), Action::build(build)).time_limit(60 * 60);
        Ok(Whereabouts::Registry)
    }
}

impl Push for Builtin {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<(), Fault> {
        for image in [deployment.image(), deployment.latest_image()] {
            steps.add(&format!("push {image}"), Action::push(&image)).time_limit(60 * 30);
        }
        Ok(())
    }
}

/// A clean clone of the project, brought to the commit being deployed: where it stands. A project outside git is built as it is, and so
/// is one with a context.
fn checkout(deployment: &Deployment, settings: &Builder, steps: &Steps) -> Option<String> {
    let as_it_is = settings.context().is_some() || settings.working_directory();
    let checkout = deployment.checkout().filter(|_| !as_it_is)?;
    let root = checkout.root();
    let name = root.rsplit('/').next().unwrap_or_default();
    let directory = format!("{}/{name}", checkout.clones());
    let title = format!("check out commit {} for the build", short(&checkout.revision()));
    steps.add(&title, Action::checkout(&root, &directory, &checkout.revision())).time_limit(60 * 10);
    Some(format!("{directory}/{}", checkout.prefix()))
}

/// What buildx and buildpacks are both told.
fn image_build(deployment: &Deployment, settings: &Builder, directory: Option<String>) -> ImageBuild {
    let build = ImageBuild::new(&settings.context().unwrap_or_else(|| ".".to_string()));
    if let Some(directory) = directory {
        build.directory(&directory);
    }
    let suffix = if settings.working_directory() { "-dirty" } else { "" };
    for architecture in settings.architectures() {
        build.platform(&platform(&architecture));
    }
    build.tag(&format!("{}{suffix}", deployment.image()));
    build.tag(&format!("{}{suffix}", deployment.latest_image()));
    build.label("service", &deployment.service());
    for (name, value) in settings.arguments() {
        build.argument(&name, value.as_deref());
    }
    for secret in settings.secrets() {
        build.secret(&secret);
    }
    if deployment.no_cache() {
        build.no_cache();
    }
    build
}

/// What buildx alone is told.
fn buildx_settings(settings: &Builder, build: &ImageBuild) {
    build.output(&settings.output());
    build.dockerfile(&settings.dockerfile());
    if let Some(target) = settings.target() {
        build.target(&target);
    }
    if let (Some(to), Some(from)) = (settings.cache_to(), settings.cache_from()) {
        build.cache_to(&to);
        build.cache_from(&from);
    }
    if let Some(keys) = settings.ssh() {
        build.ssh(&keys);
    }
    if let Some(mode) = settings.provenance() {
        build.provenance(&mode);
    }
    if let Some(attached) = settings.sbom() {
        build.sbom(attached);
    }
    // The machine that builds has a login of its own; ours is not lent to it.
    if !settings.remote_architectures().is_empty() {
        build.own_login();
    }
}

/// The configured buildpacks, and the one that puts labels on the image.
fn buildpacks(settings: &Builder) -> Vec<String> {
    let mut buildpacks = settings.buildpacks();
    buildpacks.push("paketo-buildpacks/image-labels".to_string());
    buildpacks
}

fn platform(architecture: &str) -> String {
    format!("linux/{architecture}")
}

fn short(revision: &str) -> &str {
    revision.get(..7).unwrap_or(revision)
}

sextant_sdk::export!(Builtin: build, push);

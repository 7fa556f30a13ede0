//! The builtin builder plugin: builds with buildx, from a clean clone unless a context is configured, and pushes in the same stroke.

use sextant_sdk::{Action, Build, Deployment, Facts, Fault, ImageBuild, Push, Steps, Whereabouts};

struct Buildx;

impl Build for Buildx {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<Whereabouts, Fault> {
        let context = match deployment.builder().context() {
            Some(context) => context,
            None => clean_clone(deployment, steps)?,
        };
        let builder = own_builder(deployment, steps);
        let build = image_build(deployment, &context, builder.as_deref());
        steps.add(&format!("build and push {}", deployment.image()), Action::build(build)).time_limit(60 * 60);
        Ok(Whereabouts::Registry)
    }
}

impl Push for Buildx {
    fn propose(deployment: &Deployment, _: &Facts, steps: &Steps) -> Result<(), Fault> {
        for image in [deployment.image(), deployment.latest_image()] {
            steps.add(&format!("push {image}"), Action::push(&image)).time_limit(60 * 30);
        }
        Ok(())
    }
}

/// Brings a clone of the project to the commit being deployed and gives the build context inside it.
fn clean_clone(deployment: &Deployment, steps: &Steps) -> Result<String, Fault> {
    let Some(checkout) = deployment.checkout() else {
        return Err(Fault::Unsupported(
            "a project outside git cannot be built from a clean clone: set `builder.context`, for example to `.`"
                .into(),
        ));
    };
    let root = checkout.root();
    let name = root.rsplit('/').next().unwrap_or_default();
    let directory = format!("{}/{name}", checkout.clones());
    let title = format!("check out commit {} for the build", short(&checkout.revision()));
    steps.add(&title, Action::checkout(&root, &directory, &checkout.revision())).time_limit(60 * 10);
    Ok(format!("{directory}/{}", checkout.prefix()))
}

/// Creates the project's builder unless it is there; docker's own driver needs none.
fn own_builder(deployment: &Deployment, steps: &Steps) -> Option<String> {
    let driver = deployment.builder().driver();
    if driver == "docker" {
        return None;
    }
    let name = format!("kamal-local-{driver}");
    let step = steps.add(&format!("create builder {name}"), Action::create_builder(&name, &driver));
    step.unless(&["docker".into(), "buildx".into(), "inspect".into(), name.clone()]);
    step.time_limit(60 * 5);
    Some(name)
}

fn image_build(deployment: &Deployment, context: &str, builder: Option<&str>) -> ImageBuild {
    let settings = deployment.builder();
    let build = ImageBuild::new(context);
    build.output("registry");
    for architecture in settings.architectures() {
        build.platform(&format!("linux/{architecture}"));
    }
    if let Some(builder) = builder {
        build.builder(builder);
    }
    build.tag(&deployment.image());
    build.tag(&deployment.latest_image());
    build.label("service", &deployment.service());
    for (name, value) in settings.arguments() {
        build.argument(&name, value.as_deref());
    }
    for secret in settings.secrets() {
        build.secret(&secret);
    }
    build.dockerfile(&settings.dockerfile());
    if let Some(target) = settings.target() {
        build.target(&target);
    }
    if deployment.no_cache() {
        build.no_cache();
    }
    build
}

fn short(revision: &str) -> &str {
    revision.get(..7).unwrap_or(revision)
}

sextant_sdk::export!(Buildx: build, push);

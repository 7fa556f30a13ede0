//! The builder that buildx is to use: which one it is, what Kamal calls it, and how it comes about.

use sextant_sdk::{Action, Builder, BuilderSpec, Deployment, Steps};

use crate::platform;

/// Sees to the project's builder and gives its name; docker's own driver needs none.
pub fn propose(deployment: &Deployment, settings: &Builder, steps: &Steps) -> Option<String> {
    let driver = settings.driver();
    let (name, builder) = match settings.remote() {
        Some(url) if !settings.remote_architectures().is_empty() => remote(deployment, settings, &url, &driver),
        _ if driver.starts_with("cloud") => cloud(&driver),
        _ if driver == "docker" => return None,
        _ => local(deployment, &driver),
    };
    if deployment.local_registry_port().is_some() {
        builder.host_network();
    }
    steps.add(&format!("create builder {name}"), Action::ensure_builder(builder)).time_limit(60 * 5);
    Some(name)
}

/// A builder on this machine.
fn local(deployment: &Deployment, driver: &str) -> (String, BuilderSpec) {
    let registry = if deployment.local_registry_port().is_some() { "registry-" } else { "" };
    let name = format!("kamal-local-{registry}{driver}");
    let builder = BuilderSpec::new(&name);
    builder.driver(driver);
    (name, builder)
}

/// A builder on another machine, and on this one too where both have something to build.
fn remote(deployment: &Deployment, settings: &Builder, url: &str, driver: &str) -> (String, BuilderSpec) {
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c) { c } else { '-' };
    let registry = if deployment.local_registry_port().is_some() { "-local-registry" } else { "" };
    let suffix = url.chars().map(plain).collect::<String>() + registry;
    let here = settings.local_architectures();
    let name =
        if here.is_empty() { format!("kamal-remote-{suffix}") } else { format!("kamal-hybrid-{driver}-{suffix}") };
    let builder = BuilderSpec::new(&name);
    builder.remote(url);
    if !here.is_empty() {
        builder.driver(driver);
        here.iter().for_each(|architecture| builder.platform(&platform(architecture)));
        settings
            .remote_architectures()
            .iter()
            .for_each(|architecture| builder.remote_platform(&platform(architecture)));
    }
    (name, builder)
}

/// A builder of Docker's: `cloud ORGANISATION/BUILDER`.
fn cloud(driver: &str) -> (String, BuilderSpec) {
    let name = driver.replace([' ', '/'], "-");
    let builder = BuilderSpec::new(&name);
    builder.cloud(driver.strip_prefix("cloud").unwrap_or(driver).trim());
    (name, builder)
}

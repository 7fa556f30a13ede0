//! Code generated from `wit/` for the host: traits for what plugins import, callers for what they export.
#![allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "every-hook",
    imports: { default: trappable },
    with: {
        "sextant:deploy/deployment.deployment": crate::resources::DeploymentView,
        "sextant:deploy/deployment.builder": crate::resources::BuilderView,
        "sextant:deploy/deployment.checkout": crate::resources::CheckoutView,
        "sextant:deploy/deployment.role": crate::resources::RoleView,
        "sextant:deploy/deployment.proxy": crate::resources::ProxyView,
        "sextant:deploy/deployment.assets": crate::resources::AssetsView,
        "sextant:deploy/deployment.registry": plan::hooks::Registry,
        "sextant:deploy/facts.facts": crate::resources::FactsView,
        "sextant:deploy/facts.container": plan::Container,
        "sextant:deploy/lookup.request": crate::lookup::RequestView,
        "sextant:deploy/lookup.command": crate::lookup::Call,
        "sextant:deploy/lookup.outcome": crate::lookup::Outcome,
        "sextant:deploy/lookup.programs": crate::lookup::ProgramsView,
        "sextant:deploy/steps.steps": crate::resources::StepList,
        "sextant:deploy/steps.step": crate::resources::StepHandle,
        "sextant:deploy/steps.action": plan::Action,
        "sextant:deploy/steps.container-spec": commands::docker::Container,
        "sextant:deploy/steps.image-build": commands::builds::ImageBuild,
        "sextant:deploy/steps.builder-spec": commands::builds::Builder,
    },
});

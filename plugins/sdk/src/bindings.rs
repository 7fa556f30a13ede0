//! Code generated from `wit/`: the host's interfaces once, and one world per hook that shares them, so that a plugin's component
//! asks for and offers only what it uses.
#![allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]

/// The interfaces of the host.
pub mod host {
    wit_bindgen::generate!({ path: "../../wit", world: "plugin", generate_all });
}

/// The hook of secret stores, whose world shares nothing with the others but its types.
pub mod secrets {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "secrets-plugin",
        pub_export_macro: true,
        export_macro_name: "export_secrets",
        default_bindings_module: "sextant_sdk::bindings::secrets",
        with: {
            "sextant:deploy/types@0.1.0": crate::bindings::host::sextant::deploy::types,
            "sextant:deploy/lookup@0.1.0": generate,
        },
    });
}

macro_rules! hook_world {
    ($module:ident, $world:literal, $export:literal, $path:literal) => {
        pub mod $module {
            wit_bindgen::generate!({
                path: "../../wit",
                world: $world,
                pub_export_macro: true,
                export_macro_name: $export,
                default_bindings_module: $path,
                with: {
                    "sextant:deploy/types@0.1.0": crate::bindings::host::sextant::deploy::types,
                    "sextant:deploy/deployment@0.1.0": crate::bindings::host::sextant::deploy::deployment,
                    "sextant:deploy/facts@0.1.0": crate::bindings::host::sextant::deploy::facts,
                    "sextant:deploy/steps@0.1.0": crate::bindings::host::sextant::deploy::steps,
                },
            });
        }
    };
}

hook_world!(pre_login, "pre-login-plugin", "export_pre_login", "sextant_sdk::bindings::pre_login");
hook_world!(build, "build-plugin", "export_build", "sextant_sdk::bindings::build");
hook_world!(push, "push-plugin", "export_push", "sextant_sdk::bindings::push");
hook_world!(tag, "tag-plugin", "export_tag", "sextant_sdk::bindings::tag");
hook_world!(boot, "boot-plugin", "export_boot", "sextant_sdk::bindings::boot");

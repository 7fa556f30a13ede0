//! Code generated from `wit/`: the host's interfaces once, and one world per hook that shares them, so that a plugin's component
//! asks for and offers only what it uses.
#![allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]

/// The interfaces of the host.
pub mod host {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package sextant:sdk;
            world host {
                include sextant:deploy/plugin@0.1.1;
                include sextant:deploy/acting@0.1.1;
                import sextant:deploy/review@0.1.1;
                import sextant:deploy/events@0.1.1;
            }
        ",
        world: "sextant:sdk/host",
        generate_all,
    });
}

macro_rules! hook_world {
    ($module:ident, $world:literal, $export:literal, $path:literal, [$($interface:literal: $shared:ident),+ $(,)?]) => {
        pub mod $module {
            wit_bindgen::generate!({
                path: "wit",
                world: $world,
                pub_export_macro: true,
                export_macro_name: $export,
                default_bindings_module: $path,
                with: { $( $interface: crate::bindings::host::sextant::deploy::$shared ),+ },
            });
        }
    };
}

/// A hook that proposes steps.
macro_rules! planning_hook {
    ($module:ident, $world:literal, $export:literal, $path:literal) => {
        hook_world!($module, $world, $export, $path, [
            "sextant:deploy/types@0.1.1": types,
            "sextant:deploy/deployment@0.1.1": deployment,
            "sextant:deploy/facts@0.1.1": facts,
            "sextant:deploy/steps@0.1.1": steps,
        ]);
    };
}

/// A hook that reaches the world outside.
macro_rules! acting_hook {
    ($module:ident, $world:literal, $export:literal, $path:literal, [$($interface:literal: $shared:ident),*]) => {
        hook_world!($module, $world, $export, $path, [
            "sextant:deploy/types@0.1.1": types,
            "sextant:deploy/deployment@0.1.1": deployment,
            "sextant:deploy/lookup@0.1.1": lookup,
            "sextant:deploy/capability@0.1.1": capability,
            "sextant:deploy/network@0.1.1": network,
            "sextant:deploy/files@0.1.1": files,
            "sextant:deploy/execution@0.1.1": execution,
            "sextant:deploy/vault@0.1.1": vault,
            "sextant:deploy/clock@0.1.1": clock,
            $( $interface: $shared ),*
        ]);
    };
}

planning_hook!(pre_login, "pre-login-plugin", "export_pre_login", "sextant_sdk::bindings::pre_login");
planning_hook!(build, "build-plugin", "export_build", "sextant_sdk::bindings::build");
planning_hook!(push, "push-plugin", "export_push", "sextant_sdk::bindings::push");
planning_hook!(tag, "tag-plugin", "export_tag", "sextant_sdk::bindings::tag");
planning_hook!(boot, "boot-plugin", "export_boot", "sextant_sdk::bindings::boot");
acting_hook!(secrets, "secrets-plugin", "export_secrets", "sextant_sdk::bindings::secrets", []);
acting_hook!(credentials, "credentials-plugin", "export_credentials", "sextant_sdk::bindings::credentials", []);
acting_hook!(errand, "errand-plugin", "export_errand", "sextant_sdk::bindings::errand", []);
acting_hook!(notify, "notify-plugin", "export_notify", "sextant_sdk::bindings::notify", [
    "sextant:deploy/events@0.1.1": events
]);
hook_world!(policy, "policy-plugin", "export_policy", "sextant_sdk::bindings::policy", [
    "sextant:deploy/types@0.1.1": types,
    "sextant:deploy/deployment@0.1.1": deployment,
    "sextant:deploy/facts@0.1.1": facts,
    "sextant:deploy/review@0.1.1": review,
]);

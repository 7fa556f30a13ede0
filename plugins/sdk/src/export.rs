//! What makes a type the plugin: the macro that turns its traits into the component's exports.

/// Makes a type the plugin: `export!(Mine: build, push)`. Hooks: `pre_login`, `build`, `push`, `tag`, `boot`, `secrets`, `credentials`,
/// `errand`, `policy`, `notify`.
///
/// Exports nothing unless the crate is built for WebAssembly, so that its own tests link.
#[macro_export]
macro_rules! export {
    ($plugin:ident: $($hook:ident),+ $(,)?) => {
        $( $crate::export_hook!($plugin $hook); )+
    };
}

/// One hook of [`export!`]: the functions of its interface, and the calls of the trait that answer them.
#[doc(hidden)]
#[macro_export]
macro_rules! export_hook {
    ($plugin:ident pre_login) => {
        $crate::export_as!(pre_login, export_pre_login, <$plugin as $crate::PreLogin>::propose;
            fn propose(
                deployment: &$crate::Deployment,
                facts: &$crate::Facts,
                registry: &$crate::Registry,
                place: $crate::Place,
                steps: &$crate::Steps,
            ) -> Result<(), $crate::Fault> {
                <$plugin as $crate::PreLogin>::propose(deployment, facts, registry, place, steps)
            }
        );
    };
    ($plugin:ident build) => {
        $crate::export_as!(build, export_build, <$plugin as $crate::Build>::propose;
            fn propose(
                deployment: &$crate::Deployment,
                facts: &$crate::Facts,
                steps: &$crate::Steps,
            ) -> Result<$crate::Whereabouts, $crate::Fault> {
                <$plugin as $crate::Build>::propose(deployment, facts, steps)
            }
        );
    };
    ($plugin:ident push) => {
        $crate::export_as!(push, export_push, <$plugin as $crate::Push>::propose;
            fn propose(
                deployment: &$crate::Deployment,
                facts: &$crate::Facts,
                steps: &$crate::Steps,
            ) -> Result<(), $crate::Fault> {
                <$plugin as $crate::Push>::propose(deployment, facts, steps)
            }
        );
    };
    ($plugin:ident tag) => {
        $crate::export_as!(tag, export_tag, <$plugin as $crate::Tag>::propose;
            fn propose(
                deployment: &$crate::Deployment,
                facts: &$crate::Facts,
                host: String,
                steps: &$crate::Steps,
            ) -> Result<(), $crate::Fault> {
                <$plugin as $crate::Tag>::propose(deployment, facts, &host, steps)
            }
        );
    };
    ($plugin:ident boot) => {
        $crate::export_as!(boot, export_boot, <$plugin as $crate::Boot>::propose;
            fn propose(
                deployment: &$crate::Deployment,
                facts: &$crate::Facts,
                role: &$crate::Role,
                host: String,
                start: &$crate::Steps,
                finish: &$crate::Steps,
                abort: &$crate::Steps,
            ) -> Result<(), $crate::Fault> {
                <$plugin as $crate::Boot>::propose(deployment, facts, role, &host, start, finish, abort)
            }
        );
    };
    ($plugin:ident secrets) => {
        $crate::export_as!(secrets, export_secrets, <$plugin as $crate::Secrets>::fetch;
            fn needs_programs() -> Vec<String> {
                <$plugin as $crate::Secrets>::PROGRAMS.iter().map(ToString::to_string).collect()
            }
            fn needs_variables() -> Vec<String> {
                <$plugin as $crate::Secrets>::VARIABLES.iter().map(ToString::to_string).collect()
            }
            fn needs_account() -> bool {
                <$plugin as $crate::Secrets>::NEEDS_ACCOUNT
            }
            fn fetch(
                request: &$crate::Request,
                programs: &$crate::Programs,
            ) -> Result<Vec<$crate::Found>, $crate::Fault> {
                <$plugin as $crate::Secrets>::fetch(request, programs)
            }
        );
    };
    ($plugin:ident credentials) => {
        $crate::export_as!(credentials, export_credentials, <$plugin as $crate::Credentials>::get;
            fn get(
                deployment: &$crate::Deployment,
                registry: &$crate::Registry,
            ) -> Result<(String, String), $crate::Fault> {
                <$plugin as $crate::Credentials>::get(deployment, registry)
            }
        );
    };
    ($plugin:ident errand) => {
        $crate::export_as!(errand, export_errand, <$plugin as $crate::Errand>::run;
            fn run(deployment: &$crate::Deployment, name: String) -> Result<String, $crate::Fault> {
                <$plugin as $crate::Errand>::run(deployment, &name)
            }
        );
    };
    ($plugin:ident policy) => {
        $crate::export_as!(policy, export_policy, <$plugin as $crate::Policy>::review;
            fn review(
                deployment: &$crate::Deployment,
                facts: &$crate::Facts,
                plan: &$crate::Plan,
                verdict: &$crate::Verdict,
            ) -> Result<(), $crate::Fault> {
                <$plugin as $crate::Policy>::review(deployment, facts, plan, verdict)
            }
        );
    };
    ($plugin:ident notify) => {
        $crate::export_as!(notify, export_notify, <$plugin as $crate::Notify>::tell;
            fn tell(deployment: &$crate::Deployment, event: &$crate::Event) -> Result<(), $crate::Fault> {
                <$plugin as $crate::Notify>::tell(deployment, event)
            }
        );
    };
}

/// The exports of one hook. Natively the hook is only checked, so that a plugin's own tests link.
#[doc(hidden)]
#[macro_export]
macro_rules! export_as {
    ($module:ident, $export:ident, $checked:expr; $($function:item)+) => {
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            let _ = $checked;
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Exported;
            impl $crate::bindings::$module::exports::sextant::deploy::$module::Guest for Exported {
                $($function)+
            }
            $crate::bindings::$module::$export!(Exported with_types_in $crate::bindings::$module);
        };
    };
}

//! Plugins built against released contracts: each must load and answer as it did, on every build.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expect_test::expect_file;
use plan::hooks::{Answer, Hooks, Place, Proposal, Registry};
use plan::{Facts, HookError, lower};
use plugin_runtime::{Adapter, Builtin, Catalogue, Limits};

use crate::scene::{load, run, run_with};

fn old(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/0.1.0").join(name)
}

/// An answer as the lines that come of it.
fn shown(title: &str, answer: Result<Answer, HookError>) -> String {
    let mut text = format!("{title}\n");
    match answer {
        Ok(answer) => answer.steps.iter().for_each(|step| {
            let _ = writeln!(text, "  {}\n    {}", step.title, command(step));
        }),
        Err(error) => {
            let _ = writeln!(text, "  {error}");
        }
    }
    text
}

fn command(step: &Proposal) -> String {
    let command = lower::action(&step.action);
    let limit = step.time_limit.map(|seconds| format!(" # within {seconds} s")).unwrap_or_default();
    let more = if command.input.is_empty() { String::new() } else { format!(" < {:?}", command.input) };
    format!("{}{more}{limit}", command.line)
}

#[test]
fn builtins_of_0_1_0_answer_as_they_did() {
    let run = run();
    let facts = Arc::new(Facts::default());
    let components =
        ["registry", "builder", "app"].map(|name| (name, std::fs::read(old(&format!("{name}.wasm"))).expect(name)));
    let builtins: Vec<Builtin> = components
        .iter()
        .map(|(name, bytes)| Builtin { name, component: Box::leak(bytes.clone().into_boxed_slice()) })
        .collect();
    let catalogue = Catalogue::load(&builtins, Vec::new(), Limits::default(), None).expect("they load");
    let credentials = run.configuration.registry.credentials.clone().expect("the project logs in");
    let registry = Registry { server: run.configuration.registry.server.clone(), credentials };
    let mut text = shown("pre-login", catalogue.pre_login(&run, &facts, &registry, Place::Local));
    text += &shown("build", catalogue.build(&run, &facts).map(|(answer, _)| answer));
    text += &shown("push", catalogue.push(&run, &facts));
    text += &shown("tag", catalogue.tag(&run, &facts, "10.0.0.1"));
    let boot = catalogue.boot(&run, &facts, "web", "10.0.0.1").expect("boot answers");
    for (title, answer) in
        [("prepare", boot.prepare), ("start", boot.start), ("finish", boot.finish), ("abort", boot.abort)]
    {
        text += &shown(&format!("boot: {title}"), Ok(answer));
    }
    expect_file![old("builtins.txt")].assert_eq(&text);
}

#[test]
fn third_parties_of_0_1_0_answer_as_they_did() {
    let facts = Arc::new(Facts::default());
    let run = run_with(&old("third_party_login.wasm"), "    match: { registry: 'eu.*' }\n");
    let credentials = run.configuration.registry.credentials.clone().expect("the project logs in");
    let registry = Registry { server: run.configuration.registry.server.clone(), credentials };
    let mut text =
        shown("third_party_login", load(&run).expect("it loads").pre_login(&run, &facts, &registry, Place::Hosts));
    // Contract 0.1.0 knew no manifest: what the project grants holds by itself.
    let run = run_with(&old("third_party_build.wasm"), "    grants: { programs: [docker] }\n");
    let catalogue = load(&run).expect("it loads");
    text += &shown("third_party_build", catalogue.build(&run, &facts).map(|(answer, _)| answer));
    for (title, grants) in [("takes_secret, granted", "[RAILS_MASTER_KEY]"), ("takes_secret", "[]")] {
        let run = run_with(&old("takes_secret.wasm"), &format!("    grants: {{ secrets: {grants} }}\n"));
        text += &shown(title, load(&run).expect("it loads").tag(&run, &facts, "10.0.0.1"));
    }
    expect_file![old("third_parties.txt")].assert_eq(&text);
}

#[test]
fn adapters_of_0_1_0_load() {
    let run = run_with(&old("third_party_adapter.wasm"), "    grants: { programs: [keepassxc-cli] }\n");
    let bytes = std::fs::read(old("third_party_adapter.wasm")).expect("it is there");
    let adapter = Adapter::of_project(&run.configuration.plugins[0], &bytes, Limits::default(), None);
    assert!(!adapter.map_err(|error| error.to_string()).expect("it loads").needs_account());
    let bytes = std::fs::read(old("one_password.wasm")).expect("it is there");
    let builtin = Builtin { name: "one_password", component: Box::leak(bytes.into_boxed_slice()) };
    assert!(
        Adapter::builtin(&builtin, Limits::default(), None)
            .map_err(|error| error.to_string())
            .expect("it loads")
            .needs_account()
    );
}

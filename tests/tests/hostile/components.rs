//! Components that no compiler of a plugin would give: written by hand, to do harm before a hook is even called.

use crate::scene::{planned, run_with};

/// A component whose core modules are these, and that claims to answer `tag`.
fn component(modules: &str, more: &str) -> Vec<u8> {
    let text = format!(
        "(component {modules} {more} (instance $nothing) (export \"sextant:deploy/tag@0.1.1\" (instance $nothing)))"
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

fn told(component: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("guest.wasm");
    std::fs::write(&path, component).expect("a component");
    planned(&run_with(&path, "")).expect_err("it is refused")
}

fn limit(words: &str) -> String {
    format!("plugin `guest` ran into a limit in `tag`: {words}")
}

#[test]
fn a_start_function_that_loops_runs_into_its_time() {
    let module = "(core module $m (func $f (loop br 0)) (start $f)) (core instance (instantiate $m))";
    assert_eq!(told(&component(module, "")), limit("2000 ms of time"));
}

#[test]
fn a_table_of_millions_is_not_made() {
    let begins = "(core module $m (table 9000000 funcref)) (core instance (instantiate $m))";
    assert_eq!(told(&component(begins, "")), limit("100000 table elements"));
    let grows = "(core module $m (table 1 funcref) (func $f (drop (table.grow (ref.null func) (i32.const 9000000)))) (start $f)) \
                 (core instance (instantiate $m))";
    assert_eq!(told(&component(grows, "")), limit("100000 table elements"));
}

#[test]
fn a_memory_that_begins_too_large_is_not_made() {
    let module = "(core module $m (memory 2000)) (core instance (instantiate $m))";
    assert_eq!(told(&component(module, "")), limit("64 MiB of memory"));
}

#[test]
fn a_crowd_of_instances_is_not_made() {
    let crowd = |module: &str, count: usize| {
        component(&format!("(core module $m {module})"), &"(core instance (instantiate $m))".repeat(count))
    };
    assert_eq!(told(&crowd("", 300)), limit("200 instances"));
    assert_eq!(told(&crowd("(table 1 funcref) (table 1 funcref)", 150)), limit("200 tables"));
    assert_eq!(told(&crowd("(memory 1)", 150)), limit("50 memories"));
    let in_one = |part: &str, count: usize| {
        component(&format!("(core module $m {})", part.repeat(count)), "(core instance (instantiate $m))")
    };
    assert_eq!(told(&in_one("(memory 1)", 60)), limit("50 memories"));
}

#[test]
fn a_trap_while_it_starts_is_a_crash() {
    let module = "(core module $m (func $f unreachable) (start $f)) (core instance (instantiate $m))";
    assert_eq!(
        told(&component(module, "")),
        "plugin `guest` crashed in `tag`: wasm trap: wasm `unreachable` instruction executed"
    );
}

#[test]
fn imports_that_nobody_gives_are_refused_by_name() {
    let check = |import: &str, expected: &str| {
        let told = told(&component("", &format!("(import \"{import}\" (instance))")));
        assert_eq!(told, format!("plugin `guest` cannot be loaded: {expected}"), "{import}");
    };
    check("evil:things/door", "it asks for `evil:things/door`, which no plugin is given while planning");
    check(
        "wasi:http/outgoing-handler@0.2.0",
        "it asks for `wasi:http/outgoing-handler@0.2.0`, which no plugin is given while planning",
    );
    check(
        "sextant:deploy/steps@0.1.7",
        "it was built for sextant:deploy 0.1.7, this Sextant serves 0.1.1: a newer Sextant is needed",
    );
}

#[test]
fn a_component_that_is_too_large_is_not_compiled() {
    let mut large = component("", "");
    large.resize(65 << 20, 0);
    assert_eq!(told(&large), "plugin `guest` cannot be loaded: it has 65 MiB, the limit is 64 MiB");
}

#[test]
fn a_component_with_damaged_bytes_is_refused_or_harmless() {
    let whole = std::fs::read(crate::scene::guest("takes_login")).expect("the guest was built");
    for place in (8..whole.len()).step_by(whole.len() / 40) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x55;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("guest.wasm");
        std::fs::write(&path, damaged).expect("a component");
        // Some bytes are names and debug data: with those damaged it still is a component.
        let _ = planned(&run_with(&path, ""));
    }
}

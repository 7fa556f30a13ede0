//! Guests that want more than they get.

use std::sync::Arc;
use std::time::Duration;

use manifest::Manifest;
use plan::hooks::{Hooks, LimitKind};
use plan::{Facts, HookError};
use plugin_runtime::{Adapter, Call, HttpRequest, HttpResponse, Limits, Outcome, Outside, Request};
use secrecy::SecretString;

use crate::scene::{guest, load, planned, run_with};

/// The error of `tag`, asked of a guest with these limits.
fn tag_error(name: &str, limits: &Limits) -> HookError {
    let run = run_with(&guest(name), "");
    let mut catalogue = load(&run).expect("the plugin loads");
    catalogue.limit("guest", limits);
    catalogue.tag(&run, &Arc::new(Facts::default()), "10.0.0.1").expect_err("the guest fails")
}

#[test]
fn every_limit_is_an_error_with_plugin_hook_limit_and_value() {
    let check = |name: &str, kind: LimitKind, value: u64, words: &str| {
        // On a busy machine, time would run out before some of the others.
        let time = if kind == LimitKind::Time { Limits::default().time } else { Duration::from_secs(60) };
        let error = tag_error(name, &Limits { time, ..Limits::default() });
        let expected = HookError::Limit { plugin: "guest".to_string(), hook: "tag", limit: kind, value };
        assert_eq!(error, expected, "{name}");
        assert_eq!(error.to_string(), format!("plugin `guest` ran into a limit in `tag`: {words}"));
    };
    check("loops", LimitKind::Time, 2000, "2000 ms of time");
    check("allocates", LimitKind::Memory, 64 << 20, "64 MiB of memory");
    check("shouts", LimitKind::Output, 1 << 20, "1048576 bytes of output");
    check("floods", LimitKind::Steps, 1000, "1000 steps");
    check("calls_on", LimitKind::Calls, 100_000, "100000 calls of the host");
    check("recurses", LimitKind::Stack, 512 << 10, "512 KiB of stack");
    check("hoards_handles", LimitKind::Handles, 10_000, "10000 handles");
    check("lists", LimitKind::Transfer, 4 << 20, "4194304 bytes in one call of the host");
}

#[test]
fn limits_are_those_that_were_given() {
    let check = |name: &str, limits: Limits, words: &str| {
        assert_eq!(tag_error(name, &limits).to_string(), format!("plugin `guest` ran into a limit in `tag`: {words}"));
    };
    check("loops", Limits { time: Duration::from_millis(50), ..Limits::default() }, "50 ms of time");
    check("allocates", Limits { memory: 8 << 20, ..Limits::default() }, "8 MiB of memory");
    check("shouts", Limits { output: 2 << 20, ..Limits::default() }, "2097152 bytes of output");
    check("floods", Limits { steps: 7, ..Limits::default() }, "7 steps");
    check("calls_on", Limits { calls: 70, ..Limits::default() }, "70 calls of the host");
}

#[test]
fn nobody_sleeps_in_the_host() {
    let error = tag_error("sleeps", &Limits::default());
    assert_eq!(error.to_string(), "plugin `guest` has no answer for `tag`: it slept");
}

#[test]
fn however_deep_a_guest_asks_it_finds_nothing() {
    let error = tag_error("dives", &Limits::default());
    assert_eq!(error.to_string(), "plugin `guest` has no answer for `tag`: None None 1000");
}

#[test]
fn what_a_guest_says_shows_all_it_is() {
    let run = run_with(&guest("hides"), "");
    let answer = load(&run).expect("it loads").tag(&run, &Arc::new(Facts::default()), "10.0.0.1").expect("it answers");
    let step = &answer.steps[0];
    assert!(step.title.starts_with("tag [2J 31m      it!!!"), "{:?}", step.title);
    assert_eq!(step.title.chars().count(), 201);
    assert_eq!(step.audit.as_deref(), Some("tagged [2J 31m      it"));
    let told = |with: &str| planned(&run_with(&guest("hides"), &format!("    with: {{ {with}: 1 }}\n"))).unwrap_err();
    assert_eq!(
        told("fault"),
        "plugin `guest` has no answer for `tag`: the setting `a [2J 31m      b` c [2J 31m      d"
    );
    assert!(told("panic").contains("a [2J 31m      b"), "{}", told("panic"));
    assert_eq!(
        told("action").split(" (step").next(),
        Some(
            r"the plan breaks a rule: plugin `guest` has a character that is not seen in `a\u{1b}[2J\u{9b}31m\r\n\u{202e}\u{200b}\u{2066}\u{feff}b`"
        )
    );
}

#[test]
fn places_and_machines_that_are_none_of_its_own_are_refused() {
    let check = |place: &str, expected: &str| {
        let more = format!("    with: {{ place: {place} }}\n");
        let told = planned(&run_with(&guest("climbs"), &more)).unwrap_err();
        assert_eq!(told.split(" (step").next(), Some(expected), "{place}");
    };
    let rule = |what: &str| format!("the plan breaks a rule: plugin `guest` {what}");
    check("home", &rule("names the path `.kamal/../.bashrc`, which leads out of .kamal"));
    check("root", &rule("names the path `/etc/cron.d`, which leads out of .kamal"));
    check("clone", &rule("clones `/`, which is not the project"));
    check("assets", &rule("looks for assets in `/`, where the app has none"));
    check("machine", &rule("builds on `ssh://root@10.9.9.9`, a machine that the configuration does not name"));
    check("ssh", "plugin `guest` reached for the program `ssh`, which its manifest does not ask for, in `tag`");
}

#[test]
fn a_mistake_of_the_host_ends_the_call_and_not_the_program() {
    let run = run_with(&guest("waits"), "    grants: { programs: [program] }\n");
    let entry = &run.configuration.plugins[0];
    let bytes = std::fs::read(&entry.source).expect("the guest was built");
    let asks = "name = 'guest'\nversion = '1.0.0'\ndescription = 'Waits'\n[capabilities]\nprograms = ['program']\n";
    let bytes = Manifest::parse(asks).expect("it is a manifest").embed(&bytes).expect("it fits in");
    let adapter = Adapter::of_project(entry, &bytes, Limits::default(), None).expect("it is granted what it needs");
    let error = adapter.fetch(&Request::default(), Arc::new(Mistaken)).expect_err("the host panics");
    let message = error.to_string();
    assert!(
        message.starts_with("plugin `guest` crashed in `secrets`: the host made a mistake: nobody thought of this ("),
        "{message}"
    );
}

/// A world outside that is not finished.
struct Mistaken;

impl Outside for Mistaken {
    fn send(&self, _: &HttpRequest) -> Result<HttpResponse, String> {
        Err(String::new())
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err(String::new())
    }

    fn run(&self, _: &Call) -> Outcome {
        panic!("nobody thought of this")
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn secret(&self, _: &str) -> Result<SecretString, String> {
        Err(String::new())
    }

    fn now(&self) -> u64 {
        0
    }
}

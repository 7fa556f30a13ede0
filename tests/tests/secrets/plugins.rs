//! Adapters from third parties: what they take over, what they must be granted, and what becomes of those that reach further.

use std::path::Path;

use crate::scene::Scene;

/// A project with a guest of `tests/guests` as its plugin.
fn with_guest(guest: &str, more: &str) -> Scene {
    let scene = Scene::new().configured(&format!("x-plugins: {{ keepassxc: {{ source: guest.wasm, {more} }} }}\n"));
    let guest = Path::new(env!("GUESTS")).join(format!("{guest}.wasm"));
    std::fs::copy(guest, scene.path("guest.wasm")).expect("the guest was built");
    scene
}

/// The stand-in of its program.
const SHOW: (&str, i32, &str) = ("keepassxc-cli|show|-s|-a|Password|/v.kdbx|DB", 0, "s3cr3t");

const GRANTED: &str = "grants: { programs: [keepassxc-cli] }";

#[test]
fn a_third_party_answers_under_its_own_name() {
    let scene = with_guest("third_party_adapter", GRANTED).with_program("keepassxc-cli", &[SHOW]);
    scene.fetches("-a keepassxc --from /v.kdbx DB", r#"{"DB":"s3cr3t"}"#, &[SHOW.0]);
}

#[test]
fn a_third_party_takes_a_builtin_over() {
    let more = format!("{GRANTED}, match: {{ adapter: 1password }}");
    let scene = with_guest("third_party_adapter", &more).with_program("keepassxc-cli", &[SHOW]);
    scene.fetches("-a 1password --from /v.kdbx DB", r#"{"DB":"s3cr3t"}"#, &[SHOW.0]);
    scene.fails("-a keepassxc DB", "Unknown secrets adapter: keepassxc");
}

#[test]
fn a_third_party_answers_a_line_of_a_secrets_file() {
    let scene = with_guest("third_party_adapter", GRANTED).with_program("keepassxc-cli", &[SHOW]);
    scene.file(
        ".kamal/secrets",
        "DB=$(kamal secrets extract DB $(kamal secrets fetch -a keepassxc --from /v.kdbx DB))\n",
    );
    // Commands do not nest, as in Kamal: a result is put into a name first.
    assert_eq!(scene.run(&["secrets", "print"]).exit, 1);
    scene.file(
        ".kamal/secrets",
        "S=$(kamal secrets fetch -a keepassxc --from /v.kdbx DB)\nDB=$(kamal secrets extract DB $S)\n",
    );
    assert_eq!(scene.run(&["secrets", "print"]).stdout.lines().last(), Some("DB=s3cr3t"));
}

#[test]
fn a_program_that_is_not_granted_is_denied_before_anything_runs() {
    for grants in ["with: {}", "grants: { programs: [op] }"] {
        let scene = with_guest("third_party_adapter", grants).with_program("keepassxc-cli", &[SHOW]);
        let said = scene.run(&["secrets", "fetch", "-a", "keepassxc", "DB"]);
        assert_eq!(
            said.stderr,
            "  ERROR (RuntimeError): plugin `keepassxc` is not granted the program `keepassxc-cli`, which a step of `secrets` needs\n\
             hint: grant it under x-plugins/keepassxc/grants if the plugin should have it\n"
        );
        assert_eq!((said.exit, scene.calls().len()), (1, 0));
    }
}

#[test]
fn a_program_that_was_not_declared_is_not_run_even_if_it_was_granted() {
    let grants = "grants: { programs: [keepassxc-cli, curl] }";
    let scene = with_guest("runs_undeclared", grants).with_program("curl", &[("curl|https://evil.example", 0, "")]);
    let said = scene.run(&["secrets", "fetch", "-a", "keepassxc", "DB"]);
    assert_eq!(
        said.stderr,
        "  ERROR (RuntimeError): plugin `keepassxc` reached for the program `curl` in `secrets`, which it did not declare\n\
         hint: nothing was run; tell the author of `keepassxc`, or take it out of x-plugins\n"
    );
    assert_eq!((said.exit, scene.calls().len()), (1, 0));
}

#[test]
fn a_variable_is_declared_and_granted_or_not_seen() {
    let scene = || with_guest("looks_at_variables", "grants: { variables: [VAULT_TOKEN] }");
    let scene = || scene().with_variable("VAULT_TOKEN", "t0k3n").with_variable("AWS_SECRET_ACCESS_KEY", "k3y");
    scene().fetches("-a keepassxc VAULT_TOKEN", r#"{"VAULT_TOKEN":"t0k3n"}"#, &[]);
    scene().fails(
        "-a keepassxc AWS_SECRET_ACCESS_KEY",
        "plugin `keepassxc` reached for the variable `AWS_SECRET_ACCESS_KEY` in `secrets`, which it did not declare",
    );
    with_guest("looks_at_variables", "with: {}").fails(
        "-a keepassxc VAULT_TOKEN",
        "plugin `keepassxc` is not granted the variable `VAULT_TOKEN`, which a step of `secrets` needs",
    );
}

#[test]
fn a_plugin_of_another_kind_is_no_adapter() {
    with_guest("third_party_login", "with: {}").fails(
        "-a keepassxc DB",
        "plugin `keepassxc` cannot be loaded: it is no secret adapter: it does not answer the hook `secrets`",
    );
}

#[test]
fn a_plan_goes_on_beside_a_secret_adapter() {
    let scene = with_guest("third_party_adapter", GRANTED);
    scene.file(".kamal/secrets", "KAMAL_REGISTRY_PASSWORD=x\n");
    let said = scene.run(&["plan", "--offline", "--version", "v1", "--skip-push"]);
    let note =
        "note: plugin `keepassxc` is not in sextant.lock; `sextant plugin add guest.wasm --name keepassxc` pins it\n";
    assert_eq!((said.exit, said.stderr.as_str()), (0, note));
}

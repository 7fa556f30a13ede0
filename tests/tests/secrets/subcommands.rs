//! `secrets fetch`, `extract` and `print`.

use crate::scene::{Said, Scene};

fn said(exit: i32, stdout: &str, stderr: &str) -> Said {
    Said { exit, stdout: stdout.to_string(), stderr: stderr.to_string() }
}

#[test]
fn fetch_without_the_account_it_needs() {
    let words = ["secrets", "fetch", "-a", "test", "foo"];
    assert_eq!(Scene::new().run(&words), said(0, "No value provided for required options '--account'\n", ""));
    let words = ["secrets", "fetch", "-a", "test", "foo", "--account", ""];
    assert_eq!(Scene::new().run(&words), said(0, "No value provided for required options '--account'\n", ""));
}

#[test]
fn fetch_from_a_store_that_nobody_knows() {
    let expected = "  ERROR (RuntimeError): Unknown secrets adapter: vault\n\
        hint: there are 1password, lastpass, bitwarden, bitwarden-sm, aws_secrets_manager, gcp, doppler, enpass and passbolt; \
        others come as plugins with `match: { adapter: NAME }` in x-plugins\n";
    assert_eq!(Scene::new().run(&["secrets", "fetch", "--adapter", "vault", "foo"]), said(1, "", expected));
}

#[test]
fn fetch_outside_of_a_project() {
    let scene = Scene::new();
    std::fs::remove_dir_all(scene.path("config")).expect("the configuration goes");
    let words = ["secrets", "fetch", "-a", "test", "--account", "x", "foo"];
    assert_eq!(scene.run(&words), said(0, "{\"foo\":\"oof\"}\n", ""));
}

#[test]
fn fetch_for_a_line_of_a_secrets_file() {
    let words = ["secrets", "fetch", "-a", "test", "--account", "x", "a$b", "--inline"];
    assert_eq!(Scene::new().run(&words), said(0, "\\{\\\"a\\$b\\\":\\\"b\\$a\\\"\\}\n", ""));
}

#[test]
fn extract() {
    let json = r#"{"abc/foo":"oof","bar":"two\nlines\n"}"#;
    assert_eq!(Scene::new().run(&["secrets", "extract", "foo", json]), said(0, "oof\n", ""));
    assert_eq!(Scene::new().run(&["secrets", "extract", "bar", json]), said(0, "two\nlines\n", ""));
    let missing = "  ERROR (RuntimeError): Could not find secret baz\n";
    assert_eq!(Scene::new().run(&["secrets", "extract", "baz", json]), said(1, "", missing));
}

#[test]
fn print_shows_every_secret_in_the_order_of_the_files() {
    let scene = Scene::new().configured("env: { secret: [Z] }\n");
    scene.file(".kamal/secrets-common", "Z=1\nA=common\n");
    scene.file(".kamal/secrets", "B=\"x$Z\"\nA=own\nC=$(printf 'a\\nb')\n");
    assert_eq!(scene.run(&["secrets", "print"]), said(0, "Z=1\nA=own\nB=x\nC=anb\n", ""));
    scene.file("config/deploy.staging.yml", "service: shop-staging\n");
    scene.file(".kamal/secrets.staging", "B=staging");
    assert_eq!(scene.run(&["secrets", "print", "-d", "staging"]), said(0, "Z=1\nA=common\nB=staging\n", ""));
}

#[test]
fn print_of_nothing() {
    assert_eq!(Scene::new().run(&["secrets", "print"]), said(0, "", ""));
    let scene = Scene::new();
    scene.file(".kamal/secrets", "");
    assert_eq!(scene.run(&["secrets", "print"]), said(0, "", ""));
}

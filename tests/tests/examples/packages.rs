//! Every example is a package that its author can format, lint and test where it stands.

use std::path::PathBuf;
use std::process::Command;

use tests::house;

#[test]
fn examples_are_formatted() {
    each(&["fmt", "--check"]);
}

#[test]
fn examples_have_no_lints() {
    each(&["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]);
}

#[test]
fn examples_pass_their_own_tests() {
    each(&["test", "--quiet"]);
}

#[test]
fn every_example_says_how_it_is_used() {
    for folder in examples() {
        let text = std::fs::read_to_string(folder.join("README.md")).expect("an example has a README");
        for word in ["x-plugins:", "sextant plugin build", "cargo test"] {
            assert!(text.contains(word), "{} does not say `{word}`", folder.display());
        }
    }
}

/// Runs cargo in every example in Rust; they share what they build.
fn each(words: &[&str]) {
    for folder in examples() {
        let output = Command::new(env!("CARGO"))
            .current_dir(&folder)
            .args(words)
            .env("CARGO_TARGET_DIR", house().join("target/plugins").canonicalize().expect("plugins were built"))
            .output()
            .expect("cargo can be run");
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{} {words:?}:\n{}", folder.display(), String::from_utf8_lossy(&said));
    }
}

fn examples() -> Vec<PathBuf> {
    let entries = house().join("plugins/examples").read_dir().expect("there are examples");
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join("Cargo.toml").exists());
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

//! Builds the builtin plugins for `wasm32-wasip2`, in a target directory of their own.

use std::path::{Path, PathBuf};

#[path = "nested_cargo.rs"]
mod nested_cargo;

const PLUGINS: [&str; 3] = ["registry", "builder", "app"];

/// The secret adapters, all in one package.
const ADAPTERS: [&str; 10] = [
    "aws_secrets_manager",
    "bitwarden",
    "bitwarden_secrets_manager",
    "doppler",
    "enpass",
    "gcp_secret_manager",
    "last_pass",
    "one_password",
    "passbolt",
    "test",
];

fn main() {
    let output = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for watched in
        ["wit", "plugins/sdk", "plugins/registry", "plugins/builder", "plugins/app", "plugins/secrets", "Cargo.lock"]
    {
        println!("cargo::rerun-if-changed={}", house.join(watched).display());
    }
    let packages = [&PLUGINS[..], &["secrets"]].concat();
    let built = nested_cargo::build(&house, &packages, &["--lib", "--examples"]);
    for plugin in PLUGINS {
        copy(&built, &output, &format!("{plugin}.wasm"));
    }
    for adapter in ADAPTERS {
        copy(&built.join("examples"), &output, &format!("{adapter}.wasm"));
    }
}

fn copy(from: &Path, to: &Path, name: &str) {
    std::fs::copy(from.join(name), to.join(name)).unwrap_or_else(|error| panic!("{name} cannot be copied: {error}"));
}

//! Builds the builtin plugins for `wasm32-wasip2`, in a target directory of their own.

use std::path::{Path, PathBuf};

#[path = "nested_cargo.rs"]
mod nested_cargo;

const PLUGINS: [&str; 3] = ["registry", "builder", "app"];

fn main() {
    let output = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for watched in ["wit", "plugins/sdk", "plugins/registry", "plugins/builder", "plugins/app", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", house.join(watched).display());
    }
    let built = nested_cargo::build(&house, &PLUGINS, &[]);
    for plugin in PLUGINS {
        let name = format!("{plugin}.wasm");
        std::fs::copy(built.join(&name), output.join(&name))
            .unwrap_or_else(|error| panic!("{name} cannot be copied: {error}"));
    }
}

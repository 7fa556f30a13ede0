//! Builds the plugins of `tests/guests` for the tests.

use std::path::Path;

#[path = "../plugins/bundle/nested_cargo.rs"]
mod nested_cargo;

fn main() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for watched in ["wit", "plugins/sdk", "tests/guests", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", house.join(watched).display());
    }
    let built = nested_cargo::build(&house, &["guests"], &["--examples"]);
    println!("cargo::rustc-env=GUESTS={}", built.join("examples").display());
}

//! Builds the plugins of `tests/guests` and those of `plugins/examples` for the tests. A guest that asks for something has a manifest
//! beside its source; an example has one as every plugin does.

use std::path::{Path, PathBuf};

use manifest::Manifest;

#[path = "../plugins/bundle/nested_cargo.rs"]
mod nested_cargo;

fn main() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for watched in ["wit", "plugins/sdk", "plugins/examples", "tests/guests", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", house.join(watched).display());
    }
    guests(&house);
    examples(&house);
}

/// `GUESTS` is the folder with every guest as `NAME.wasm`.
fn guests(house: &Path) {
    let built = nested_cargo::build(house, &["guests"], &["--examples"]).join("examples");
    for path in entries(&house.join("tests/guests/examples")) {
        if path.extension().is_some_and(|extension| extension == "toml") {
            embed(&path, &built.join(path.with_extension("wasm").file_name().expect("it has a name")));
        }
    }
    println!("cargo::rustc-env=GUESTS={}", built.display());
}

/// `EXAMPLES` is the folder with every example in Rust as `NAME.wasm`. Each is a workspace of its own.
fn examples(house: &Path) {
    for folder in entries(&house.join("plugins/examples")) {
        if !folder.join("Cargo.toml").exists() {
            continue;
        }
        let name = folder.file_name().and_then(|name| name.to_str()).expect("an example has a plain name");
        let built = nested_cargo::build_alone(&folder);
        embed(&folder.join("plugin.toml"), &built.join(format!("{}.wasm", name.replace('-', "_"))));
        println!("cargo::rustc-env=EXAMPLES={}", built.display());
    }
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = found.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn embed(manifest: &Path, component: &Path) {
    let wrong = |reason: String| -> ! { panic!("{}: {reason}", manifest.display()) };
    let text = std::fs::read_to_string(manifest).unwrap_or_else(|error| wrong(error.to_string()));
    let manifest = Manifest::parse(&text).unwrap_or_else(|error| wrong(error.to_string()));
    let bytes = std::fs::read(component).unwrap_or_else(|error| wrong(error.to_string()));
    let whole = manifest.embed(&bytes).unwrap_or_else(|error| wrong(error.to_string()));
    std::fs::write(component, whole).unwrap_or_else(|error| wrong(error.to_string()));
}

//! Builds the plugins of `tests/guests` and some examples for the tests. A guest that asks for something has a manifest beside its source.

use std::path::Path;

use manifest::Manifest;

#[path = "../plugins/bundle/nested_cargo.rs"]
mod nested_cargo;

fn main() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for watched in ["wit", "plugins/sdk", "plugins/examples", "tests/guests", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", house.join(watched).display());
    }
    let built = nested_cargo::build(&house, &["guests"], &["--examples"]).join("examples");
    for entry in house.join("tests/guests/examples").read_dir().expect("the guests' sources are there").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let component = built.join(path.with_extension("wasm").file_name().expect("it has a name"));
            embed(&path, &component);
        }
    }
    println!("cargo::rustc-env=GUESTS={}", built.display());
    for example in ["buildah", "oci-image"] {
        let folder = house.join("plugins/examples").join(example);
        let built = nested_cargo::build_alone(&folder);
        embed(&folder.join("plugin.toml"), &built.join(example.replace('-', "_")).with_extension("wasm"));
        println!("cargo::rustc-env=EXAMPLES={}", built.display());
    }
}

fn embed(manifest: &Path, component: &Path) {
    let wrong = |reason: String| -> ! { panic!("{}: {reason}", manifest.display()) };
    let text = std::fs::read_to_string(manifest).unwrap_or_else(|error| wrong(error.to_string()));
    let manifest = Manifest::parse(&text).unwrap_or_else(|error| wrong(error.to_string()));
    let bytes = std::fs::read(component).unwrap_or_else(|error| wrong(error.to_string()));
    let whole = manifest.embed(&bytes).unwrap_or_else(|error| wrong(error.to_string()));
    std::fs::write(component, whole).unwrap_or_else(|error| wrong(error.to_string()));
}

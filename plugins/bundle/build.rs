//! Builds the builtin plugins for `wasm32-wasip2`, in a target directory of their own, and lists what projects of new plugins begin with.

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
    let contract = list(&house.join("wit"), "", "wit");
    let sdk =
        [list(&house.join("plugins/sdk/src"), "src/", "rs"), list(&house.join("plugins/sdk"), "", "toml")].concat();
    let sdk = [sdk, list(&house.join("plugins/sdk"), "", "md")].concat();
    let version = format!(
        "/// The version of the contract.\npub const CONTRACT_VERSION: &str = {:?};\n",
        contract_version(&house.join("wit/types.wit"))
    );
    let text = [version, table("CONTRACT", &contract), table("SDK", &sdk)].concat();
    std::fs::write(output.join("texts.rs"), text).expect("the build's folder can be written to");
}

/// As the contract's package says it.
fn contract_version(types: &Path) -> String {
    let text = std::fs::read_to_string(types).expect("the contract can be read");
    let line =
        text.lines().find_map(|line| line.strip_prefix("package sextant:deploy@")).expect("it names its package");
    line.trim_end_matches(';').to_string()
}

/// The files of a folder with an extension: how they are named where they are written to, and where they are.
fn list(folder: &Path, prefix: &str, extension: &str) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten();
    let own = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|own| own == extension));
    let named = |path: PathBuf| Some((format!("{prefix}{}", path.file_name()?.to_str()?), path));
    let mut found: Vec<_> = own.filter_map(named).collect();
    found.sort();
    found
}

/// A constant that embeds files.
fn table(name: &str, files: &[(String, PathBuf)]) -> String {
    let rows: String = files
        .iter()
        .map(|(name, path)| format!("    ({name:?}, include_str!({:?})),\n", path.display().to_string()))
        .collect();
    let what = format!("/// Name and text of every file of what `{name}` stands for.");
    format!("{what}\npub const {name}: [(&str, &str); {}] = [\n{rows}];\n", files.len())
}

fn copy(from: &Path, to: &Path, name: &str) {
    std::fs::copy(from.join(name), to.join(name)).unwrap_or_else(|error| panic!("{name} cannot be copied: {error}"));
}

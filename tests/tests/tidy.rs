//! The house rules that a machine can hold: who may use whom, and what must not be found where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::house;

/// What each crate may use of this workspace. A crate stands on those below it; nothing else.
const FLOORS: [(&str, &[&str]); 26] = [
    ("configuration", &[]),
    ("manifest", &[]),
    ("commands", &[]),
    ("plan", &["commands", "configuration"]),
    ("local-registry", &[]),
    ("oci", &["plan"]),
    ("distribution", &["configuration", "manifest", "oci"]),
    ("transport", &["commands", "local-registry"]),
    ("plugin-runtime", &["commands", "configuration", "manifest", "plan"]),
    ("conformance", &["configuration", "manifest", "plan", "plugin-runtime"]),
    ("journal", &["commands", "configuration", "plan"]),
    ("explanation", &["commands", "configuration", "journal", "plan"]),
    ("lifecycle", &["commands", "configuration", "journal", "plan", "transport"]),
    (
        "cli",
        &[
            "bundle",
            "commands",
            "configuration",
            "conformance",
            "distribution",
            "explanation",
            "journal",
            "lifecycle",
            "manifest",
            "oci",
            "plan",
            "plugin-runtime",
            "transport",
        ],
    ),
    ("sextant-sdk", &[]),
    ("registry", &["sextant-sdk"]),
    ("builder", &["sextant-sdk"]),
    ("app", &["sextant-sdk"]),
    ("secrets", &["sextant-sdk"]),
    ("bundle", &[]),
    ("guests", &["sextant-sdk"]),
    ("fleet", &[]),
    ("kamal-proxy-stand-in", &[]),
    ("sample-app", &[]),
    ("xtask", &["fleet"]),
    (
        "tests",
        &[
            "bundle",
            "commands",
            "configuration",
            "conformance",
            "fleet",
            "journal",
            "manifest",
            "plan",
            "plugin-runtime",
        ],
    ),
];

#[test]
fn every_crate_uses_only_what_stands_below_it() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        FLOORS.iter().map(|(name, below)| (*name, below.iter().copied().collect())).collect();
    for (name, uses) in dependencies(false) {
        let Some(allowed) = allowed.get(name.as_str()) else {
            panic!("{name} stands on no floor: add it to the table")
        };
        for used in &uses {
            assert!(allowed.contains(used.as_str()), "{name} uses {used}, which the table does not allow");
        }
    }
}

#[test]
fn only_the_plugin_runtime_names_wasmtime() {
    for (name, uses) in dependencies(true) {
        let wasmtime = uses.iter().any(|used| used.starts_with("wasmtime"));
        assert_eq!(wasmtime, name == "plugin-runtime", "{name}");
    }
}

#[test]
fn xtask_builds_without_wasmtime() {
    let tree = cargo(&["tree", "--package", "xtask", "--edges", "normal,build", "--prefix", "none"]);
    assert!(!tree.lines().any(|line| line.starts_with("wasmtime")), "{tree}");
}

#[test]
fn pure_floors_reach_outside_nowhere() {
    let words = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::time::SystemTime",
        "std::time::Instant",
        "std::thread",
        "tokio",
    ];
    for floor in ["configuration", "commands", "manifest", "plan"] {
        refuse(&format!("host/{floor}/src"), &words);
    }
}

#[test]
fn pure_floors_compile_for_plugins() {
    let target = house().join("target").join("plugins");
    let floors = ["configuration", "commands", "manifest", "plan"].into_iter().flat_map(|floor| ["--package", floor]);
    let status = Command::new(env!("CARGO"))
        .current_dir(house())
        .args(["check", "--quiet", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(target)
        .args(floors)
        .status()
        .expect("cargo can be run");
    assert!(status.success(), "a pure floor does not compile for wasm32-wasip2");
}

#[test]
fn only_transport_starts_processes_and_opens_sockets() {
    for floor in ["plugin-runtime", "lifecycle", "cli"] {
        refuse(&format!("host/{floor}/src"), &["std::process::Command", "tokio::process", "TcpStream", "UnixStream"]);
    }
}

#[test]
fn only_the_cli_prints_and_reads_the_environment() {
    for floor in ["transport", "plugin-runtime", "lifecycle"] {
        refuse(&format!("host/{floor}/src"), &["println!", "print!(", "std::env::var", "process::exit"]);
    }
}

#[test]
fn the_lifecycle_knows_no_option_flags() {
    refuse("host/lifecycle/src", &["skip_push", "no_cache", "dry_run", "skip_hooks", "clap"]);
}

#[test]
fn builtins_have_no_private_door() {
    for plugin in ["registry", "builder", "app"] {
        let manifest =
            std::fs::read_to_string(house().join("plugins").join(plugin).join("Cargo.toml")).expect("a manifest");
        let below = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        assert_eq!(
            below.split("[lints]").next().unwrap_or_default().trim(),
            "sextant-sdk.workspace = true",
            "{plugin}"
        );
    }
}

#[test]
fn builtin_adapters_know_nothing_but_json() {
    let manifest = std::fs::read_to_string(house().join("plugins/secrets/Cargo.toml")).expect("a manifest");
    let below = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("[lints]").next());
    assert_eq!(below.unwrap_or_default().trim(), "sextant-sdk.workspace = true\nserde_json.workspace = true");
}

#[test]
fn every_item_of_the_contract_is_documented() {
    for file in files(&house().join("wit"), "wit") {
        let text = std::fs::read_to_string(&file).expect("a file of the contract");
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.starts_with("@since(")).collect();
        for (number, line) in lines.iter().enumerate() {
            let item = ["interface ", "resource ", "world ", "enum ", "variant ", "record ", "package "]
                .iter()
                .any(|word| line.starts_with(word))
                || line.contains(": func(")
                || line.contains(": static func(")
                || line.starts_with("constructor(");
            let above = lines[..number].iter().rev().find(|line| !line.starts_with("@"));
            let documented = above.is_some_and(|line| line.starts_with("///"));
            assert!(!item || documented, "{}:{}: `{line}` has no `///` line", file.display(), number + 1);
        }
    }
}

/// Fails when a file below a folder holds one of the words outside of its tests.
fn refuse(folder: &str, words: &[&str]) {
    for file in files(&house().join(folder), "rs") {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            for word in words {
                assert!(!line.contains(word), "{}:{}: `{word}` has no place here", file.display(), number + 1);
            }
        }
    }
}

/// Every file below a folder with an extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found
}

/// The crates of this workspace with what they use: of the workspace alone, or everything.
fn dependencies(everything: bool) -> BTreeMap<String, BTreeSet<String>> {
    let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages").clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let own: BTreeSet<String> = packages.iter().map(|package| text(&package["name"])).collect();
    packages
        .iter()
        .map(|package| {
            let uses = package["dependencies"].as_array().into_iter().flatten();
            let uses = uses.filter(|used| used["kind"].as_str() != Some("dev")).map(|used| text(&used["name"]));
            (text(&package["name"]), uses.filter(|used| everything || own.contains(used)).collect())
        })
        .collect()
}

fn cargo(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).current_dir(house()).args(words).output().expect("cargo can be run");
    assert!(output.status.success(), "cargo {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

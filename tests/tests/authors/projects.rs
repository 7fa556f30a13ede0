//! `sextant plugin new`, `build` and `inspect`, for Rust, and what they refuse.

use std::path::Path;

use serde_json::{Value, json};

use crate::answers::{boots, builds, looks_up};
use crate::bench::{bring_dependencies, fails, works, write_project};

/// Kinds of plugins with the hooks of their projects.
const KINDS: [(&str, &[&str]); 6] = [
    ("registry", &["credentials", "pre-login"]),
    ("builder", &["build", "push"]),
    ("boot", &["boot"]),
    ("policy", &["policy"]),
    ("secrets", &["secrets"]),
    ("notify", &["notify"]),
];

#[test]
fn a_project_of_every_kind_builds_and_tests_as_it_is_written() {
    bring_dependencies();
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, hooks) in KINDS {
        let name = format!("my-{kind}");
        works(folder.path(), &format!("sextant plugin new {name} --kind {kind}"));
        let project = folder.path().join(&name);
        let tested = works(&project, "cargo test --quiet");
        assert!(tested.contains("test result: ok."), "{kind}: {tested}");
        let built = json_of(&project, "sextant plugin build --output json");
        assert_eq!(built["hooks"], json!(hooks), "{kind}");
        assert_eq!((&built["name"], &built["contract"]), (&json!(name), &json!("0.1.1")), "{kind}");
        assert_eq!(built["refused"], Value::Null, "{kind}");
        let inspected = json_of(&project, &format!("sextant plugin inspect {name}.wasm --output json"));
        assert_eq!(inspected, built, "{kind}");
    }
    takes_part_in_a_plan(folder.path());
    builds(&folder.path().join("my-builder/my-builder.wasm"));
    boots(&folder.path().join("my-boot/my-boot.wasm"));
    looks_up(folder.path());
}

/// What was built answers hooks of a plan.
fn takes_part_in_a_plan(folder: &Path) {
    let project = "\
service: shop
image: acme/shop
servers: [10.0.0.1]
registry: { server: registry.example, username: acme, password: [REGISTRY_PASSWORD] }
builder: { arch: amd64, context: . }
x-plugins:
  my-registry: { source: my-registry/my-registry.wasm, with: { tokens: 'https://tokens.example.com' } }
  my-builder: { source: my-builder/my-builder.wasm, grants: { programs: [docker] } }
  my-boot: { source: my-boot/my-boot.wasm, with: { memory: 512m } }
  my-policy: { source: my-policy/my-policy.wasm, with: { at_most: 1 } }
";
    write_project(folder, project);
    let plan = works(folder, "sextant plan --offline --version v1 -v");
    for line in [
        "log in to registry.example with my-registry  [my-registry]",
        "docker build --label service=shop --tag registry.example/acme/shop:v1 .",
        "push registry.example/acme/shop:v1  [my-builder]",
        "start container shop-web-v1  [my-boot]",
        "--memory \"512m\"",
    ] {
        assert!(plan.contains(line), "{line}\n{plan}");
    }
}

#[test]
fn new_writes_nothing_where_it_cannot() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("taken")).expect("a folder");
    let refuse = |words: &str, code: i32, said: &str| {
        assert_eq!(fails(folder.path(), &format!("sextant plugin new {words}"), code), said, "{words}");
    };
    refuse("taken --kind policy", 1, "error: taken is there already\nhint: choose another name, or remove it first\n");
    refuse(
        "'My Plugin' --kind policy",
        2,
        "error: `My Plugin` is no name of a plugin\n\
         hint: a plugin's name is made of small letters, digits and dashes, at most 64\n",
    );
    refuse(
        "../elsewhere --kind policy",
        2,
        "error: `../elsewhere` is no name of a plugin\n\
         hint: a plugin's name is made of small letters, digits and dashes, at most 64\n",
    );
    refuse(
        "2fast --kind policy",
        2,
        "error: `2fast` cannot be the name of a package\n\
         hint: a package begins with a letter, and sextant-sdk is taken\n",
    );
    let names: Vec<_> =
        folder.path().read_dir().expect("it can be read").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["taken"]);
}

#[test]
fn build_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let build = |said: &str| assert_eq!(fails(folder.path(), "sextant plugin build --quiet", 1), said);
    build(
        "error: ./plugin.toml cannot be read: No such file or directory (os error 2)\n\
         hint: a plugin's folder has a plugin.toml; `sextant plugin new` writes one\n",
    );
    std::fs::write(folder.path().join("plugin.toml"), "name = \"a\"\nversion = \"1\"\n").expect("a manifest");
    build(
        "error: ./plugin.toml line 2: unexpected end of input while parsing major version number\n\
         hint: docs/plugins.md tells what stands in it\n",
    );
    std::fs::write(folder.path().join("plugin.toml"), "name = \"a\"\nversion = \"1.0.0\"\n").expect("a manifest");
    build(
        "error: . has no Cargo.toml, no app.js and no app.py\n\
         hint: a plugin in Rust has the first, one in JavaScript the second, one in Python the third\n",
    );
    std::fs::write(folder.path().join("app.js"), "").expect("a source");
    build("error: componentize-js is not installed\nhint: run `npm install` in the plugin's folder\n");
    std::fs::remove_file(folder.path().join("app.js")).expect("it is there");
    std::fs::write(folder.path().join("app.py"), "").expect("a source");
    build(
        "error: componentize-py is not installed\n\
         hint: run `python3 -m venv .venv` and `.venv/bin/pip install componentize-py==0.25.1` in the plugin's folder\n",
    );
}

#[test]
fn inspect_tells_what_a_plugin_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let builtin = json_of(folder.path(), "sextant plugin inspect registry --output json");
    assert_eq!((&builtin["hooks"], &builtin["name"]), (&json!(["pre-login"]), &Value::Null));
    let adapter = Path::new(env!("GUESTS")).join("third_party_adapter.wasm");
    let told =
        works(folder.path(), &format!("cp '{}' adapter.wasm; sextant plugin inspect adapter.wasm", adapter.display()));
    let whole: Vec<&str> = told
        .lines()
        .filter(|line| !["size", "digest", "made by"].iter().any(|row| line[..line.len().min(10)].contains(row)))
        .collect();
    assert_eq!(whole[0], "third-party-adapter 1.0.0");
    assert_eq!(whole[1], "  file       adapter.wasm");
    assert_eq!(whole[2], "  contract   sextant:deploy 0.1.1");
    assert_eq!(whole[3], "  hooks      secrets");
    let tail = "  asks for   programs: keepassxc-cli\n\nTo use it, with all it asks for:\n\nx-plugins:\n  third-party-adapter:\n    \
                source: \"adapter.wasm\"\n    grants:\n      programs: [\"keepassxc-cli\"]\n";
    assert!(told.ends_with(tail), "{told}");
    let foreign = Path::new(env!("GUESTS")).join("reads_files.wasm");
    let foreign = json_of(folder.path(), &format!("sextant plugin inspect '{}' --output json", foreign.display()));
    let refused = foreign["refused"].as_str().expect("it is refused");
    assert!(refused.starts_with("it asks for `wasi:filesystem/"), "{refused}");
    assert_eq!(
        fails(folder.path(), "sextant plugin inspect nothing", 1),
        "error: there is no file and no plugin `nothing`\n\
         hint: give the path of a component, or a key of x-plugins in config/deploy.yml\n"
    );
    assert_eq!(
        fails(folder.path(), "echo no > no.wasm; sextant plugin inspect no.wasm", 1),
        "error: no.wasm: it is not a WebAssembly component: it does not begin as one\n\
         hint: `sextant plugin build` makes a component of a plugin's folder\n"
    );
}

#[test]
fn the_sdk_is_packaged_with_the_contract_inside() {
    let house = tests::house();
    let listed = std::process::Command::new(env!("CARGO"))
        .current_dir(&house)
        .args(["package", "--package", "sextant-sdk", "--list", "--allow-dirty", "--offline"])
        .output()
        .expect("cargo can be run");
    let listed = String::from_utf8(listed.stdout).expect("it prints text");
    let contract = house.join("wit").read_dir().expect("the contract").flatten().map(|entry| entry.path());
    let mut files: Vec<String> = contract
        .filter(|path| path.extension().is_some_and(|extension| extension == "wit"))
        .map(|path| format!("wit/{}", path.file_name().unwrap_or_default().display()))
        .collect();
    files.sort();
    let packaged: Vec<&str> = listed.lines().filter(|line| line.starts_with("wit/")).collect();
    assert_eq!(packaged, files);
}

/// What a command prints as JSON.
fn json_of(folder: &Path, script: &str) -> Value {
    let text = works(folder, script);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{script}: {error}\n{text}"))
}

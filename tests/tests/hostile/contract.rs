//! The contract as files: what was released never changes, and what came after serves whoever was built before.

use std::path::{Path, PathBuf};

use wit_parser::{Resolve, WorldId};

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// SHA-256 of every file of a release, by name.
fn digest(folder: &Path) -> String {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the release is there").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let listed = files.iter().map(|file| {
        let text = std::fs::read_to_string(file).expect("a file of the contract");
        format!("{} {}\n", file.file_name().unwrap_or_default().display(), plan::digest(&text))
    });
    plan::digest(&listed.collect::<String>())
}

#[test]
fn released_contracts_never_change() {
    let released = [("0.1.0", "d62f2d53dca8a4758c9d4dca445f86a1586fd6835764990f071664705831fbe2")];
    for (version, expected) in released {
        assert_eq!(digest(&wit().join("released").join(version)), expected, "{version} was changed after its release");
    }
    let folders = std::fs::read_dir(wit().join("released")).expect("releases are there").count();
    assert_eq!(folders, released.len(), "a release has no digest here");
}

/// Every world of the released contract with its present form.
fn worlds(before: &Path, now: &Path) -> (Resolve, Vec<(String, WorldId, Option<WorldId>)>) {
    let mut resolve = Resolve::default();
    let (before, _) = resolve.push_dir(before).expect("the released contract can be read");
    let (now, _) = resolve.push_dir(now).expect("the present contract can be read");
    let worlds = resolve.packages[before].worlds.iter();
    let pairs = worlds.map(|(name, id)| (name.clone(), *id, resolve.packages[now].worlds.get(name).copied())).collect();
    (resolve, pairs)
}

/// What in the present contract would leave a plugin of before without what it was built for.
fn broken(before: &Path, now: &Path) -> Vec<String> {
    let (resolve, worlds) = worlds(before, now);
    let mut broken = Vec::new();
    for (name, before, now) in worlds {
        // The world of everything is what the host is made from; no plugin is built for it.
        if name == "every-hook" {
            continue;
        }
        let Some(now) = now else {
            broken.push(format!("the world {name} is gone"));
            continue;
        };
        if let Err(error) = wit_component::semver_check(resolve.clone(), before, now) {
            broken.push(format!("{name}: {error:#}"));
        }
    }
    broken
}

#[test]
fn the_present_contract_serves_whoever_was_built_for_a_released_one() {
    assert_eq!(broken(&wit().join("released/0.1.0"), &wit()), Vec::<String>::new());
}

#[test]
fn the_check_notices_what_would_break() {
    let folder = tempfile::tempdir().expect("a folder");
    let changed = |file: &str, from: &str, to: &str| {
        for entry in
            std::fs::read_dir(wit()).expect("the contract is there").flatten().filter(|entry| entry.path().is_file())
        {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
        }
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file of the contract");
        assert!(text.contains(from), "{file} has no `{from}`");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("a changed file");
        broken(&wit().join("released/0.1.0"), folder.path())
    };
    let gone = changed("deployment.wit", "        version: func() -> string;\n", "");
    assert!(!gone.is_empty(), "a method of the host's is gone");
    let other = changed("deployment.wit", "version: func() -> string;", "version: func() -> u32;");
    assert!(!other.is_empty(), "a method answers otherwise");
    let more = changed("types.wit", "        failed(string),\n", "        failed(string),\n        busy,\n");
    assert!(!more.is_empty(), "a variant has one more case");
    let world = changed("worlds.wit", "world tag-plugin", "world tagging-plugin");
    assert!(world.contains(&"the world tag-plugin is gone".to_string()), "{world:?}");
}

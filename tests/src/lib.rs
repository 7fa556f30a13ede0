//! What the tests share: cases as they stand in files, worlds they are played in, and what came out.

use std::path::PathBuf;

pub mod case;
pub mod outcome;
pub mod play;
pub mod schema;
pub mod world;

/// The `sextant` program of this build. `SEXTANT_BIN` names another one.
///
/// # Panics
/// When it was not built: `cargo xtask test` builds it first.
pub fn sextant() -> PathBuf {
    if let Some(path) = std::env::var_os("SEXTANT_BIN") {
        return path.into();
    }
    built("sextant")
}

/// A program of this build.
///
/// # Panics
/// When it was not built.
pub fn built(name: &str) -> PathBuf {
    // A test runs as target/PROFILE/deps/NAME, programs stand two folders above.
    let test = std::env::current_exe().expect("a test knows its own path");
    let path = test.ancestors().nth(2).expect("a test stands in target/PROFILE/deps").join(name);
    assert!(path.exists(), "{} is missing: build it with `cargo build --bin {name}`", path.display());
    path
}

/// The top folder of the project.
pub fn house() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

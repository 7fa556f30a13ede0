//! What the tests share.

use std::path::PathBuf;

/// The `sextant` program of this build. `SEXTANT_BIN` names another one.
///
/// # Panics
/// When it was not built: `cargo xtask test` builds it first.
pub fn sextant() -> PathBuf {
    if let Some(path) = std::env::var_os("SEXTANT_BIN") {
        return path.into();
    }
    // A test runs as target/PROFILE/deps/NAME, the program stands two folders above.
    let test = std::env::current_exe().expect("a test knows its own path");
    let path = test.ancestors().nth(2).expect("a test stands in target/PROFILE/deps").join("sextant");
    assert!(path.exists(), "{} is missing: build it with `cargo build --bin sextant`", path.display());
    path
}

/// The top folder of the project.
pub fn house() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

// Shared by the build scripts that need plugins: cargo inside of cargo, for the guest's target.

/// What plugins are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Builds plugins, in a target directory that all build scripts and profiles share, and gives the folder that holds them.
pub fn build(house: &std::path::Path, packages: &[&str], more: &[&str]) -> std::path::PathBuf {
    let mut words = vec!["--profile", "plugin"];
    words.extend(packages.iter().flat_map(|package| ["--package", package]));
    words.extend(more);
    run(house, &words).join("plugin")
}

/// Builds a plugin that is a workspace of its own, and gives the folder that holds it.
#[allow(dead_code)] // not every build script has one
pub fn build_alone(folder: &std::path::Path) -> std::path::PathBuf {
    run(folder, &["--release"]).join("release")
}

/// Builds in a folder what the words say, and gives the folder of the target.
fn run(folder: &std::path::Path, words: &[&str]) -> std::path::PathBuf {
    // OUT_DIR is TARGET/PROFILE/build/PACKAGE/out.
    let output = std::path::PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let target = output.ancestors().nth(4).expect("OUT_DIR lies in a target directory").join("plugins");
    let cargo = std::env::var_os("CARGO").expect("cargo sets CARGO");
    let mut command = std::process::Command::new(cargo);
    command.current_dir(folder).args(["build", "--quiet", "--target", TARGET, "--target-dir"]).arg(&target).args(words);
    // Flags meant for the host's target do not fit the guest's.
    for variable in
        ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET"]
    {
        command.env_remove(variable);
    }
    let status = command.status().expect("cargo can be run");
    assert!(status.success(), "{words:?} cannot be built; is the target there? rustup target add {TARGET}");
    target.join(TARGET)
}

// Shared by the build scripts that need plugins: cargo inside of cargo, for the guest's target.

/// What plugins are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Builds plugins, in a target directory that all build scripts and profiles share, and gives the folder that holds them.
pub fn build(house: &std::path::Path, packages: &[&str], more: &[&str]) -> std::path::PathBuf {
    // OUT_DIR is TARGET/PROFILE/build/PACKAGE/out.
    let output = std::path::PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let target = output.ancestors().nth(4).expect("OUT_DIR lies in a target directory").join("plugins");
    let cargo = std::env::var_os("CARGO").expect("cargo sets CARGO");
    let mut command = std::process::Command::new(cargo);
    command
        .current_dir(house)
        .args(["build", "--quiet", "--profile", "plugin", "--target", TARGET, "--target-dir"])
        .arg(&target);
    for package in packages {
        command.args(["--package", package]);
    }
    command.args(more);
    // Flags meant for the host's target do not fit the guest's.
    for variable in
        ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET"]
    {
        command.env_remove(variable);
    }
    let status = command.status().expect("cargo can be run");
    assert!(status.success(), "{packages:?} cannot be built; is the target there? rustup target add {TARGET}");
    target.join(TARGET).join("plugin")
}

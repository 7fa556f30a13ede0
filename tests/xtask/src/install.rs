//! What the tasks need beyond the fleet's own needs, brought the first time it is missing, never silently.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs::{cargo, run_program, target_directory, tell};

/// The target that plugins are compiled for.
const PLUGIN_TARGET: &str = "wasm32-wasip2";

/// Adds the compiler target that the builtin plugins need.
pub fn plugin_target() -> anyhow::Result<()> {
    let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", PLUGIN_TARGET]).output();
    let installed = libraries.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if installed {
        return Ok(());
    }
    tell(&format!("installing the compiler target {PLUGIN_TARGET}"));
    run_program(Command::new("rustup").args(["target", "add", PLUGIN_TARGET]))
}

/// Programs that tests call, and the Debian packages that bring them.
const TEST_PROGRAMS: &[(&str, &str)] = &[
    ("buildah", "buildah"),
    ("busybox", "busybox"),
    ("docker-registry", "docker-registry"),
    ("git", "git"),
    ("htpasswd", "apache2-utils"),
    ("openssl", "openssl"),
    ("ssh", "openssh-client"),
    ("sshd", "openssh-server"),
    ("strace", "strace"),
    // What authors of plugins in Python and JavaScript have; the tests bring the rest from PyPI and npm.
    ("python3", "python3"),
    ("node", "nodejs"),
    ("npm", "npm"),
];

/// Installs what tests call besides the fleet's own programs. `must` tells whether going without is an error.
pub fn test_programs(must: bool) -> anyhow::Result<()> {
    match fleet::install_packages(TEST_PROGRAMS, &tell) {
        Err(error) if error.skip_reason().is_some() && !must => tell(&format!("some tests will be skipped: {error}")),
        installed => installed?,
    }
    python_environments(must)
}

/// Debian's Python comes without what makes environments.
fn python_environments(must: bool) -> anyhow::Result<()> {
    let there = Command::new("python3").args(["-c", "import ensurepip, venv"]).stderr(Stdio::null()).status();
    if there.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    tell("installing python3-venv");
    let installed =
        run_program(Command::new("apt-get").args(["install", "--yes", "--no-install-recommends", "python3-venv"]));
    match installed {
        Err(error) if !must => tell(&format!("some tests will be skipped: {error}")),
        installed => installed?,
    }
    Ok(())
}

/// What tests call that comes from PyPI: moto, which plays AWS for the example `ecr`, and oras, another client of registries.
const PYTHON_PACKAGES: [&str; 2] = ["moto[server,ecr]==5.2.5", "oras==0.2.43"];

/// Installs packages from PyPI into the target directory, unless they are there. `must` tells whether going without is an error.
pub fn python_packages(must: bool) -> anyhow::Result<()> {
    let folder = target_directory()?.join("pypi");
    let (installed, packages) = (folder.join("installed"), PYTHON_PACKAGES.join(" "));
    if fs::read_to_string(&installed).is_ok_and(|text| text == packages) {
        return Ok(());
    }
    tell(&format!("installing {packages}"));
    let made = run_program(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .and_then(|()| {
            run_program(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(PYTHON_PACKAGES))
        })
        .and_then(|()| Ok(fs::write(installed, &packages)?));
    match made {
        Err(error) if !must => tell(&format!("some tests will be skipped: {error:#}")),
        made => made?,
    }
    Ok(())
}

/// Installs cargo-nextest unless it is there.
pub fn nextest() -> anyhow::Result<()> {
    let there = cargo(&["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    tell("installing cargo-nextest, which takes some minutes");
    run_program(&mut cargo(&["install", "cargo-nextest", "--locked"]))
}

/// Builds Sextant as users get it, and returns the program's path.
pub fn sextant() -> anyhow::Result<PathBuf> {
    plugin_target()?;
    tell("building sextant");
    run_program(&mut cargo(&["build", "--release", "--bin", "sextant"]))?;
    Ok(target_directory()?.join("release/sextant"))
}

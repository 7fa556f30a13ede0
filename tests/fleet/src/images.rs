//! The programs that go into containers, and their images: the proxy's stand-in, the sample app, the accessory.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{command, run};
use crate::layout::{Layout, make_directory, write};
use crate::{Error, Host, Result, operator, registry};

/// The name under which hosts find the proxy.
pub const PROXY_IMAGE: &str = "basecamp/kamal-proxy:v0.9.2";
/// The accessory's image, without its registry.
const STORE_IMAGE: &str = "fleet/store:1";
/// This crate's folder: the programs' sources lie in it.
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// Returns a number that changes when the programs, their images or the hosts' boot do.
pub(crate) fn fingerprint() -> String {
    let mut hasher = DefaultHasher::new();
    let sources = Path::new(SOURCES);
    for folder in ["proxy", "proxy/src", "app", "app/src", "app/project", "src"] {
        let mut files: Vec<PathBuf> =
            fs::read_dir(sources.join(folder)).into_iter().flatten().flatten().map(|f| f.path()).collect();
        files.sort();
        files.iter().filter_map(|file| fs::read(file).ok()).for_each(|content| content.hash(&mut hasher));
    }
    format!("{:016x}", hasher.finish())
}

/// Builds both programs as static binaries, which run in an image that holds nothing else.
pub(crate) fn build_programs(layout: &Layout, progress: &dyn Fn(&str)) -> Result<()> {
    progress("building the sample app and the proxy's stand-in");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([
        "build",
        "--release",
        "--package",
        "kamal-proxy-stand-in",
        "--package",
        "sample-app",
        "--manifest-path",
    ]);
    cargo.arg(Path::new(SOURCES).join("Cargo.toml")).arg("--target-dir").arg(layout.keep("build"));
    cargo.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", "-C target-feature=+crt-static -C strip=symbols");
    run(&mut cargo).map(drop)
}

/// The sample app's program.
pub(crate) fn app_program(layout: &Layout) -> PathBuf {
    layout.keep("build/release/sample-app")
}

/// Builds the proxy's image and returns it as an archive for `docker load`.
pub(crate) fn proxy_archive(layout: &Layout) -> Result<Vec<u8>> {
    let context = layout.run("images/proxy");
    copy(&Path::new(SOURCES).join("proxy/Dockerfile"), &context.join("Dockerfile"))?;
    copy(&layout.keep("build/release/kamal-proxy"), &context.join("kamal-proxy"))?;
    let mut build = operator::docker(layout);
    run(build.args(["buildx", "build", "--quiet", "--tag", PROXY_IMAGE]).arg(&context))?;
    let archive = archive(layout);
    run(operator::docker(layout).args(["save", PROXY_IMAGE, "--output"]).arg(&archive))?;
    fs::read(&archive).map_err(Error::file("read", &archive))
}

/// Brings the proxy's image back to a host it was removed from: it cannot be pulled here.
pub(crate) fn restore_proxy(layout: &Layout, host: &Host) -> Result<()> {
    if host.exec(&format!("docker image inspect {PROXY_IMAGE}"))?.code == 0 {
        return Ok(());
    }
    let archive = archive(layout);
    load(host, &fs::read(&archive).map_err(Error::file("read", &archive))?)
}

fn archive(layout: &Layout) -> PathBuf {
    layout.run("images/proxy.tar")
}

/// Builds the accessory's image, which is the sample app under another name, and pushes it.
pub(crate) fn push_store(layout: &Layout) -> Result<()> {
    let context = layout.run("images/store");
    lay_out_app(layout, &context)?;
    write(&context.join("version.txt"), "store\n")?;
    let registry = registry::registry(layout);
    run(operator::docker(layout).args([
        "login",
        &registry.address,
        "-u",
        &registry.username,
        "-p",
        &registry.password,
    ]))?;
    let image = format!("{}/{STORE_IMAGE}", registry.address);
    let mut build = operator::docker(layout);
    run(build.args(["buildx", "build", "--quiet", "--output=type=registry", "--tag", &image]).arg(&context)).map(drop)
}

/// Puts into a directory what the sample app's image is built from, but for its version.
pub(crate) fn lay_out_app(layout: &Layout, directory: &Path) -> Result<()> {
    copy(&Path::new(SOURCES).join("app/project/Dockerfile"), &directory.join("Dockerfile"))?;
    copy(&app_program(layout), &directory.join("app"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        make_directory(parent)?;
    }
    fs::copy(from, to).map(drop).map_err(Error::file("copy", from))
}

/// Loads an image archive into a host's engine.
pub(crate) fn load(host: &Host, archive: &[u8]) -> Result<()> {
    let output = host.exec_with_input("docker load --quiet", archive)?;
    if output.code == 0 {
        return Ok(());
    }
    Err(Error::Failed { command: format!("docker load on {}", host.name), output: output.stderr })
}

/// Removes the control groups the engines made, deepest first; they outlive the processes.
pub(crate) fn remove_control_groups() {
    let line = "find /sys/fs/cgroup -depth -type d -path '*/sextant-fleet*' -exec rmdir {} + 2>/dev/null";
    let _ = run(&mut command(["sh", "-c", line]));
}

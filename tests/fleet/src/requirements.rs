//! What must be on the machine, and how it gets there: Debian packages, and buildx from the next Debian release.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::command::{command, run};
use crate::layout::{Layout, make_directory, write};
use crate::{Error, Result};

/// A program the fleet calls, and the Debian package that brings it.
const PROGRAMS: &[(&str, &str)] = &[
    ("docker-init", "tini"),
    ("docker-registry", "docker-registry"),
    ("dockerd", "docker.io"),
    ("git", "git"),
    ("htpasswd", "apache2-utils"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("nsenter", "util-linux"),
    ("openssl", "openssl"),
    ("pkill", "procps"),
    ("ssh-keygen", "openssh-client"),
    ("sshd", "openssh-server"),
];

/// Installs the packages of programs that are missing.
pub(crate) fn install_missing(progress: &dyn Fn(&str)) -> Result<()> {
    install_packages(PROGRAMS, progress)
}

/// Installs the Debian packages of those programs, given as `(program, package)`, that are not on this machine.
pub fn install_packages(programs: &[(&str, &str)], progress: &dyn Fn(&str)) -> Result<()> {
    let missing: Vec<_> = programs.iter().filter(|(program, _)| !is_installed(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    progress(&format!("installing Debian packages: {}", packages.join(" ")));
    let quiet_services = QuietServices::begin();
    let outcome = run(&mut command(["apt-get", "update", "-q"])).and_then(|_| {
        let mut install = command(["apt-get", "install", "-q", "-y", "--no-install-recommends"]);
        run(install.args(&packages).env("DEBIAN_FRONTEND", "noninteractive"))
    });
    drop(quiet_services);
    outcome.map(drop).map_err(|error| Error::Missing {
        programs: missing.iter().map(|(program, _)| *program).collect::<Vec<_>>().join(", "),
        reason: error.to_string(),
    })
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).any(|directory| directory.join(program).is_file())
}

/// While this lives, Debian starts no service it installs: the fleet starts its own, and the machine wants none.
struct QuietServices {
    policy: Option<&'static Path>,
}

impl QuietServices {
    fn begin() -> Self {
        let path = Path::new("/usr/sbin/policy-rc.d");
        let ours = File::create_new(path).is_ok()
            && fs::write(path, "#!/bin/sh\nexit 101\n").is_ok()
            && fs::set_permissions(path, fs::Permissions::from_mode(0o755)).is_ok();
        Self { policy: ours.then_some(path) }
    }
}

impl Drop for QuietServices {
    fn drop(&mut self) {
        self.policy.map(fs::remove_file);
    }
}

/// Returns the path of buildx, fetched from Debian's trixie the first time: bookworm has none. The machine's own package
/// lists are left alone.
pub(crate) fn buildx(layout: &Layout, progress: &dyn Fn(&str)) -> Result<PathBuf> {
    let directory = layout.keep("buildx");
    let binary = directory.join("docker-buildx");
    if binary.exists() {
        return Ok(binary);
    }
    progress("fetching docker-buildx from Debian trixie");
    fetch_buildx(&directory)
        .map_err(|error| Error::Missing { programs: "docker-buildx".into(), reason: error.to_string() })?;
    let installed =
        run(command(["find"]).arg(&directory).args(["-type", "f", "-name", "docker-buildx", "-size", "+1M"]))?;
    let found = installed.lines().next().unwrap_or_default();
    fs::rename(found, &binary).map_err(Error::file("install", &binary))?;
    Ok(binary)
}

fn fetch_buildx(directory: &Path) -> Result<()> {
    let lists = directory.join("lists");
    make_directory(&lists.join("partial"))?;
    let sources = directory.join("trixie.list");
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    write(&sources, format!("deb [signed-by={keyring}] http://deb.debian.org/debian trixie main\n"))?;
    let apt = || {
        let mut apt =
            command(["apt-get", "-q", "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "Dir::Cache::pkgcache=", "-o"]);
        apt.arg("Dir::Cache::srcpkgcache=").current_dir(directory);
        apt.arg("-o").arg(format!("Dir::Etc::sourcelist={}", sources.display()));
        apt.arg("-o").arg(format!("Dir::State::Lists={}", lists.display()));
        apt.args(["-o", "APT::Sandbox::User=root"]); // the fleet's directory is root's alone
        apt
    };
    run(apt().arg("update"))?;
    run(apt().args(["download", "docker-buildx"]))?;
    run(command(["sh", "-c", "dpkg -x docker-buildx_*.deb . && rm -rf docker-buildx_*.deb lists"])
        .current_dir(directory))?;
    Ok(())
}

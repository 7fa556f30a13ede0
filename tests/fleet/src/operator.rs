//! The operator's side: a home, ssh and docker configuration, and a docker engine to build with, apart from this machine's.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command::{command, run, wait_until};
use crate::daemon::Daemon;
use crate::host::host_key;
use crate::layout::{HOSTS, Layout, make_directory, write};
use crate::{Error, Result, registry};

/// The public half of the key every host lets in.
pub(crate) fn public_key(layout: &Layout) -> PathBuf {
    layout.keep("keys/operator.pub")
}

/// The private half.
pub(crate) fn private_key(layout: &Layout) -> PathBuf {
    layout.keep("keys/operator")
}

/// Environment variables under which programs act as the operator.
pub(crate) fn environment(layout: &Layout) -> Vec<(String, String)> {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    vec![
        ("DOCKER_HOST".into(), docker_host(layout)),
        ("DOCKER_CONFIG".into(), text(layout.run("operator/docker-config"))),
        ("HOME".into(), text(layout.keep("home"))),
        ("KAMAL_REGISTRY_PASSWORD".into(), registry::registry(layout).password),
    ]
}

/// A docker client on the operator's engine that leaves the operator's docker configuration alone.
pub(crate) fn docker(layout: &Layout) -> Command {
    let mut docker = Command::new("docker");
    docker.env("DOCKER_HOST", docker_host(layout)).env("DOCKER_CONFIG", layout.run("operator/fleet-docker-config"));
    docker
}

fn docker_host(layout: &Layout) -> String {
    format!("unix://{}", layout.run("operator/docker.sock").display())
}

/// Makes keys once, and the home and docker configuration afresh.
pub(crate) fn prepare(layout: &Layout, buildx: &Path) -> Result<()> {
    make_directory(&layout.keep("keys"))?;
    for key in HOSTS.map(|(name, ..)| host_key(layout, name)).into_iter().chain([private_key(layout)]) {
        if !key.exists() {
            run(command(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "sextant-fleet", "-f"]).arg(&key))?;
        }
    }
    forget_hosts(layout);
    write(&layout.keep("home/.gitconfig"), "[user]\n\tname = Fleet Operator\n\temail = operator@fleet.test\n")?;
    for configuration in ["docker-config", "fleet-docker-config"] {
        let plugins = layout.run(&format!("operator/{configuration}/cli-plugins"));
        make_directory(&plugins)?;
        let link = plugins.join("docker-buildx");
        let _ = fs::remove_file(&link);
        symlink(buildx, &link).map_err(Error::file("link", &link))?;
    }
    // Where docker looks for them, and where it does when it runs without root: that place follows the operator's home.
    registry::lay_out_trust(layout, &layout.keep("home/.config/docker/certs.d"))?;
    registry::lay_out_trust(layout, &layout.run("operator/etc-docker/certs.d"))
}

/// Other tools may have met other hosts at our addresses. OpenSSH finds its files by the password database, not by `$HOME`.
pub(crate) fn forget_hosts(layout: &Layout) {
    let of_home = layout.keep("home/.ssh/known_hosts");
    for (_, address, _) in HOSTS {
        let _ = run(&mut command(["ssh-keygen", "-R", address]));
        let _ = run(command(["ssh-keygen", "-R", address, "-f"]).arg(&of_home));
    }
}

/// Forgets registry logins on the operator's side.
pub(crate) fn forget_login(layout: &Layout) {
    let _ = fs::remove_file(layout.run("operator/docker-config/config.json"));
}

/// Starts the operator's docker engine. It only builds and pushes, so it gets no network of its own.
pub(crate) fn start(layout: &Layout) -> Result<()> {
    make_directory(Path::new("/etc/docker"))?; // what the engine's own trust is laid over, in a mount namespace
    let directory = layout.run("operator");
    let inside = "mount --bind \"$1/etc-docker\" /etc/docker && exec docker-init -- dockerd --host=\"unix://$1/docker.sock\" \
        --data-root=\"$1/docker\" --exec-root=\"$1/exec\" --pidfile=\"$1/docker.pid\" --storage-driver=overlay2 \
        --exec-opt=native.cgroupdriver=cgroupfs --cgroup-parent=/sextant-fleet/operator --bridge=none --iptables=false \
        --ip-forward=false";
    let mut engine = command(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    let daemon = daemon(layout);
    daemon.start(engine.args(["sh", "-c", inside, "operator"]).arg(&directory))?;
    let limit = Duration::from_secs(60);
    if wait_until(limit, || run(docker(layout).arg("version")).is_ok()) {
        return Ok(());
    }
    Err(Error::Silent { what: "the operator's dockerd".into(), seconds: limit.as_secs(), log: daemon.log_tail() })
}

/// The process, to look after it.
pub(crate) fn daemon(layout: &Layout) -> Daemon {
    Daemon::new(layout.run("operator/pid"), layout.run("operator/dockerd.log"))
}

//! The operator's machine: with another PATH, another docker configuration, and what its docker engine did.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use fleet::Fleet;

use crate::programs;
use crate::scene::{Scene, Version};

/// Makes a directory that holds every program of this machine's PATH except docker's, and returns it.
pub fn path_without_docker(fleet: &Fleet) -> PathBuf {
    let directory = fleet.directory().join("bin-without-docker");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("the fleet's directory can be written");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    for program in programs.filter(|program| !program.file_name().to_string_lossy().starts_with("docker")) {
        let _ = symlink(program.path(), directory.join(program.file_name())); // the first of a name wins, as in PATH
    }
    directory
}

/// Builds a version and pushes it, as somebody else may have done, and leaves no trace of it in the operator's login.
#[track_caller]
pub fn publish(scene: &Scene, version: &Version) {
    let configuration = scene.fleet.directory().join("publisher");
    let registry = scene.fleet.registry();
    let image = scene.image(&version.commit);
    let docker = |words: &[&str]| {
        let mut docker = scene.fleet.command("docker");
        docker.env("DOCKER_CONFIG", &configuration).args(words).current_dir(scene.project.path());
        programs::run(&mut docker).succeeded();
    };
    docker(&["login", &registry.address, "--username", &registry.username, "--password", &registry.password]);
    docker(&["build", "--quiet", "--label", "service=sample", "--tag", &image, "."]);
    docker(&["push", "--quiet", &image]);
}

/// Removes the operator's registry login.
pub fn forget_login(fleet: &Fleet) {
    let _ = fs::remove_file(login_file(fleet));
}

/// Everything that a login or a build would change on the operator's machine. What was pushed, the registry's log tells.
#[track_caller]
pub fn traces(fleet: &Fleet) -> BTreeSet<String> {
    let docker = |words: &[&str]| programs::run(fleet.command("docker").args(words)).succeeded().stdout;
    let login = fs::read_to_string(login_file(fleet)).unwrap_or_default();
    let images = docker(&["image", "ls", "--all", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]);
    let cache = docker(&["system", "df", "--verbose", "--format", "{{json .BuildCache}}"]);
    let cache: Vec<serde_json::Value> = serde_json::from_str(&cache).expect("docker tells its build cache in JSON");
    let used = cache.iter().map(|entry| format!("build cache {} used {}", entry["ID"], entry["LastUsedAt"]));
    let images = images.lines().map(|line| format!("image {line}"));
    used.chain(images).chain(login.lines().map(|line| format!("login {line}"))).collect()
}

fn login_file(fleet: &Fleet) -> PathBuf {
    let environment = fleet.environment();
    let directory =
        environment.iter().find(|(name, _)| name == "DOCKER_CONFIG").expect("the operator has a docker configuration");
    Path::new(&directory.1).join("config.json")
}

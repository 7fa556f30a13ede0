//! An image that is missing on one host stops the run before a container is touched on any.

use crate::operator;
use crate::programs::Run;
use crate::scene::{Scene, Version};
use crate::traces::Traces;

#[test]
fn deploy_of_a_version_that_is_not_in_the_registry_touches_nothing() {
    let Some(scene) = Scene::deployed() else { return };
    for subcommand in ["deploy", "redeploy"] {
        refused(
            &scene,
            &[subcommand, "-P", "--version", "nobody-built-this"],
            &["nobody-built-this", "10.77.0.11", "10.77.0.12"],
        );
    }
    scene.leave_as_found();
}

#[test]
fn deploy_touches_nothing_when_one_host_cannot_pull() {
    let Some(scene) = Scene::deployed() else { return };
    let version = scene.commit("half-pulled");
    operator::publish(&scene, &version);
    let apart = &scene.fleet.app_hosts()[1];
    apart.set_registry_reachable(false).unwrap();
    let asked = scene.fleet.registry_requests().unwrap().len();
    refused(&scene, &["deploy", "-P"], &[&apart.address]);
    let asked = scene.fleet.registry_requests().unwrap().split_off(asked);
    assert!(asked.iter().any(|request| request.client == "10.77.0.11"), "the other host never tried to pull");
    apart.set_registry_reachable(true).unwrap();
    scene.leave_as_found();
}

#[test]
fn app_boot_touches_nothing_when_one_host_lacks_the_image() {
    let Some(scene) = Scene::deployed() else { return };
    let (old, new) = (scene.serving.clone(), scene.commit("new"));
    scene.sextant(&["deploy"]).succeeded();
    forget_image(&scene, &old);
    refused(&scene, &["app", "boot", "--version", &old.commit], &[&old.commit, "10.77.0.12"]);
    scene.leave(&new);
}

#[test]
fn rollback_touches_nothing_when_one_host_lacks_the_image() {
    let Some(scene) = Scene::deployed() else { return };
    let (old, new) = (scene.serving.clone(), scene.commit("new"));
    scene.sextant(&["deploy"]).succeeded();
    forget_image(&scene, &old);
    refused(&scene, &["rollback", &old.commit], &[&old.commit, "10.77.0.12"]);
    scene.leave(&new);
}

/// Removes a version's image from the second app host; its containers stay.
fn forget_image(scene: &Scene, version: &Version) {
    scene.fleet.app_hosts()[1].sh(&format!("docker image rm --force {}", scene.image(&version.commit))).unwrap();
}

/// Panics unless it fails with one error that tells these texts, and leaves every container and the lock alone.
#[track_caller]
pub fn refused(scene: &Scene, words: &[&str], texts: &[&str]) -> Run {
    let traces = Traces::of(&scene.fleet);
    let run = scene.sextant(words).ended_with(1).telling(texts);
    assert_eq!(run.errors(), 1, "not one error: {}", run.stderr);
    traces.assert_untouched();
    scene.assert_no_lock();
    run
}

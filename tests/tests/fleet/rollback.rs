//! Going back to a version that is still on the hosts.

use crate::deploys::assert_all_answered;
use crate::images::refused;
use crate::scene::Scene;

#[test]
fn rollback_serves_the_previous_version_again_without_a_failed_request() {
    let Some(scene) = Scene::deployed() else { return };
    scene.commit("regretted");
    scene.sextant(&["deploy"]).succeeded();
    let load = scene.fleet.load("/version");
    scene.sextant(&["rollback", &scene.serving.commit]).succeeded();
    assert_all_answered(&load.finish());
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn rollback_to_a_version_that_no_host_has_touches_nothing() {
    let Some(scene) = Scene::deployed() else { return };
    refused(&scene, &["rollback", "never-deployed"], &["never-deployed"]);
    scene.leave_as_found();
}

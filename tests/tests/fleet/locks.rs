//! The deploy lock, as Kamal leaves and reads it.

use crate::scene::Scene;
use crate::traces::Traces;

/// What Kamal puts into the lock's `details`, before base64.
const DETAILS: &str =
    "Locked by: Somebody Else at 2026-11-22T03:00:00Z\nVersion: 1234567\nMessage: Automatic deploy lock";

#[test]
fn a_lock_that_kamal_took_stops_a_deploy_and_its_holder_is_named() {
    let Some(scene) = Scene::deployed() else { return };
    let primary = &scene.fleet.app_hosts()[0];
    let line = "mkdir -p .kamal/lock-sample && base64 > .kamal/lock-sample/details";
    primary.exec_with_input(line, DETAILS.as_bytes()).unwrap();
    let traces = Traces::of(&scene.fleet);
    for words in [
        &["deploy", "-P", "--version", &scene.serving.commit][..],
        &["app", "stop"],
        &["prune", "all"],
        &["remove", "-y"],
    ] {
        let holder = ["10.77.0.11", "Somebody Else", "2026-11-22T03:00:00Z", "1234567", "hint:"];
        scene.sextant(words).ended_with(1).telling(&holder);
    }
    traces.assert_untouched();
    scene
        .sextant(&["lock", "status"])
        .succeeded()
        .telling(&["Locked by: Somebody Else", "Message: Automatic deploy lock"]);
    scene.sextant(&["lock", "release"]).succeeded();
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn a_lock_taken_by_hand_stops_a_deploy_until_it_is_released() {
    let Some(scene) = Scene::deployed() else { return };
    scene.sextant(&["lock", "status"]).succeeded().telling(&["no deploy lock"]);
    scene.sextant(&["lock", "acquire", "--message", "moving house"]).succeeded();
    scene.sextant(&["lock", "acquire", "--message", "again"]).ended_with(1).telling(&["moving house"]);
    scene.sextant(&["lock", "status"]).succeeded().telling(&["Fleet Operator", "Message: moving house"]);
    let traces = Traces::of(&scene.fleet);
    scene.sextant(&["redeploy", "-P", "--version", &scene.serving.commit]).ended_with(1).telling(&[
        "10.77.0.11",
        "Fleet Operator",
        "moving house",
        "hint:",
    ]);
    traces.assert_untouched();
    scene.sextant(&["lock", "release"]).succeeded();
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn a_half_made_lock_blocks_nobody() {
    let Some(scene) = Scene::deployed() else { return };
    scene.fleet.app_hosts()[0].sh("mkdir -p .kamal/lock-sample").unwrap();
    scene.sextant(&["redeploy", "-P", "--version", &scene.serving.commit]).succeeded();
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    scene.leave_as_found();
}

//! Ctrl-C and SIGTERM: exit code 130, the lock free, the old version still serving.

use rustix::process::Signal;

use crate::deploys::assert_all_answered;
use crate::failures::make_unhealthy;
use crate::scene::Scene;

#[test]
fn ctrl_c_during_the_pull_leaves_the_old_version_serving() {
    interrupted(&["pull 10.77.0.1:5000/fleet/sample", "step-began"], Signal::INT);
}

#[test]
fn sigterm_during_the_boot_leaves_the_old_version_serving() {
    interrupted(&["start container sample-web-", "step-began"], Signal::TERM);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_a_container_to_become_healthy() {
    let Some(scene) = Scene::deployed() else { return };
    make_unhealthy(&scene, 60);
    scene.commit("never-well");
    let load = scene.fleet.load("/version");
    let mut deploy = scene.start_sextant(&["deploy"]);
    deploy.await_line(&["route requests to", "step-began"]);
    deploy.signal(Signal::INT);
    std::thread::sleep(std::time::Duration::from_millis(200)); // two of a kind at once would count as one
    deploy.signal(Signal::INT);
    deploy.end().ended_with(130);
    assert_all_answered(&load.finish());
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    scene.leave_as_found();
}

fn interrupted(at: &[&str], signal: Signal) {
    let Some(scene) = Scene::deployed() else { return };
    let version = scene.commit("interrupted");
    let load = scene.fleet.load("/version");
    let mut deploy = scene.start_sextant(&["deploy"]);
    deploy.await_line(at);
    deploy.signal(signal);
    deploy.end().ended_with(130).telling(&["\"message\":\"interrupted\""]);
    assert_all_answered(&load.finish());
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();

    // The same command again ends as if nothing had happened.
    scene.sextant(&["deploy"]).succeeded();
    scene.assert_serves(&version.name);
    scene.leave(&version);
}

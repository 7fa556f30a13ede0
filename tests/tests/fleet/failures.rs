//! What goes wrong outside of Sextant ends in one error that names the host, with exit code 1 and no lock left.

use std::fs;

use fleet::Host;

use crate::deploys::assert_all_answered;
use crate::images::refused;
use crate::programs;
use crate::scene::Scene;
use crate::traces::Traces;

#[test]
fn a_host_that_is_cut_off_is_named() {
    let Some(scene) = Scene::deployed() else { return };
    let cut = &scene.fleet.app_hosts()[1];
    cut.cut().unwrap();
    let run = scene.sextant(&["deploy"]).ended_with(1).telling(&["failed to reach `10.77.0.12`", "hint:"]);
    cut.restore().unwrap();
    assert_eq!(run.errors(), 1, "{}", run.stderr);
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn a_key_that_no_host_knows_is_refused_by_name() {
    let Some(scene) = Scene::deployed() else { return };
    let stranger = scene.project.path().join("stranger");
    programs::run(
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&stranger),
    )
    .succeeded();
    let known = scene.fleet.private_key();
    scene.project.replace("config/deploy.yml", &known.to_string_lossy(), &stranger.to_string_lossy()).unwrap();
    scene.commit("stranger");
    refused(&scene, &["deploy"], &["failed to log in to `10.77.0.1", "Permission denied", "ssh.keys"]);
    scene.leave_as_found();
}

#[test]
fn a_host_with_another_host_key_is_not_trusted() {
    let Some(scene) = Scene::deployed() else { return };
    let changed = &scene.fleet.app_hosts()[1];
    changed.change_host_key().unwrap();
    refused(&scene, &["deploy"], &["failed to trust `10.77.0.12`", "ssh-keygen -R 10.77.0.12"]);
    changed.restore_host_key().unwrap();
    scene.leave_as_found();
}

#[test]
fn a_host_whose_docker_engine_is_down_is_named_and_nothing_else_is_touched() {
    let Some(scene) = Scene::deployed() else { return };
    let (sound, broken) = (&scene.fleet.app_hosts()[0], &scene.fleet.app_hosts()[1]);
    broken.stop_docker().unwrap();
    let traces = Traces::of_hosts(&[sound, scene.fleet.accessory_host()]);
    let run = scene.sextant(&["deploy"]).ended_with(1).telling(&["10.77.0.12", "docker", "hint:"]);
    assert_eq!(run.errors(), 1, "{}", run.stderr);
    traces.assert_untouched();
    scene.assert_no_lock();
    assert_eq!(sound.get("/version"), Ok(scene.serving.name.clone()));
    // The hosts are left in disorder: the engine stopped its containers for good.
}

#[test]
fn a_host_without_docker_is_named_with_the_way_to_install_it() {
    let Some(scene) = Scene::deployed() else { return };
    let bare = &scene.fleet.app_hosts()[1];
    bare.set_docker_installed(false).unwrap();
    let sound = [&scene.fleet.app_hosts()[0], scene.fleet.accessory_host()];
    let traces = Traces::of_hosts(&sound);
    let run = scene.sextant(&["deploy"]).ended_with(1).telling(&["10.77.0.12", "docker", "sextant server bootstrap"]);
    assert_eq!(run.errors(), 1, "{}", run.stderr);
    traces.assert_untouched();
    bare.set_docker_installed(true).unwrap();
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn a_registry_that_refuses_the_password_is_named_and_the_password_is_not() {
    let Some(scene) = Scene::deployed() else { return };
    scene.commit("refused");
    for (words, places) in [(&["deploy"][..], &["local"][..]), (&["deploy", "-P"], &["10.77.0.11", "10.77.0.12"])] {
        let traces = Traces::of(&scene.fleet);
        let mut command = scene.sextant_command(words);
        let run = programs::run(command.env("KAMAL_REGISTRY_PASSWORD", "not-the-password")).ended_with(1);
        let run = run.telling(places).telling(&["10.77.0.1:5000", "nauthorized", "check `registry`"]);
        assert_eq!(run.errors(), 1, "{}", run.stderr);
        assert!(!run.said().contains("not-the-password"), "{}", run.said());
        traces.assert_untouched();
        scene.assert_no_lock();
    }
    scene.leave_as_found();
}

#[test]
fn an_unhealthy_version_is_undone_while_the_old_one_serves() {
    let Some(scene) = Scene::deployed() else { return };
    make_unhealthy(&scene, 3);
    let unwell = scene.commit("unwell");
    let load = scene.fleet.load("/version");
    let run = scene.sextant(&["deploy"]).ended_with(1);
    let report = load.finish();

    // Which hosts, which limit, and what the container last said.
    let last_words = format!("sample app, version {}", unwell.name);
    let run = run.telling(&["10.77.0.11", "10.77.0.12", "deploy_timeout (3s)", &last_words]);
    assert_eq!(run.errors(), 1, "{}", run.stderr);
    assert_all_answered(&report);
    for host in &report.hosts {
        assert_eq!(
            host.versions.keys().collect::<Vec<_>>(),
            [&scene.serving.name],
            "{} answered with others",
            host.address
        );
    }
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    let running = |host: &Host| host.sh("docker ps --format '{{.Names}}' --filter label=service=sample").unwrap();
    for host in scene.fleet.app_hosts() {
        assert!(!running(host).contains(&unwell.commit), "the unhealthy container still runs on {}", host.address);
    }
    scene.leave_as_found();
}

/// Makes the next version answer its health checks with 500, and the wait for it short.
pub fn make_unhealthy(scene: &Scene, seconds: u32) {
    let file = scene.project.path().join("config/deploy.yml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("    COLOUR: green\n", "    COLOUR: green\n    FAIL_HEALTH: \"1\"\n");
    fs::write(&file, format!("{text}\ndeploy_timeout: {seconds}\n")).unwrap();
}

//! The subcommands that look and those that change one thing, with what real hosts answer.

use crate::scene::Scene;

#[test]
fn looking_tells_what_really_runs_on_each_host() {
    let Some(scene) = Scene::deployed() else { return };
    let version = &scene.serving;
    let container = format!("sample-web-{}", version.commit);
    let both = ["App Host: 10.77.0.11", "App Host: 10.77.0.12"];
    let tells = |words: &[&str], texts: &[&str]| {
        scene.sextant(words).succeeded().telling(texts);
    };
    tells(&["app", "version"], &[both[0], both[1], &version.commit]);
    tells(&["app", "details"], &[both[0], both[1], &container, "Up "]);
    tells(&["app", "containers"], &[both[0], both[1], &container]);
    tells(&["app", "images"], &[both[0], both[1], &version.commit, "latest"]);
    tells(&["app", "logs", "--lines", "5"], &[both[0], both[1], &version.name]);
    tells(&["app", "logs", "--grep", "nothing like this"], &["Nothing found"]);
    tells(&["accessory", "details", "store"], &["10.77.0.13", "sample-store", "Up "]);
    tells(&["accessory", "details", "all"], &["10.77.0.13", "sample-store"]);
    tells(&["proxy", "details"], &["10.77.0.11", "10.77.0.12", "kamal-proxy", "Up "]);
    let one = scene.sextant(&["app", "version", "--hosts", "10.77.0.12"]).succeeded();
    assert!(one.stdout.contains("10.77.0.12") && !one.stdout.contains("10.77.0.11"), "{}", one.stdout);
    scene.leave_as_found();
}

#[test]
fn exec_runs_a_command_in_the_running_container_or_a_new_one() {
    let Some(scene) = Scene::deployed() else { return };
    // The image holds one program: it serves on another port until somebody ends it.
    let listens = "listens on port 8123";
    for words in [&["app", "exec", "--reuse", "/no-such-program"][..], &["app", "exec", "/no-such-program"]] {
        scene.sextant(words).ended_with(1).telling(&["10.77.0.11", "10.77.0.12", "no-such-program"]);
    }
    let mut exec = scene.sextant_command(&["app", "exec", "--env", "PORT:8123", "--detach", "/app"]);
    crate::programs::run(&mut exec).succeeded();
    for host in scene.fleet.app_hosts() {
        let name = host.sh("docker ps --format '{{.Names}}' --filter name=sample-web-exec-").unwrap();
        assert!(name.starts_with("sample-web-exec-"), "no new container on {}: {name}", host.address);
        assert!(
            host.sh(&format!("docker logs {name}")).unwrap().contains(listens),
            "{} does other things",
            host.address
        );
        host.sh(&format!("docker rm --force {name}")).unwrap();
    }
    scene.leave_as_found();
}

#[test]
fn stop_and_start_take_the_app_away_and_bring_it_back() {
    let Some(scene) = Scene::deployed() else { return };
    scene.sextant(&["app", "stop"]).succeeded();
    for host in scene.fleet.app_hosts() {
        assert!(host.get("/version").is_err(), "{} still serves", host.address);
        assert_eq!(host.sh("docker ps --quiet --filter label=service=sample").unwrap(), "", "on {}", host.address);
    }
    scene.sextant(&["app", "start", "--version", &scene.serving.commit]).succeeded();
    scene.assert_serves(&scene.serving.name);
    scene.sextant(&["app", "boot"]).succeeded();
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn proxy_reboot_leaves_a_new_proxy_that_serves_the_app() {
    let Some(scene) = Scene::deployed() else { return };
    let proxies = || -> Vec<String> {
        let id = |host: &fleet::Host| host.sh("docker ps --quiet --no-trunc --filter name=^kamal-proxy$").unwrap();
        scene.fleet.app_hosts().iter().map(id).collect()
    };
    for words in [&["proxy", "reboot", "-y"][..], &["proxy", "reboot", "-y", "--rolling"]] {
        let before = proxies();
        scene.sextant(words).succeeded();
        let after = proxies();
        assert!(after.iter().all(|id| !id.is_empty() && !before.contains(id)), "{before:?} became {after:?}");
        scene.assert_serves(&scene.serving.name);
    }
    scene.sextant(&["proxy", "boot"]).succeeded();
    scene.sextant(&["proxy", "remove"]).ended_with(1).telling(&["--force"]);
    scene.assert_serves(&scene.serving.name);
    scene.assert_no_lock();
    scene.leave_as_found();
}

#[test]
fn an_accessory_can_be_removed_and_booted() {
    let Some(scene) = Scene::deployed() else { return };
    let host = scene.fleet.accessory_host();
    let containers = || host.sh("docker ps --all --format '{{.Names}} {{.State}}'").unwrap();
    scene.sextant(&["accessory", "remove", "store", "-y"]).succeeded();
    assert_eq!(containers(), "");
    scene.sextant(&["accessory", "boot", "store"]).succeeded();
    assert_eq!(containers(), "sample-store running");
    scene.sextant(&["accessory", "boot", "warehouse"]).ended_with(1).telling(&["warehouse", "store"]);
    scene.assert_no_lock();
    scene.leave_as_found();
}

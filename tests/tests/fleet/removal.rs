//! Taking everything off the hosts again.

use crate::scene::Scene;

#[test]
fn app_remove_takes_the_app_and_leaves_proxy_and_accessory() {
    let Some(scene) = Scene::deployed() else { return };
    scene.sextant(&["app", "remove"]).succeeded();
    for host in scene.fleet.app_hosts() {
        assert_eq!(host.sh("docker ps --all --format '{{.Names}}'").unwrap(), "kamal-proxy", "on {}", host.address);
        assert_eq!(host.sh("ls .kamal/apps").unwrap(), "", "on {}", host.address);
    }
    assert_eq!(scene.fleet.accessory_host().sh("docker ps --format '{{.Names}}'").unwrap(), "sample-store");
    scene.assert_no_lock();
}

#[test]
fn remove_leaves_no_container_image_or_login_of_the_app() {
    let Some(scene) = Scene::deployed() else { return };
    scene.sextant(&["remove", "-y"]).succeeded();
    for host in scene.fleet.hosts() {
        assert_eq!(host.sh("docker ps --all --format '{{.Names}}'").unwrap(), "", "containers on {}", host.address);
        let images = host.sh("docker images --all --format '{{.Repository}}'").unwrap();
        assert!(!images.contains("fleet/"), "images on {}: {images}", host.address);
        let login = host.exec("cat ~/.docker/config.json").unwrap().stdout;
        assert!(!login.contains(&scene.fleet.registry().address), "{} is still logged in", host.address);
    }
    scene.assert_no_lock();
}
